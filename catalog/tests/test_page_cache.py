"""The page cache: the same page for all visitors without a session, and for nobody else."""

import re
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import resolve, set_script_prefix
from django.utils import timezone, translation

from catalog import page_cache
from catalog.indexing.banks import reindex_bank
from catalog.page_cache import cache_anonymous_page
from catalog.reviews import hide_review, reply_to_review, write_review
from catalog.services import put_on_sale, withdraw
from catalog.services.changes import record_change
from conftest import NOON
from testing.addresses import addresses

DETAIL = "/banks/git/"
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@pytest.fixture
def view():
    """A cached view that counts how often it is called, and says so."""
    calls = []

    @cache_anonymous_page
    def view(request, status=200):
        calls.append(request)
        return HttpResponse(f"call {len(calls)}", status=status)

    return view


def get(view, path="/x/", *, cookies=None, **environ):
    request = RequestFactory().get(path, **environ)
    request.COOKIES.update(cookies or {})
    return view(request).content.decode()


@pytest.mark.django_db
def test_a_page_is_rendered_once_for_all_visitors(view):
    assert [get(view), get(view), get(view)] == ["call 1"] * 3


def test_a_cached_page_costs_one_statement(test_bank):
    Client().get(DETAIL)
    with CaptureQueriesContext(connection) as statements:
        Client().get(DETAIL)
    assert len(statements) == 1


def test_a_cached_page_equals_a_rendered_one(test_bank):
    first, second = Client().get(DETAIL), Client().get(DETAIL)
    assert TOKEN.sub("", first.text) == TOKEN.sub("", second.text)
    assert {**first.headers, "X-Request-ID": ""} == {**second.headers, "X-Request-ID": ""}
    assert "Cookie" in second.headers["Vary"]


def test_each_visitor_gets_a_csrf_token_that_works(test_bank):
    visitors = [Client(enforce_csrf_checks=True) for _ in range(3)]
    tokens = [TOKEN.findall(visitor.get(DETAIL).text)[0] for visitor in visitors]
    assert len(set(tokens)) == 3
    for visitor, token in zip(visitors, tokens, strict=True):
        given = {"csrfmiddlewaretoken": token}
        assert visitor.post("/payments/checkout/git/", given).status_code == 303
    assert visitors[0].post("/payments/checkout/git/", {}).status_code == 403


def test_a_signed_in_visitor_neither_gets_nor_leaves_a_cached_page(test_bank, owner):
    signed_in = Client()
    signed_in.force_login(owner)
    visitors = (signed_in, Client(), signed_in)
    texts = [visitor.get(DETAIL).text.replace("<wbr>", "") for visitor in visitors]
    assert [owner.email in text for text in texts] == [True, False, True]


@pytest.mark.django_db
@pytest.mark.parametrize("cookie", ["testbank_session", "messages"])
def test_visitors_with_a_session_or_a_message_get_pages_of_their_own(view, cookie):
    assert get(view) == "call 1"
    assert get(view, cookies={cookie: "x"}) == "call 2"
    assert get(view) == "call 1"


@pytest.mark.django_db
def test_hosts_schemes_paths_queries_prefixes_and_languages_have_pages_of_their_own(view, settings):
    settings.ALLOWED_HOSTS = ["*"]
    pages = [
        get(view),
        get(view, headers={"host": "other.example"}),
        get(view, secure=True),
        get(view, "/y/"),
        get(view, "/x/?page=2"),
    ]
    with translation.override("de"):
        pages.append(get(view))
    set_script_prefix("/shop/")
    pages.append(get(view))
    set_script_prefix("/")
    assert pages == [f"call {number}" for number in range(1, 8)]


@pytest.mark.django_db
def test_values_of_key_functions_are_part_of_the_key(view, monkeypatch):
    is_down = [False]
    monkeypatch.setattr(page_cache, "key_functions", [lambda: is_down[0]])
    assert (get(view), get(view)) == ("call 1", "call 1")
    is_down[0] = True
    assert get(view) == "call 2"


@pytest.mark.django_db
@pytest.mark.parametrize("status", [302, 404, 500])
def test_only_pages_with_status_200_are_cached(view, status):
    request = RequestFactory().get("/x/")
    assert [view(request, status).content for _ in range(2)] == [b"call 1", b"call 2"]


@pytest.mark.django_db
def test_the_page_cache_can_be_turned_off(view, settings):
    settings.PAGE_CACHE_SECONDS = 0
    assert (get(view), get(view)) == ("call 1", "call 2")


@pytest.mark.django_db
def test_a_cleared_cache_renders_anew(view):
    assert get(view) == "call 1"
    page_cache.clear()
    assert (get(view), get(view)) == ("call 2", "call 2")


@pytest.mark.django_db
def test_a_page_rendered_while_the_cache_is_cleared_is_not_shown_again():
    """Another process may clear between this one's reading of rows and its storing of the page."""

    @cache_anonymous_page
    def slow(request):
        page_cache.clear()
        return HttpResponse(timezone.now().isoformat())

    assert get(slow) != get(slow)


