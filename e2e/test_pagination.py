"""A list of several pages: in place, with the browser's Back, and without JavaScript."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from catalog.listing.pagination import BANKS_A_PAGE
from testing.sandbox import PUBLIC_KEY, SECRET_KEY
from testing.site import Site, new_site
from testing.visitor import Visitor, click_through

pytestmark = [pytest.mark.browser, pytest.mark.proof, pytest.mark.xdist_group("paging")]

BANKS = 2 * BANKS_A_PAGE + 3
MANY_BANKS = f"""
from catalog.models import Category, TestBank
category = Category.objects.create(slug="many", title="Many")
TestBank.objects.bulk_create(
    TestBank(slug=f"bank-{{n}}", title=f"Bank {{n:02}}", category=category, price_minor=100 * n,
             currency="USD", status="published")
    for n in range({BANKS})
)
"""
SORTED = "/banks/?sort=title"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder: Path = tmp_path_factory.mktemp("many")
    keys = {"STRIPE_PUBLIC_KEY": PUBLIC_KEY, "STRIPE_SECRET_KEY": SECRET_KEY}
    # Nothing listens on this port: no test here pays.
    nowhere = {"STRIPE_API_BASE": "http://127.0.0.1:9", "CHECKOUT_ORIGIN": "http://127.0.0.1:9"}
    created = new_site(folder, keys | nowhere, {})
    written = created.manage("shell", "--no-imports", stdin=MANY_BANKS)
    assert written.returncode == 0, written.stderr
    with created.serving():
        yield created


def test_next_page_loads_in_place_and_focuses_its_heading(site: Site, page: Page) -> None:
    Visitor(page=page, base_url=site.url).open(SORTED)
    page.evaluate("window.same = true")
    page.locator("a[rel=next]").click()
    expect(page.locator(".bank-card__title").first).to_have_text(f"Bank {BANKS_A_PAGE}")
    assert "after=" in page.url
    expect(page.locator("#results h2")).to_be_focused()
    top = page.evaluate("document.querySelector('#results').getBoundingClientRect().top")
    assert -1 <= top <= 60
    page.locator("a[rel=prev]").click()
    expect(page.locator(".bank-card__title").first).to_have_text("Bank 00")
    assert page.evaluate("window.same")


def test_back_returns_to_the_page_of_the_list(site: Site, page: Page) -> None:
    Visitor(page=page, base_url=site.url).open(SORTED)
    page.locator("a[rel=next]").click()
    expect(page.locator(".bank-card__title").first).to_have_text(f"Bank {BANKS_A_PAGE}")
    page.get_by_role("link", name="Bank 40").click()
    page.wait_for_url("**/banks/bank-40/")
    page.go_back()
    expect(page.locator(".bank-card__title").first).to_have_text(f"Bank {BANKS_A_PAGE}")
    page.go_back()
    expect(page.locator(".bank-card__title").first).to_have_text("Bank 00")


def test_pagination_works_without_javascript(site: Site, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    Visitor(page=page, base_url=site.url).open(SORTED)
    pages = [page.locator(".bank-card__title").all_inner_texts()]
    for _ in range(2):
        click_through(page, page.locator("a[rel=next]"))
        pages.append(page.locator(".bank-card__title").all_inner_texts())
    titles = [f"Bank {number:02}" for number in range(BANKS)]
    assert pages == [
        titles[first : first + BANKS_A_PAGE] for first in range(0, BANKS, BANKS_A_PAGE)
    ]
    assert page.locator("a[rel=next]").count() == 0
    context.close()
