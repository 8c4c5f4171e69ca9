"""A walk through every page of the demo, for whoever looks at all of them: photographs, audits."""

import json
import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import Locator, Page

from e2e.journey import Visitor
from testing.site import DIRECT, code_in

LEARNER, PASSWORD = "learner@demo.example", "practise-makes-perfect"
NEWCOMER = "newcomer@demo.example"
SELLER = "seller@demo.example"
BANK = "/banks/git-in-practice/"
FREE_BANK = "/banks/http-warm-up/"
CATEGORY = "/categories/software/"
BACK_OFFICE = {
    "office": "/admin/",
    "office-banks": "/admin/catalog/testbank/",
    "office-bank": "/admin/catalog/testbank/1/change/",
    "office-questions": "/admin/catalog/bankquestion/",
    "office-question": "/admin/catalog/bankquestion/1/change/",
    "office-editor": "/staff/editor/git-in-practice/",
    "office-categories": "/admin/catalog/category/",
    "office-reviews": "/admin/catalog/review/",
    "office-accesses": "/admin/catalog/access/",
    "office-grant": "/admin/catalog/access/add/",
    "office-people": "/admin/accounts/user/",
    "office-groups": "/admin/auth/group/",
    "office-health": "/admin/payment-health/",
    "office-orders": "/admin/payments/order/",
    "office-refunds": "/admin/payments/refund/",
    "office-disputes": "/admin/payments/dispute/",
    "office-incidents": "/admin/payments/incident/",
    "office-events": "/admin/payments/stripeevent/",
}

# Called on each page with its name.
Look = Callable[[Page, str], None]

FRONT = {
    "home": "/",
    "list": "/banks/",
    "list-narrow": "/banks/?free=1&sort=price",
    "list-nothing": "/banks/?difficulty=hard&up_to=1&currency=JPY",
    "list-mistyped": "/banks/?up_to=cheap",
    "category": CATEGORY,
    "search": "/search/?q=brnach",
    "search-nothing": "/search/?q=zzzz",
    "search-empty": "/search/",
    "detail": BANK,
    "detail-free": FREE_BANK,
    "reviews": f"{BANK}reviews/",
    "changes": f"{BANK}changes/",
    "sample": f"{BANK}sample/1/",
    "sample-formula": "/banks/statistics/sample/3/",
    "sample-table": "/banks/sql-foundations/sample/2/",
    "sample-picture": "/banks/networking-for-developers/sample/1/",
    "sign-up": "/accounts/signup/",
    "sign-in": "/accounts/login/",
    "password-reset": "/accounts/password/reset/",
    "password-reset-done": "/accounts/password/reset/done/",
    "mails": "/demo/mails/",
}
ERRORS = ("400", "403", "403_csrf", "404", "429", "500", "503")
ACCOUNT = {
    "orders-empty": "/payments/orders/",
    "email": "/accounts/email/",
    "password": "/accounts/password/change/",
    "sign-out": "/accounts/logout/",
    "second-factor": "/accounts/2fa/",
    "second-factor-begin": "/accounts/2fa/totp/activate/",
}
OWNED = {
    "my-banks": "/my-banks/",
    "progress": "/practice/progress/",
    "orders": "/payments/orders/",
}


def through_the_front(page: Page, shop: str, look: Look) -> None:
    """As a visitor, in whichever language the browser asks for."""
    visitor = Visitor(page=page, shop=shop)
    for name, path in FRONT.items():
        visitor.open(path)
        look(page, name)
    for name in ERRORS:
        page.goto(f"{shop}/demo/pages/{name}/")
        look(page, f"error-{name}")
    for name in ("sample", "sample-formula", "sample-table", "sample-picture"):
        visitor.open(FRONT[name])
        answer(page)
        look(page, f"{name}-answered")


def through_the_shop(page: Page, shop: str, look: Look) -> None:
    """As a visitor who signs up, buys and practises; then as the demo's learner with a history."""
    visitor = Visitor(page=page, shop=shop)
    through_the_front(page, shop, look)
    _sign_up(visitor, look)
    _as_newcomer(visitor, look)
    page.context.clear_cookies()
    sign_in(visitor, LEARNER)
    page.wait_for_url("**/my-banks/")
    for name, path in OWNED.items():
        visitor.open(path)
        look(page, name)


def through_the_back_office(page: Page, shop: str, look: Look) -> None:
    """As the demo's seller, in English."""
    sign_in(Visitor(page=page, shop=shop), SELLER, following="/admin/")
    page.wait_for_url("**/admin/")
    for name, path in BACK_OFFICE.items():
        page.goto(f"{shop}{path}", wait_until="networkidle")
        look(page, name)


def sign_in(visitor: Visitor, email: str, *, following: str = "") -> None:
    """As one of the demo's people; afterwards to `following`, where it is given."""
    visitor.open(f"/accounts/login/?next={following}" if following else "/accounts/login/")
    _enter(visitor.page, email, PASSWORD)


def answer(page: Page, place: int = 0) -> None:
    """Answer the question in front of one, whatever its kind and language, and send it."""
    choices = page.locator(".choices input")
    if choices.count():
        choices.nth(min(place, choices.count() - 1)).check()
    else:
        page.locator("main article form input:not([type=hidden])").first.fill("1")
    follow(page, page.locator("main article form button[type=submit]"))


def follow(page: Page, button: Locator) -> None:
    """Press what leads to another page, and be there: a press alone does not wait for it."""
    with page.expect_navigation():
        button.click()


def send(page: Page, action: str) -> None:
    """Send the form whose address has this in it."""
    follow(page, page.locator(f"main form[action*='{action}'] button[type=submit]").first)


