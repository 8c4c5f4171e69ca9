"""What a bank's page tells before buying: its parts, its exam, its rules, its related banks."""

import pytest
from django.db import IntegrityError
from django.urls import reverse

from catalog.indexing.banks import count_questions
from catalog.listing.bank_page import Part, about_bank, related_banks
from catalog.models import Category
from questions.items import Text, TrueFalse
from questions.services import store_items

pytestmark = pytest.mark.django_db


@pytest.fixture
def read(client):
    """The words of a bank's page, with single blanks between them."""

    def read(slug="git"):
        return " ".join(client.get(reverse("catalog:detail", args=[slug])).text.split())

    return read


def add(test_bank, item, *, position, is_asked=True):
    [version] = store_items(items=[item])
    test_bank.bank_questions.create(question=version.question, position=position, is_asked=is_asked)


def test_contents_are_counted_by_domain_and_by_kind(test_bank):
    add(test_bank, TrueFalse(stem=Text(source="True?"), is_true=True), position=6)
    unasked = TrueFalse(stem=Text(source="Stored?"), is_true=True, domain="Stored")
    add(test_bank, unasked, position=7, is_asked=False)
    count_questions(test_bank=test_bank)
    about = about_bank(test_bank)
    assert about.domains == [Part("Odd", 3, 50), Part("Even", 2, 33), Part("", 1, 17)]
    assert about.kinds == [("Single choice", 5), ("True or false", 1)]
    assert (test_bank.question_count, test_bank.sample_count) == (6, 3)


def test_contents_without_any_domain_are_kinds_alone(make_bank):
    bank = make_bank("plain", questions=0)
    add(bank, TrueFalse(stem=Text(source="True?"), is_true=True), position=1)
    count_questions(test_bank=bank)
    about = about_bank(bank)
    assert (about.domains, about.kinds) == ([], [("True or false", 1)])


def test_page_tells_kinds_and_domains_in_figures(read, test_bank):
    text = read()
    assert 'Single choice · <span class="figures">5</span>' in text
    assert "60% · 3 questions" in text


def test_page_tells_the_exam_and_its_pass_mark(read, make_bank):
    make_bank("exam", exam="Foundation <2>", pass_percent=65)
    text = read("exam")
    assert "<bdi>Foundation &lt;2&gt;</bdi>" in text
    assert "<dt>Pass mark</dt> <dd>65%</dd>" in text


def test_page_without_an_exam_leaves_it_out(read, test_bank):
    text = read()
    assert "<dt>Exam</dt>" not in text
    assert "Pass mark" not in text


@pytest.mark.parametrize("percent", [0, 101])
def test_pass_mark_is_a_per_cent(make_bank, percent):
    with pytest.raises(IntegrityError, match="catalog_test_bank_pass_percent_range"):
        make_bank("off", pass_percent=percent)


@pytest.mark.parametrize(
    ("days", "rule"),
    [
        (0, "No refunds, except where required by law"),
        (1, "1-day money-back guarantee"),
        (14, "14-day money-back guarantee"),
    ],
)
def test_page_tells_the_refund_rule(read, test_bank, settings, days, rule):
    settings.REFUND_DAYS = days
    settings.SUPPORT_EMAIL = "help@example.org"
    assert f"<dt>Refund policy</dt> <dd> {rule} </dd>" in read()


def test_page_promises_no_refund_without_a_contact_address(read, test_bank, settings):
    settings.REFUND_DAYS = 14
    settings.SUPPORT_EMAIL = ""
    rule = "No refunds, except where required by law"
    assert f"<dt>Refund policy</dt> <dd> {rule} </dd>" in read()


def test_free_bank_has_no_refund_rule(read, make_bank, settings):
    settings.REFUND_DAYS = 14
    settings.SUPPORT_EMAIL = "help@example.org"
    make_bank("free", price_minor=0)
    assert "money-back" not in read("free")


@pytest.mark.parametrize(
    ("days", "length"),
    [
        (None, "Lifetime access"),
        (1, "1 day of access,"),
        (30, "30 days of access,"),
        (365, "1 year of access,"),
        (730, "2 years of access,"),
    ],
)
def test_page_tells_the_length_of_access(read, make_bank, days, length):
    make_bank("timed", access_days=days)
    assert f"<dt>Access</dt> <dd>{length}" in read("timed")


@pytest.mark.parametrize(
    ("days", "length"),
    [(None, "Lifetime access"), (30, "30-day access"), (365, "1-year access")],
)
def test_length_of_access_begins_a_line_below_the_price(read, make_bank, days, length):
    make_bank("timed", access_days=days)
    assert f'<span class="price-note">{length} </span>' in read("timed")


def test_related_banks_follow_by_title_and_begin_again(make_bank):
    banks = {title: make_bank(title.lower(), title=title) for title in "ABCDE"}
    assert [bank.title for bank in related_banks(banks["A"])] == ["B", "C", "D"]
    assert [bank.title for bank in related_banks(banks["D"])] == ["E", "A", "B"]


def test_related_banks_are_on_sale(make_bank):
    bank = make_bank("a")
    make_bank("b", status="draft")
    make_bank("c", status="withdrawn", category=Category.objects.create(slug="x", title="X"))
    assert related_banks(bank) == []


def test_banks_of_another_category_are_related_by_their_exam_only(make_bank):
    other = Category.objects.create(slug="other", title="Other")
    bank = make_bank("a", exam="Day Skipper")
    make_bank("b")
    make_bank("elsewhere", category=other)
    make_bank("same-exam", title="Z", category=other, exam="Day Skipper")
    assert [bank.slug for bank in related_banks(bank)] == ["same-exam", "b"]


def test_banks_without_an_exam_are_not_related_by_it(make_bank):
    make_bank("elsewhere", category=Category.objects.create(slug="other", title="Other"))
    assert related_banks(make_bank("a")) == []


def test_related_banks_of_the_same_name_meet_once(make_bank):
    first, second = make_bank("one", title="Same"), make_bank("two", title="Same")
    assert (related_banks(first), related_banks(second)) == ([second], [first])
