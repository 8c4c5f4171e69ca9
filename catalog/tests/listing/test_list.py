"""The first page, the list with its filters, orders and pages, and the categories."""

import re
from datetime import timedelta
from html import unescape
from itertools import product

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from catalog.indexing.banks import reindex_bank, reindex_changed_banks
from catalog.listing.facets import facets
from catalog.listing.filters import SORTS, Filters, banks_on_sale
from catalog.listing.pagination import Cursor, RowBeyond
from catalog.models import BankKind, Category, TestBank
from catalog.services import put_on_sale, withdraw
from conftest import NOON

pytestmark = pytest.mark.pages

LIST = "/banks/"


@pytest.fixture
def many(category):
    """60 banks; ages, titles and prices in three different orders, with repeats."""
    TestBank.objects.bulk_create(
        TestBank(
            slug=f"b{number}",
            title=f"Bank {number * 7 % 20:02}",
            category=category,
            price_minor=number * 11 % 5 * 500,
            currency=("EUR", "USD")[number % 2],
            status="published",
            created_at=NOON + timedelta(hours=number % 9),
            rating=number % 7 * 50,
            learner_count=number % 11,
        )
        for number in range(60)
    )
    return list(TestBank.objects.all())


def slugs(response):
    return re.findall(r'bank-card__title"><a href="/banks/([^/]+)/"', response.text)


def link(response, rel):
    found = re.search(rf'<a href="([^"]+)" rel="{rel}"', response.text)
    return unescape(found[1]) if found else None


def walk(client, address, rel):
    """The banks of each page from an address on, and the last page's address."""
    pages = []
    while address:
        response = client.get(address)
        pages.append(slugs(response))
        last, address = address, link(response, rel)
    return pages, last


@pytest.mark.parametrize(
    ("sort", "key"),
    [
        ("", lambda bank: (-bank.created_at.timestamp(), -bank.pk)),
        ("title", lambda bank: (bank.title, bank.pk)),
        ("rating", lambda bank: (-bank.rating, -bank.review_count, -bank.pk)),
        ("popular", lambda bank: (-bank.learner_count, -bank.pk)),
        ("price", lambda bank: (bank.currency, bank.price_minor, bank.pk)),
    ],
)
def test_pages_show_each_bank_once_in_order_forward_and_back(client, many, sort, key):
    wanted = [bank.slug for bank in sorted(many, key=key)]
    forward, last = walk(client, f"{LIST}?sort={sort}", "next")
    assert [slug for page in forward for slug in page] == wanted
    assert [len(page) for page in forward] == [24, 24, 12]
    back, first = walk(client, last, "prev")
    assert back == forward[::-1]
    assert '<span aria-current="page">1</span>' in client.get(first).text


def test_a_page_keeps_its_place_while_banks_are_put_on_sale(client, many, make_bank):
    first = client.get(f"{LIST}?sort=title")
    make_bank("early", title="Aaa")
    second = client.get(link(first, "next"))
    assert not set(slugs(first)) & set(slugs(second))
    assert "early" not in slugs(second)


def test_a_place_that_is_none_shows_the_first_page(client, many):
    places = ("x", "99", "W10", "=", "é", "%00", "WzEsIngiLCJ5Il0", "WzEse10", "W251bGwsbnVsbF0")
    for sort in ("", "title", "price"):
        first = slugs(client.get(LIST, {"sort": sort}))
        for place, name in product((*places, "A" * 5000), ("after", "before")):
            response = client.get(LIST, {"sort": sort, name: place})
            assert (response.status_code, slugs(response)) == (200, first)


@pytest.mark.parametrize("number", [10**30, -1, 0])
def test_a_place_with_an_impossible_number_shows_the_first_page(client, many, number):
    place = Cursor(1, ("Bank 03", number)).encode()
    assert slugs(client.get(LIST, {"sort": "title", "after": place}))[0] == "b0"


@pytest.mark.parametrize("filters", [{}, {"language": "en"}])
def test_beyond_the_last_page_a_way_back_is_shown(client, many, filters):
    place = Cursor(4, ("ZZZ", 1)).encode()
    query = {**filters, "sort": "title"}
    response = client.get(LIST, {**query, "after": place})
    assert response.status_code == 200
    assert "No test banks on this page" in response.text
    assert "60 test banks" in response.text
    assert "match your filters" not in response.text
    way_back = re.search(r'href="([^"]*)"[^>]*>Go to the first page<', response.text)
    assert way_back
    assert slugs(client.get(unescape(way_back[1]))) == slugs(client.get(LIST, query))


