"""Visit every page of the demo, for screenshots and accessibility checks."""

import json
import re
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from playwright.sync_api import FilePayload, Page

from accounts.tests.authenticator import code_of
from testing.practice_pages import OnPage, visit_samples, visit_sessions
from testing.site import DIRECT, code_in
from testing.visitor import (
    Visitor,
    click_through,
    open_demo_email,
    submit_answer,
    submit_credentials,
    submit_form,
)

LEARNER, PASSWORD = "learner@demo.example", "practice-makes-perfect"
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
    "office-categories": "/admin/catalog/category/",
    "office-reviews": "/admin/catalog/review/",
    "office-accesses": "/admin/catalog/access/",
    "office-people": "/admin/accounts/user/",
    "office-groups": "/admin/auth/group/",
    "office-health": "/admin/payment-health/",
    "office-orders": "/admin/payments/order/",
    "office-refunds": "/admin/payments/refund/",
    "office-disputes": "/admin/payments/dispute/",
    "office-incidents": "/admin/payments/incident/",
    "office-events": "/admin/payments/stripeevent/",
}

# The lists whose first row is a page worth a visit.
FIRST_ROWS = {
    *("office-categories", "office-reviews", "office-accesses", "office-people", "office-groups"),
    *("office-orders", "office-refunds"),
    *("studio-questions", "studio-access", "studio-reports"),
}
STUDIO = {
    "studio": "/studio/",
    "studio-new-bank": "/studio/new-bank/",
    "studio-bank": "/studio/banks/git-in-practice/",
    "studio-settings": "/studio/banks/git-in-practice/settings/",
    "studio-questions": "/studio/banks/git-in-practice/questions/",
    "studio-new-single": "/studio/banks/git-in-practice/questions/new/single_choice/",
    "studio-new-several": "/studio/banks/git-in-practice/questions/new/multiple_choice/",
    "studio-new-true": "/studio/banks/git-in-practice/questions/new/true_false/",
    "studio-new-number": "/studio/banks/git-in-practice/questions/new/numeric/",
    "studio-new-words": "/studio/banks/git-in-practice/questions/new/short_answer/",
    "studio-as-learner": "/studio/banks/git-in-practice/as-learner/",
    "studio-review": "/studio/review/",
    "studio-reports": "/studio/banks/git-in-practice/reports/",
    "studio-statistics": "/studio/banks/git-in-practice/statistics/",
    "studio-quality": "/studio/banks/git-in-practice/quality/",
    "studio-imports": "/studio/banks/git-in-practice/imports/",
    "studio-export": "/studio/banks/git-in-practice/export/gift/",
    "studio-sales": "/studio/sales/?days=365",
    "studio-access": "/studio/access/",
    "studio-grant": "/studio/access/grant/",
    "studio-audit-log": "/studio/audit-log/",
}

SUBJECTS_AND_LINKS = """(emails) => emails
    .filter((email) => email.querySelector("a[href^='/demo/mails/']"))
    .map((email) => [
        email.querySelector("h2").textContent, email.querySelector("a[href^='/demo/mails/']").href,
    ])
"""

PUBLIC = {
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
    "account-frozen": "/accounts/frozen/",
    "mails": "/demo/mails/",
}
ERRORS = ("400", "403", "403_csrf", "404", "429", "500", "503", "maintenance")
ACCOUNT = {
    "orders-empty": "/payments/orders/",
    "email": "/accounts/email/",
    "password": "/accounts/password/change/",
    "sign-out": "/accounts/logout/",
    "sessions": "/accounts/sessions/",
    "second-factor": "/accounts/2fa/",
    "second-factor-begin": "/accounts/2fa/totp/activate/",
}
OWNED = {
    "my-banks": "/my-banks/",
    "progress": "/practice/progress/",
    "practice": "/practice/",
    "exam": "/practice/exam/sql-foundations/",
    "session-builder": "/practice/new/",
    "session-settings": "/practice/settings/",
    "history": "/practice/history/",
    "history-of-bank": "/practice/history/sql-foundations/",
    "reset": "/practice/history/sql-foundations/reset/",
    "report-sample": "/reports/git-in-practice/1/",
    "reports": "/reports/",
    "orders": "/payments/orders/",
    "order-of-bank": "/payments/orders/of/networking-for-developers/",
    "confirm-purchase": "/payments/buy/git-in-practice/",
    "confirm-free": f"/payments/buy/{FREE_BANK.split('/')[2]}/",
}


