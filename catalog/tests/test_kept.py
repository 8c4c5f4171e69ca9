"""Kept pages: the same page for everybody it is meant for, and for nobody else."""

import re

import pytest
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.utils import translation
from django.utils.safestring import SafeString

from catalog import kept
from catalog.kept import PAGES, filled_parts, kept_page
from catalog.models import BankQuestion, TestBank
from catalog.shelving import shelve
from conftest import NOON

DETAIL = "/banks/git/"
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@pytest.fixture
def written(monkeypatch):
    """How many pages were written anew."""
    count = []
    put = PAGES.put

    def counted(key, page):
        count.append(key)
        put(key, page)

    monkeypatch.setattr(PAGES, "put", counted)
    return count


def test_a_page_is_written_once_for_all_visitors(test_bank, written):
    first, second = Client().get(DETAIL), Client().get(DETAIL)
    assert len(written) == 1
    assert TOKEN.sub("", first.text) == TOKEN.sub("", second.text)
    assert first.headers.keys() == second.headers.keys()


def test_each_visitor_has_a_token_of_their_own_that_works(test_bank):
    visitors = [Client(enforce_csrf_checks=True) for _ in range(3)]
    tokens = [TOKEN.findall(visitor.get(DETAIL).text)[0] for visitor in visitors]
    assert len(set(tokens)) == 3
    for visitor, token in zip(visitors, tokens, strict=True):
        given = {"csrfmiddlewaretoken": token}
        assert visitor.post("/payments/checkout/git/", given).status_code == 303
    assert visitors[0].post("/payments/checkout/git/", {}).status_code == 403


def test_whoever_is_signed_in_neither_gets_nor_leaves_a_kept_page(test_bank, owner, written):
    signed_in = Client()
    signed_in.force_login(owner)
    assert owner.email in signed_in.get(DETAIL).text
    assert written == []
    assert owner.email not in Client().get(DETAIL).text
    assert owner.email in signed_in.get(DETAIL).text


def test_a_waiting_message_is_shown_and_not_kept(test_bank, written):
    visitor = Client()
    visitor.cookies["messages"] = "x"
    visitor.get(DETAIL)
    assert written == []


@pytest.mark.parametrize(
    "change",
    [
        {"price_minor": 2900},
        {"title": "Another title"},
        {"summary": "Another summary"},
        {"access_days": 7},
    ],
)
def test_a_change_is_seen_at_once(test_bank, change):
    pages = [Client().get(path).text for path in (DETAIL, "/banks/", "/")]
    TestBank.objects.filter(slug="git").update(**change)
    after = [Client().get(path).text for path in (DETAIL, "/banks/", "/")]
    for old, new in zip(pages, after, strict=True):
        assert TOKEN.sub("", old) != TOKEN.sub("", new)


def test_a_question_that_is_added_is_counted_at_once(test_bank):
    assert "5 questions" in Client().get(DETAIL).text
    BankQuestion.objects.filter(position=5).delete()
    assert "4 questions" in Client().get(DETAIL).text


def test_a_withdrawn_bank_is_gone_at_once(test_bank):
    assert Client().get(DETAIL).status_code == 200
    TestBank.objects.update(status="withdrawn")
    assert Client().get(DETAIL).status_code == 404
    assert "Bank git" not in Client().get("/banks/").text


def test_hosts_and_languages_have_pages_of_their_own(test_bank, written, settings):
    settings.ALLOWED_HOSTS = ["*"]
    for host in ("one.example", "other.example"):
        Client().get(DETAIL, headers={"host": host})
    with translation.override("de"):
        kept_page(RequestFactory().get(DETAIL), 1, lambda: HttpResponse(b"de"))
    kept_page(RequestFactory().get(DETAIL), 1, lambda: HttpResponse(b"en"))
    assert len(written) == 4


def test_what_rooms_above_tell_is_asked_anew(test_bank, monkeypatch):
    down = [False]
    monkeypatch.setattr(kept, "varying", [lambda: down[0]])
    request = RequestFactory().get("/x/")
    pages = iter((b"up", b"down"))

    def page():
        return kept_page(request, 1, lambda: HttpResponse(next(pages))).content

    assert page() == page() == b"up"
    down[0] = True
    assert page() == page() == b"down"


@pytest.mark.parametrize("status", [302, 404, 500])
def test_only_pages_that_are_whole_are_kept(written, status):
    request = RequestFactory().get("/x/")
    assert kept_page(request, 1, lambda: HttpResponse(status=status)).status_code == status
    assert written == []