def _enter(page: Page, email: str, password: str) -> None:
    form = page.locator("main form:has(input[type=password])")
    form.locator("input[type=email], input[name=login]").fill(email)
    form.locator("input[type=password]").first.fill(password)
    follow(page, form.locator("button[type=submit]").first)


def _sign_up(visitor: Visitor, look: Look) -> None:
    """With mistakes first, then to the page that asks for the code, and the mail beside it."""
    page = visitor.page
    visitor.open("/accounts/login/")
    _enter(page, f"nobody-{time.time_ns()}@demo.example", "not-the-password")
    look(page, "sign-in-refused")
    visitor.open("/accounts/signup/")
    _enter(page, f"visitor-{time.time_ns()}@demo.example", "12345678")
    look(page, "sign-up-refused")
    _enter(page, f"visitor-{time.time_ns()}@demo.example", PASSWORD)
    page.wait_for_url("**/confirm-email/**")
    look(page, "confirm-email")
    visitor.open("/demo/mails/")
    look(page, "mails-written")
    code = code_in(page.locator("article").first.inner_text())
    follow(page, page.locator("article a[href^='/demo/mails/']").first)
    look(page, "mail")
    visitor.open("/accounts/confirm-email/")
    page.locator("input[name=code]").fill(code)
    follow(page, page.locator("main form:has(input[name=code]) button[type=submit]").first)
    page.wait_for_url("**/my-banks/")


def _as_newcomer(visitor: Visitor, look: Look) -> None:
    page = visitor.page
    look(page, "my-banks-empty")
    for name, path in ACCOUNT.items():
        visitor.open(path)
        look(page, name)
    page.locator("main input[type=password]").fill(PASSWORD)
    follow(page, page.locator("main form button[type=submit]"))
    page.wait_for_url("**/2fa/totp/activate/**")
    look(page, "second-factor-key")
    visitor.open(BANK)
    _buy(visitor, look)
    visitor.open(BANK)
    look(page, "detail-owned")
    _practise(visitor, look)
    visitor.open("/search/?q=commit")
    look(page, "search-owned")
    follow(page, page.locator("a[href*='/questions/']").first)
    look(page, "own-question")
    _review(visitor, look)
    _cannot_buy(visitor, look)


def _buy(visitor: Visitor, look: Look) -> None:
    """Through the page that waits for the payment, as one who comes back too early."""
    page = visitor.page
    send(page, "/payments/checkout/")
    page.wait_for_url("**/c/pay/**")
    look(page, "payment")
    checkout = page.url
    visitor.open("/payments/orders/")
    follow(page, page.locator("main a[href*='/payments/success/']").first)
    look(page, "success-waiting")
    page.goto(checkout)
    visitor.pays()
    page.wait_for_url("**/payments/success/**")
    look(page, "success")
    follow(page, page.locator("main a[href$='/receipt/']").first)
    look(page, "receipt")


def _cannot_buy(visitor: Visitor, look: Look) -> None:
    """The page for a fault on Stripe's side, at the dearest bank that is not owned yet."""
    page = visitor.page
    visitor.open("/banks/?sort=price")
    banks = page.locator(".bank-card__title a").evaluate_all("all => all.map(one => one.pathname)")
    for bank in reversed(banks):
        visitor.open(bank)
        price = page.locator(".purchase .price--large")
        if price.count() and re.search(r"\d", price.inner_text()):
            break
    else:
        return
    with stripe_failing(visitor.shop):
        send(page, "/payments/checkout/")
        page.wait_for_url("**/payments/checkout/**")
        look(page, "unavailable")


@contextmanager
def stripe_failing(shop: str) -> Iterator[None]:
    """The demo's sandbox, on the port after the shop's, answers 500 meanwhile."""
    faults = f"http://127.0.0.1:{int(shop.rpartition(':')[2]) + 1}/_sandbox/faults"
    fault = {"kind": "status", "path": "/v1/checkout/*", "times": 100, "saved": False}
    _ask(faults, "POST", fault)
    try:
        yield
    finally:
        _ask(faults, "DELETE", {})


def _ask(address: str, method: str, words: dict[str, object]) -> None:
    request = urllib.request.Request(  # noqa: S310 - loopback
        address,
        data=json.dumps(words).encode(),
        headers={"Content-Type": "application/json"},
        method=method,
    )
    DIRECT.open(request, timeout=10).close()


def _review(visitor: Visitor, look: Look) -> None:
    page = visitor.page
    visitor.open(f"{BANK}review/")
    look(page, "review")
    page.locator("input[name=stars][value='4']").check()
    page.locator("textarea").fill("The wrong answers are explained too.")
    follow(page, page.locator("main form button[type=submit]").first)
    page.wait_for_url(f"**{BANK}")
    look(page, "detail-reviewed")
    visitor.open(f"{BANK}review/")
    page.locator("[popovertarget]").first.click()
    look(page, "review-removal")
    page.keyboard.press("Escape")


def _practise(visitor: Visitor, look: Look) -> None:
    """A question of each kind that the bank has, before and after its answer."""
    page = visitor.page
    send(page, "/practice/start/")
    page.wait_for_url("**/practice/**")
    attempt = page.url.rstrip("/").rpartition("/")[0]
    seen: set[str] = set()
    for position in range(1, page.locator(".navigator__sheet .bubble").count() + 1):
        text = page.request.get(f"{attempt}/{position}/").text()
        found = re.search(r'data-asked="(\w+)"', text)
        if found and found[1] not in seen:
            seen.add(found[1])
            page.goto(f"{attempt}/{position}/")
            look(page, f"question-{found[1]}")
            answer(page, 1)
            look(page, f"question-{found[1]}-answered")
    page.goto(f"{attempt}/")
    look(page, "result-so-far")
    send(page, "/finish/")
    look(page, "result")