def visit_public_pages(page: Page, base_url: str, on_page: OnPage) -> None:
    """Visit the pages that need no account, in the browser's language."""
    visitor = Visitor(page=page, base_url=base_url)
    for name, path in PUBLIC.items():
        visitor.open(path)
        on_page(page, name)
    for name in ERRORS:
        page.goto(f"{base_url}/demo/pages/{name}/")
        on_page(page, f"error-{name}")
    for name in ("sample", "sample-formula", "sample-table", "sample-picture"):
        visitor.open(PUBLIC[name])
        submit_answer(page)
        on_page(page, f"{name}-answered")
    visit_samples(visitor, on_page)


def visit_site(page: Page, base_url: str, on_page: OnPage) -> None:
    """Visit the site as a visitor who signs up, buys and practices; then as the demo's learner."""
    visitor = Visitor(page=page, base_url=base_url)
    visit_public_pages(page, base_url, on_page)
    _sign_up(visitor, on_page)
    _visit_as_newcomer(visitor, on_page)
    page.context.clear_cookies()
    sign_in(visitor, LEARNER)
    page.wait_for_url("**/my-banks/")
    for name, path in OWNED.items():
        visitor.open(path)
        on_page(page, name)
    visit_sessions(visitor, on_page)
    _visit_emails(visitor, on_page)


def visit_back_office(page: Page, base_url: str, on_page: OnPage) -> None:
    """Visit the back office as the demo's seller."""
    sign_in(Visitor(page=page, base_url=base_url), SELLER, next_path="/admin/")
    page.wait_for_url("**/admin/")
    _visit_with_first_rows(page, base_url, BACK_OFFICE, on_page)


def visit_studio(page: Page, base_url: str, on_page: OnPage) -> None:
    """Visit the studio as the demo's seller, with what a learner reported and a file to import."""
    visitor = Visitor(page=page, base_url=base_url)
    sign_in(visitor, LEARNER, next_path="/reports/git-in-practice/1/")
    page.locator("main form input[type=radio]").first.check()
    click_through(page, page.locator("main form button[type=submit]").first)
    page.context.clear_cookies()
    sign_in(visitor, SELLER, next_path="/studio/")
    page.wait_for_url("**/studio/")
    _visit_with_first_rows(page, base_url, STUDIO, on_page)
    page.goto(f"{base_url}{STUDIO['studio-questions']}")
    question = first_row(page)
    for name in ("versions", "regrade"):
        page.goto(f"{question}{name}/")
        on_page(page, f"studio-{name}-empty")
    page.goto(question)
    stem = page.locator("[name=stem]")
    stem.fill(f"{stem.input_value()} Select one.")
    click_through(page, page.locator(".save-bar button[type=submit]").first)
    for name in ("versions", "regrade"):
        page.goto(f"{question}{name}/")
        on_page(page, f"studio-{name}")
    visitor.open(STUDIO["studio-questions"])
    page.locator("[name=question]").first.check()
    page.locator("[name=action]").select_option("retire")
    click_through(page, page.locator("[data-list] button[type=submit]").last)
    on_page(page, "studio-edit-questions")
    _visit_import(visitor, on_page)


def _visit_import(visitor: Visitor, on_page: OnPage) -> None:
    """Visit the dry run of a file with an error, and of one that is then imported and undone."""
    page = visitor.page
    for name, text in (("wrong", "Half a question {"), ("right", "One and one? {=2 ~3}")):
        visitor.open(STUDIO["studio-imports"])
        file = FilePayload(name=f"{name}.gift", mimeType="text/plain", buffer=text.encode())
        page.locator("#id_files").set_input_files(file)
        submit_upload = page.locator("main form:has(#id_files) button[type=submit]")
        click_through(page, submit_upload)
        on_page(page, f"studio-dry-run-{name}")
    submit_form(page, "/accept/")
    on_page(page, "studio-imported")
    page.locator("main [popovertarget]").first.click()
    on_page(page, "studio-undo-import")
    click_through(page, page.locator("#undo form button"))


def _visit_with_first_rows(
    page: Page, base_url: str, pages: Mapping[str, str], on_page: OnPage
) -> None:
    """Visit pages, and the first row of those that are lists."""
    for name, path in pages.items():
        page.goto(f"{base_url}{path}", wait_until="networkidle")
        on_page(page, name)
        if name in FIRST_ROWS:
            page.goto(first_row(page), wait_until="networkidle")
            on_page(page, f"{name}-first")