@pytest.mark.django_db
def test_no_rate_limit_is_evicted_by_300_rows():
    limits = {f"limit-{number}": number for number in range(320)}
    caches["default"].set_many(limits)
    assert caches["default"].get_many(limits) == limits


def change_price(test_bank):
    test_bank.price_minor = 2900
    test_bank.save(update_fields=["price_minor"])
    reindex_bank(test_bank=test_bank, at=NOON)


def record(test_bank):
    record_change(test_bank=test_bank, at=NOON, words="Revised")


@pytest.mark.parametrize("change", [change_price, record])
def test_an_edit_is_shown_at_once(test_bank, commit, change):
    before = TOKEN.sub("", Client().get(DETAIL).text)
    commit(lambda: change(test_bank))
    assert TOKEN.sub("", Client().get(DETAIL).text) != before


def test_a_withdrawn_bank_is_gone_at_once_and_back_at_once(test_bank, commit):
    pages = (DETAIL, "/categories/software/")
    assert [Client().get(page).status_code for page in pages] == [200, 200]
    commit(lambda: withdraw(test_bank=test_bank, at=NOON))
    assert [Client().get(page).status_code for page in pages] == [404, 404]
    commit(lambda: put_on_sale(test_bank=test_bank, at=NOON))
    assert [Client().get(page).status_code for page in pages] == [200, 200]


def test_reviews_are_shown_hidden_and_answered_at_once(test_bank, owner, commit):
    def write():
        write_review(
            learner=owner, test_bank=test_bank, stars=5, words="Clear", author_name="", at=NOON
        )

    def page():
        return Client().get(DETAIL).text

    assert "Clear" not in page()
    commit(write)
    assert "Clear" in page()
    review = test_bank.reviews.get()
    commit(lambda: reply_to_review(review=review, reply="Thanks", at=NOON))
    assert "Thanks" in page()
    commit(lambda: hide_review(review=review, reason="spam", at=NOON))
    assert "Clear" not in page()


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_rolled_back_keeps_the_pages(test_bank, view):
    from django.db import transaction

    assert get(view) == "call 1"
    with transaction.atomic():
        change_price(test_bank)
        transaction.set_rollback(True)
    assert get(view) == "call 1"
    change_price(test_bank)
    assert get(view) == "call 2"


@pytest.mark.parametrize("path", ["/", "/banks/", "/categories/software/", "/search/?q=git"])
def test_pages_without_a_form_to_post_set_no_cookie(test_bank, path):
    for _time in range(2):
        response = Client().get(path)
        assert (response.status_code, dict(response.cookies)) == (200, {})


def is_page_cached(callback):
    """True for a view with `cache_anonymous_page` among its decorators."""
    code = cache_anonymous_page(lambda request: HttpResponse()).__code__
    while callback is not None:
        if getattr(callback, "__code__", None) is code:
            return True
        callback = getattr(callback, "__wrapped__", None)
    return False


PATHS = {address.url({"slug": "git", "object_id": 1}) for address in addresses()}
CACHED = sorted(path for path in PATHS if is_page_cached(resolve(path).func))
VARIED: dict[str, dict[str, Any]] = {
    "language": {"HTTP_ACCEPT_LANGUAGE": "de"},
    "scheme": {"secure": True},
    "host": {"HTTP_HOST": "shop.example.org"},
}


def test_every_cached_view_is_walked():
    assert {"/", "/banks/", "/banks/git/"} <= set(CACHED)


@pytest.mark.parametrize("path", CACHED)
def test_cached_page_is_rendered_anew_for_each_language_scheme_and_host(path, test_bank, settings):
    settings.ALLOWED_HOSTS = ["*"]
    first = Client().get(path)
    if first.status_code != 200:
        pytest.skip(f"{path} is {first.status_code} in this test")
    assert Client().get(path).templates == []
    rendered = {
        name: bool(Client().get(path, **varied).templates) for name, varied in VARIED.items()
    }
    assert rendered == {"language": True, "scheme": True, "host": True}


def test_script_prefix_of_a_header_changes_no_page(test_bank):
    page = Client().get(DETAIL, SCRIPT_NAME="/evil", HTTP_X_FORWARDED_PREFIX="/evil")
    assert "/evil" not in page.text


@pytest.mark.django_db
def test_fragment_key_holds_language_scheme_host_and_prefix(settings):
    settings.ALLOWED_HOSTS = ["*"]
    request = RequestFactory().get
    try:
        keys = {
            page_cache.fragment_key(request("/")),
            page_cache.fragment_key(request("/", secure=True)),
            page_cache.fragment_key(request("/", HTTP_HOST="shop.example.org")),
        }
        with translation.override("de"):
            keys.add(page_cache.fragment_key(request("/")))
        set_script_prefix("/shop/")
        keys.add(page_cache.fragment_key(request("/")))
    finally:
        set_script_prefix("/")
    assert len(keys) == 5