def test_nothing_is_kept_while_templates_change(test_bank, written, settings):
    settings.DEBUG = True
    Client().get(DETAIL)
    assert written == []


def test_old_pages_and_too_many_pages_go(monkeypatch):
    request = RequestFactory().get("/x/")
    monkeypatch.setattr(kept, "MOST_PAGES", 3)
    for number in range(5):
        kept_page(request, number, lambda: HttpResponse(b"old"))
    assert kept_page(request, 4, lambda: HttpResponse(b"new")).content == b"old"
    assert kept_page(request, 1, lambda: HttpResponse(b"new")).content == b"new"
    monkeypatch.setattr(kept, "SECONDS", -1)
    assert kept_page(request, 4, lambda: HttpResponse(b"newer")).content == b"newer"


SEARCHES = [
    "/search/?q=git",
    "/search/?q=git+&amp;<b>100%25</b>&n=1",
    "/search/?q=git+vesrion&page=1",
    "/search/?q=Git blank-typed-blank",
]


@pytest.fixture
def searched(test_bank):
    """The bank, with odd texts, as search knows it."""
    test_bank.title, test_bank.summary = "Git & <b>100 %</b> blank-price-blank version", ""
    test_bank.save(update_fields=["title", "summary"])
    shelve(test_bank=test_bank, at=NOON)


@pytest.mark.parametrize("address", SEARCHES)
def test_a_filled_page_reads_like_one_that_is_written(searched, written, settings, address):
    Client().get("/search/?q=other+git")
    filled = Client().get(address)
    settings.DEBUG = True
    assert TOKEN.sub("", filled.text) == TOKEN.sub("", Client().get(address).text)
    assert "Git &amp; &lt;b&gt;100" in filled.text.replace("<mark>", "").replace("</mark>", "")


def test_a_page_with_blanks_is_written_once_for_all_that_is_typed(searched, written):
    texts = [Client().get(f"/search/?q=git+{word}").text for word in ("one", "two")]
    assert len(written) == 2  # the page, and a bank on it
    assert "one" not in re.sub(r"<[^>]+>", " ", texts[1]).split()


def test_a_page_with_blanks_has_no_persons_address_and_gives_strangers_no_cookie(searched, owner):
    signed_in = Client()
    signed_in.force_login(owner)
    assert owner.email in signed_in.get(SEARCHES[0]).text
    visitor = Client(enforce_csrf_checks=True)
    page = visitor.get(SEARCHES[0])
    assert owner.email not in page.text
    assert not TOKEN.search(page.text)
    assert not page.cookies
    assert visitor.post("/language/", {"language": "de"}).status_code == 302
    assert "Suche" in visitor.get(SEARCHES[0]).text


def test_a_page_with_blanks_may_hold_no_token(searched, monkeypatch):
    form = HttpResponse('<input name="csrfmiddlewaretoken" value="of-one-visitor">')
    monkeypatch.setattr("catalog.kept.render", lambda *_arguments: form)
    with pytest.raises(ValueError, match=r"catalog/search\.html holds a CSRF token"):
        Client().get(SEARCHES[0])


@pytest.mark.parametrize(
    "category",
    [
        pytest.param(("A & B", "<i>", "c"), id="all to be escaped"),
        pytest.param(("A & B", SafeString("<i>"), "c"), id="one safe already"),
        pytest.param(("A & B", "<i>\0<b>", "c"), id="what stands between texts"),
        pytest.param((SafeString("A"), SafeString("<i>"), SafeString("c")), id="all safe"),
    ],
)
def test_parts_are_escaped_together_as_each_by_itself(category):
    names = ("slug", "title", "excerpt", "category", "price")
    rows = [
        (f"bank-{number}", f"<{number}>", "" if number == 1 else "%s & more", one, "1 €" * number)
        for number, one in enumerate(category)
    ]
    together = filled_parts("catalog/_hit.html", names, rows)
    apart = [
        render_to_string("catalog/_hit.html", dict(zip(names, row, strict=True))) for row in rows
    ]
    assert together == "".join(apart)
    assert "%s &amp; more" in together
    assert filled_parts("catalog/_hit.html", names, []) == ""


@pytest.mark.parametrize("path", ["/", "/banks/", "/categories/software/", *SEARCHES])
def test_pages_to_look_through_give_strangers_no_cookie(searched, path):
    for _time in range(2):
        page = Client().get(path)
        assert page.status_code == 200
        assert not page.cookies