def first_row(page: Page) -> str:
    """The address of the first row of a list in the back office or the studio."""
    row = page.locator("#result_list tbody th a, main table tbody a, main tbody a").first
    return str(row.evaluate("(link) => link.href"))


def sign_in(visitor: Visitor, email: str, *, next_path: str = "") -> None:
    """Sign in as one of the demo's accounts, and continue to `next_path` if given."""
    visitor.open(f"/accounts/login/?next={next_path}" if next_path else "/accounts/login/")
    submit_credentials(visitor.page, email, PASSWORD)


def _sign_up(visitor: Visitor, on_page: OnPage) -> None:
    """Sign up after two mistakes, and confirm the email address."""
    page = visitor.page
    visitor.open("/accounts/login/")
    submit_credentials(page, f"nobody-{time.time_ns()}@demo.example", "not-the-password")
    on_page(page, "sign-in-refused")
    visitor.open("/accounts/signup/")
    submit_credentials(page, f"visitor-{time.time_ns()}@demo.example", "12345678")
    on_page(page, "sign-up-refused")
    email = f"visitor-{time.time_ns()}@demo.example"
    submit_credentials(page, email, PASSWORD)
    page.wait_for_url("**/confirm-email/**")
    on_page(page, "confirm-email")
    _confirm_email(visitor, email, on_page)


def _confirm_email(visitor: Visitor, email: str, on_page: OnPage) -> None:
    page = visitor.page
    code = code_in(open_demo_email(page, visitor.base_url, email))
    on_page(page, "mails-written")
    click_through(page, page.locator("article a[href^='/demo/mails/']").first)
    on_page(page, "mail")
    visitor.open("/accounts/confirm-email/")
    page.locator("input[name=code]").fill(code)
    click_through(page, page.locator("main form:has(input[name=code]) button[type=submit]").first)
    page.wait_for_url("**/my-banks/")


def _visit_emails(visitor: Visitor, on_page: OnPage) -> None:
    """Ask for a new password, and visit one email of each subject as a mail program shows it."""
    page = visitor.page
    page.context.clear_cookies()
    visitor.open("/accounts/password/reset/")
    page.locator("main input[type=email]").fill(LEARNER)
    click_through(page, page.locator("main form button[type=submit]").first)
    on_page(page, "password-reset-code")
    text = open_demo_email(page, visitor.base_url, LEARNER)
    language = page.get_attribute("html", "lang")
    emails = page.locator("article").evaluate_all(SUBJECTS_AND_LINKS)
    by_subject = {re.sub(r"[\d.,]+", "", subject): link for subject, link in emails}
    for number, link in enumerate(by_subject.values(), start=1):
        page.goto(link)
        # Visits in other languages have left their emails, too.
        if page.get_attribute("html", "lang") == language:
            on_page(page, f"email-{number}")
    page.goto(text.partition("http")[1] + text.partition("http")[2].split()[0])
    on_page(page, "password-reset-key")
    page.goto(f"{visitor.base_url}/accounts/password/reset/key/1-used-up/")
    on_page(page, "password-reset-key-used")


def _visit_as_newcomer(visitor: Visitor, on_page: OnPage) -> None:
    page = visitor.page
    on_page(page, "my-banks-empty")
    for name, path in ACCOUNT.items():
        visitor.open(path)
        on_page(page, name)
    if page.locator("main input[type=password]").count():
        page.locator("main input[type=password]").fill(PASSWORD)
        click_through(page, page.locator("main form button[type=submit]"))
    page.wait_for_url("**/2fa/totp/activate/**")
    on_page(page, "second-factor-key")
    _set_up_second_factor(visitor, on_page)
    visitor.open(BANK)
    _buy(visitor, on_page)
    visitor.open(BANK)
    on_page(page, "detail-owned")
    _practice(visitor, on_page)
    visitor.open("/search/?q=commit")
    on_page(page, "search-owned")
    click_through(page, page.locator("a[href*='/questions/']").first)
    on_page(page, "own-question")
    _review(visitor, on_page)
    _fail_to_buy(visitor, on_page)