@pytest.mark.parametrize(("price", "expected"), [("5", {"a", "d"}), ("19.99", {"a", "b", "d"})])
@pytest.mark.parametrize("written", [str, lambda price: price.replace(".", ",")])
def test_a_price_is_compared_within_its_currency_and_free_is_within_any(
    client, make_bank, price, expected, written
):
    make_bank("a", price_minor=500)
    make_bank("b", price_minor=1999)
    make_bank("c", price_minor=300, currency="EUR")
    make_bank("d", price_minor=0, currency="EUR")
    response = client.get(LIST, {"up_to": written(price), "currency": "USD"})
    assert set(slugs(response)) == expected


@pytest.mark.parametrize("price", ["cheap", "-1", "1e99", "NaN", "Infinity", "٣", "1 000 000 000"])
def test_what_is_no_price_is_told_and_hides_nothing(client, test_bank, price):
    response = client.get(LIST, {"up_to": price})
    assert slugs(response) == ["git"]
    assert "Enter a price as a number, such as 20 or 19.99." in response.text
    assert '<details class="filters__fold" open>' in response.text


def test_filters_narrow_by_category_language_difficulty_kind_and_price(client, make_bank):
    other = Category.objects.create(slug="law", title="Law")
    make_bank("plain")
    bank = make_bank("other", language="de", category=other, price_minor=0)
    TestBank.objects.filter(pk=bank.pk).update(difficulty="hard")
    BankKind.objects.create(test_bank=bank, kind="numeric", count=2)
    for query in ("category=law", "language=de", "difficulty=hard", "kind=numeric", "free=1"):
        assert slugs(client.get(f"{LIST}?{query}")) == ["other"], query
    whole = "category=law&language=de&difficulty=hard&kind=numeric&free=1"
    response = client.get(f"{LIST}?{whole}")
    assert slugs(response) == ["other"]
    assert (
        f"{LIST}?category=law&amp;language=de&amp;difficulty=hard&amp;kind=numeric" in response.text
    )
    assert slugs(client.get(f"{LIST}?difficulty=odd&kind=no&sort=x&free=yes")) == ["other", "plain"]


def test_a_filter_that_lets_nothing_through_offers_the_way_back(client, test_bank):
    response = client.get(f"{LIST}?category=nowhere")
    assert "No test banks match your filters" in response.text
    assert "0 test banks" in response.text
    assert "Remove this filter:" in response.text


def test_what_was_chosen_stays_chosen(client, test_bank):
    text = client.get(f"{LIST}?difficulty=hard&free=1&up_to=20&sort=price").text
    assert '<option value="hard" selected>' in text
    assert 'name="free" value="1" checked' in text
    assert 'value="20"' in text
    assert '<option value="price" selected>' in text


def test_a_narrow_list_keeps_its_filters_from_page_to_page(client, many):
    first = client.get(f"{LIST}?sort=title&currency=EUR")
    second = client.get(link(first, "next"))
    shown = slugs(first) + slugs(second)
    assert set(shown) == {bank.slug for bank in many if bank.currency == "EUR"}
    assert len(shown) == 30


def test_counts_stop_where_nobody_reads_on(client, category):
    TestBank.objects.bulk_create(
        TestBank(slug=f"x{n}", title="X", category=category, price_minor=0, status="published")
        for n in range(241)
    )
    assert "More than 240 test banks" in client.get(LIST).text


# The generation, the facets, and the page; a longer list is counted too.
LIST_STATEMENTS = 3


@pytest.mark.parametrize(
    ("banks", "statements"),
    [(1, LIST_STATEMENTS), (3, LIST_STATEMENTS), (30, LIST_STATEMENTS + 1)],
)
def test_the_list_costs_the_same_for_one_and_three_banks(
    client, make_bank, django_assert_num_queries, uncached, banks, statements
):
    for number in range(banks):
        make_bank(f"bank-{number}", questions=1)
    with django_assert_num_queries(statements):
        client.get(LIST)
    with django_assert_num_queries(statements - 1):
        client.get(LIST)


@pytest.mark.parametrize("banks", [1, 3])
def test_the_first_page_costs_the_same_for_one_and_three_banks(
    client, make_bank, django_assert_num_queries, uncached, banks
):
    for number in range(banks):
        make_bank(f"bank-{number}")
    with django_assert_num_queries(4):
        client.get("/")