def _set_up_second_factor(visitor: Visitor, on_page: OnPage) -> None:
    page = visitor.page
    code = code_of(page.locator("#authenticator_secret").inner_text())
    page.locator("main input[name=code]").fill(code)
    click_through(page, page.locator("main form:has(input[name=code]) button[type=submit]").first)
    on_page(page, "second-factor-set-up")
    for name in ("recovery-codes", "recovery-codes/generate", "totp/deactivate"):
        visitor.open(f"/accounts/2fa/{name}/")
        on_page(page, f"second-factor-{name.replace('/', '-')}")


def _buy(visitor: Visitor, on_page: OnPage) -> None:
    """Open the success page before paying, then pay."""
    page = visitor.page
    submit_form(page, "/payments/checkout/")
    page.wait_for_url("**/c/pay/**")
    on_page(page, "payment")
    checkout = page.url
    visitor.open("/payments/orders/")
    click_through(page, page.locator("main a[href*='/payments/success/']").first)
    on_page(page, "success-waiting")
    page.goto(checkout)
    visitor.pay()
    page.wait_for_url("**/payments/success/**")
    on_page(page, "success")
    click_through(page, page.locator("main a[href$='/receipt/']").first)
    on_page(page, "receipt")


def _fail_to_buy(visitor: Visitor, on_page: OnPage) -> None:
    """Meet an error of Stripe's while buying the most expensive bank that is not owned yet."""
    page = visitor.page
    visitor.open("/banks/?sort=price")
    links = page.locator(".bank-card__title a")
    paths = links.evaluate_all("links => links.map(link => link.pathname)")
    for path in reversed(paths):
        visitor.open(path)
        price = page.locator(".purchase .price--large")
        if price.count() and re.search(r"\d", price.inner_text()):
            break
    else:
        return
    with stripe_failing(visitor.base_url):
        submit_form(page, "/payments/checkout/")
        page.wait_for_url("**/payments/checkout/**")
        on_page(page, "unavailable")


@contextmanager
def stripe_failing(base_url: str) -> Iterator[None]:
    """Let the demo's sandbox, on the port after the site's, respond 500 meanwhile."""
    faults = f"http://127.0.0.1:{int(base_url.rpartition(':')[2]) + 1}/_sandbox/faults"
    fault = {"kind": "status", "path": "/v1/checkout/*", "times": 100, "saved": False}
    _send_json(faults, "POST", fault)
    try:
        yield
    finally:
        _send_json(faults, "DELETE", {})


def _send_json(url: str, method: str, fields: dict[str, object]) -> None:
    request = urllib.request.Request(  # noqa: S310 - loopback
        url,
        data=json.dumps(fields).encode(),
        headers={"Content-Type": "application/json"},
        method=method,
    )
    DIRECT.open(request, timeout=10).close()


def _review(visitor: Visitor, on_page: OnPage) -> None:
    page = visitor.page
    visitor.open(f"{BANK}review/")
    on_page(page, "review")
    page.locator("input[name=stars][value='4']").check()
    page.locator("textarea").fill("The wrong answers are explained too.")
    click_through(page, page.locator("main form button[type=submit]").first)
    page.wait_for_url(f"**{BANK}")
    on_page(page, "detail-reviewed")
    visitor.open(f"{BANK}review/")
    page.locator("[popovertarget]").first.click()
    on_page(page, "review-removal")
    page.keyboard.press("Escape")


def _practice(visitor: Visitor, on_page: OnPage) -> None:
    """Visit one question of each kind, before and after answering it, and the result."""
    page = visitor.page
    submit_form(page, "/practice/start/")
    page.wait_for_url("**/practice/**")
    attempt = page.url.rstrip("/").rpartition("/")[0]
    seen: set[str] = set()
    for position in range(1, page.locator(".navigator__sheet .bubble").count() + 1):
        text = page.request.get(f"{attempt}/{position}/").text()
        found = re.search(r'data-asked="(\w+)"', text)
        if found and found[1] not in seen:
            seen.add(found[1])
            page.goto(f"{attempt}/{position}/")
            on_page(page, f"question-{found[1]}")
            submit_answer(page, 1)
            on_page(page, f"question-{found[1]}-answered")
    page.goto(f"{attempt}/")
    on_page(page, "result-so-far")
    page.goto(f"{attempt}/finish/")
    on_page(page, "finish")
    submit_form(page, "/finish/")
    on_page(page, "result")