@pytest.mark.parametrize("sort", ["newest", "rating", "popular", "title", "price"])
def test_a_late_page_is_read_from_its_place_on(many, sort):
    """The plan begins inside an index; it neither sorts nor counts up to the place."""
    order = SORTS[sort][1]
    last = TestBank.objects.published().order_by(*order).last()
    values = tuple(getattr(last, name.lstrip("-")) for name in order)
    banks = banks_on_sale(Filters(), currencies=["USD"]).order_by(*order)
    plan = banks.filter(RowBeyond(order, Cursor(9, values)))[:25].explain()
    if connection.vendor == "sqlite":
        assert "USING INDEX catalog_bank_by_" in plan
        assert "TEMP B-TREE" not in plan
        # Both the status and the place narrow what is read.
        assert re.search(
            r"status=\? AND \(?(created_at|title|currency|rating|learner_count)", plan
        ), plan
    else:
        assert "OFFSET" not in plan


def test_the_first_page_shows_featured_banks_or_else_the_newest(client, make_bank, uncached):
    make_bank("old", created_at=NOON)
    make_bank("new", created_at=timezone.now())
    assert slugs(client.get("/")) == ["new", "old"]
    TestBank.objects.filter(slug="old").update(is_featured=True)
    assert slugs(client.get("/")) == ["old"]


def test_the_first_page_leads_to_a_question_at_once(client, test_bank, make_bank, uncached):
    assert 'href="/banks/git/sample/1/">Or try a question from' in client.get("/").text
    make_bank("newer", title="Newer", questions=0)
    assert "Or try a question from" not in client.get("/").text


def test_a_draft_is_on_no_page_of_the_front(client, make_bank, category):
    make_bank("secret", title="Secret bank", status="draft", is_featured=True)
    for address in ("/", LIST, "/search/?q=secret"):
        assert "Secret bank" not in client.get(address).text
    assert client.get(reverse("catalog:category", args=[category.slug])).status_code == 404


def test_a_category_has_a_page_of_its_own(client, test_bank, category, make_bank):
    Category.objects.filter(pk=category.pk).update(description="Tools of the trade")
    make_bank("contract", category=Category.objects.create(slug="law", title="Law"))
    response = client.get("/categories/software/")
    assert slugs(response) == ["git"]
    assert "Tools of the trade" in response.text
    assert client.get("/categories/nothing/").status_code == 404


def test_a_price_is_named_as_the_reader_writes_it(client, make_bank):
    make_bank("yen", currency="JPY")
    for accepted, words in (("en", "Up to ¥20"), ("de", "Bis 20 ¥")):
        page = client.get(f"{LIST}?up_to=20", headers={"accept-language": accepted})
        assert words in page.text.replace("\N{NO-BREAK SPACE}", " ")


def test_a_category_is_narrowed_like_the_whole_list(client, test_bank, category, make_bank):
    make_bank("free", price_minor=0, category=category)
    address = reverse("catalog:category", args=[category.slug])
    response = client.get(f"{address}?free=1&sort=price")
    assert slugs(response) == ["free"]
    assert f'class="chip" href="{address}?sort=price"' in response.text
    assert 'name="category"' not in response.text
    emptied = client.get(f"{address}?difficulty=hard&category=elsewhere")
    assert "Show all test banks in this category" in emptied.text
    assert f'class="chip" href="{address}"' in emptied.text


def test_facets_follow_what_is_put_on_sale_and_withdrawn(make_bank, commit):
    bank = make_bank("git", status="draft")
    assert facets().categories == ()
    commit(lambda: put_on_sale(test_bank=bank, at=NOON))
    assert [(one.slug, one.count) for one in facets().categories] == [("software", 1)]
    commit(lambda: withdraw(test_bank=bank, at=NOON))
    assert facets().categories == ()


def test_reindexing_counts_kinds_and_names_the_prevailing_difficulty(test_bank):
    reindex_bank(test_bank=test_bank, at=NOON)
    reindex_bank(test_bank=test_bank, at=NOON)
    assert list(test_bank.kinds.values_list("kind", "count")) == [("single_choice", 5)]
    test_bank.refresh_from_db()
    named = {
        version.question.current.difficulty
        for version in test_bank.bank_questions.select_related("question__current")
    }
    assert {test_bank.difficulty} == named


def test_the_sweep_reindexes_banks_that_changed_without_it(test_bank):
    assert reindex_changed_banks(at=timezone.now()) == 1
    assert reindex_changed_banks(at=timezone.now()) == 0
    TestBank.objects.filter(pk=test_bank.pk).update(title="New", updated_at=timezone.now())
    assert reindex_changed_banks(at=timezone.now()) == 1
