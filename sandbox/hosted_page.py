"""The payment page that a buyer sees: `/c/pay/{session}`, and what it is drawn with.

Works without JavaScript. Card numbers are compared with the test cards and forgotten.
"""

import re
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import parse_qs, quote, urlsplit

from sandbox import checkout, paying, promotions
from sandbox.cards import (
    CARDS,
    NOT_AUTHENTICATED,
    PAYS,
    SECOND_STEP,
    Card,
    card_named,
    card_numbered,
)
from sandbox.checkout import StoredSession
from sandbox.errors import ApiError
from sandbox.money import formatted
from sandbox.parameters import email as read_email
from sandbox.parts import Parts
from sandbox.store import Json, Transaction
from sandbox.wire import HTML_TYPE, Answer, Request

PREFIX = "/c/pay/"
PAGES = Path(__file__).parent / "pages"
ASSETS = {
    "/_assets/page.css": ("page.css", "text/css; charset=utf-8"),
    "/_assets/mark.svg": ("mark.svg", "image/svg+xml"),
}
# What "fill in" puts beside the number.
ANY_EXPIRY, ANY_CODE = "12 / 34", "123"


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form's fields."""

    email: str = ""
    number: str = ""
    expiry: str = ""
    code: str = ""
    step: str = ""
    promotion: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """What keeps the payment from going through, and the field that it is about."""

    message: str
    field: str


FIELDS = tuple(field.name for field in fields(Typed))


class HostedPage:
    """Answers requests to the payment page and its assets."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    def asset(self, request: Request) -> Answer:
        """The style sheet or the mark."""
        name, content_type = ASSETS[request.path]
        return Answer(200, (PAGES / name).read_bytes(), content_type)

    def answer(self, request: Request) -> Answer:
        """Show the page, or take the payment that its form asks for."""
        identifier = request.path.removeprefix(PREFIX)
        try:
            if request.method == "POST":
                return self.paid(identifier, typed_in(request))
            return self.shown(identifier, filled_in(request), None)
        except ApiError:
            return unknown()

    def shown(self, identifier: str, typed: Typed, problem: Problem | None) -> Answer:
        """The page as the session stands now. Raises ApiError 404."""
        with self.parts.transaction() as transaction:
            stored = checkout.find(transaction, identifier)
            asks = paying.waits_for_confirmation(transaction, stored)
        if stored.status == "complete":
            return completed(stored)
        if stored.status == "expired":
            return expired(stored)
        if asks:
            return second_step(stored)
        return open_page(stored, typed, problem)

    def paid(self, identifier: str, typed: Typed) -> Answer:
        """Try to pay; then the shop's success page, or this page with what went wrong."""
        with self.parts.transaction() as transaction:
            problem = self.attempt(transaction, checkout.find(transaction, identifier), typed)
            stored = checkout.find(transaction, identifier)
        self.parts.news.set()
        if stored.status == "complete":
            return Answer(303, b"", HTML_TYPE, {"Location": checkout.success_address(stored)})
        return self.shown(identifier, typed, problem)

    def attempt(
        self, transaction: Transaction, stored: StoredSession, typed: Typed
    ) -> Problem | None:
        """Charge the card that was typed, once; what keeps it from being charged, if anything."""
        if stored.status != "open":
            return None
        if paying.waits_for_confirmation(transaction, stored):
            return stepped(transaction, stored, typed.step)
        if typed.step == "apply":
            return promoted(transaction, stored, typed.promotion)
        problem = problem_with(typed, stored, transaction.now)
        if problem:
            return problem
        card = card_numbered(typed.number) or PAYS
        address = stored.body["customer_email"] or typed.email
        later = self.parts.settings.settle_seconds
        paying.pay(transaction, stored.id, address, card, later=later)
        refused_now = stored.amount and card.kind == "card" and card.decline
        return Problem(card.decline.message, "number") if refused_now and card.decline else None


def promoted(transaction: Transaction, stored: StoredSession, code: str) -> Problem | None:
    """Apply a promotion code; why it takes nothing off, if it does not."""
    try:
        promotions.apply(transaction, stored, code)
    except promotions.NotApplicableError as reason:
        return Problem(str(reason), "promotion")
    return None


def stepped(transaction: Transaction, stored: StoredSession, step: str) -> Problem | None:
    """What the buyer said to the bank: yes, no, or nothing yet."""
    if step == "confirm":
        paying.confirm(transaction, stored.id, SECOND_STEP)
    elif step == "refuse":
        paying.refuse(transaction, stored.id, SECOND_STEP)
        return Problem(NOT_AUTHENTICATED.message, "number")
    return None


def typed_in(request: Request) -> Typed:
    """What the form brought."""
    fields = parse_qs(request.form)
    return Typed(**{name: fields.get(name, [""])[0].strip() for name in FIELDS})


def filled_in(request: Request) -> Typed:
    """The fields of a page that is opened: empty, or with the test card that was chosen."""
    card = card_named(parse_qs(request.query).get("card", [""])[0])
    return Typed(number=card.grouped, expiry=ANY_EXPIRY, code=ANY_CODE) if card else Typed()


def problem_with(typed: Typed, stored: StoredSession, now: int) -> Problem | None:
    """The first field that does not do, from the top."""
    if not stored.body["customer_email"] and not is_email(typed.email):
        return Problem("Write your e-mail address, such as you@example.com.", "email")
    if not stored.amount:
        return None
    card = card_numbered(typed.number)
    if card is None:
        return Problem(
            "Only the test cards above work here. Never type the number of a real card.", "number"
        )
    return problem_with_card(typed, now) if card.kind == "card" else None


def problem_with_card(typed: Typed, now: int) -> Problem | None:
    """What else a card needs, and a bank account does not."""
    if not is_to_come(typed.expiry, datetime.fromtimestamp(now, UTC)):
        return Problem("Write a month and year to come, such as 12 / 34.", "expiry")
    if not re.fullmatch("[0-9]{3,4}", typed.code):
        return Problem("Write any three digits as the security code.", "code")
    return None


def is_email(typed: str) -> bool:
    """True for what looks like an e-mail address."""
    try:
        read_email(typed, "email")
    except ApiError:
        return False
    return True


def is_to_come(expiry: str, now: datetime) -> bool:
    """True for a month and year (`MM / YY`) that is not over."""
    match = re.fullmatch(r"(0?[1-9]|1[0-2])\s*/?\s*(?:20)?([0-9]{2})", expiry)
    return match is not None and (2000 + int(match[2]), int(match[1])) >= (now.year, now.month)


def open_page(stored: StoredSession, typed: Typed, problem: Problem | None) -> Answer:
    """The page of a session that can be paid."""
    total = formatted(stored.amount, stored.body["currency"])
    content = filled(
        "pay.html",
        action=escape(PREFIX + quote(stored.id)),
        shop=escape(urlsplit(stored.body["success_url"]).netloc),
        total=escape(total),
        lines="".join(line_row(line) for line in stored.line_items),
        discount=discount_row(stored),
        promotion=promotion_field(stored, typed, problem),
        back=back_link(stored),
        email=email_field(stored, typed, problem),
        card=card_fields(typed, problem) if stored.amount else "",
        button=escape(f"Pay {total}" if stored.amount else "Complete order"),
    )
    return framed(f"Pay {total}", content, origin_of(stored.body["success_url"]))


def line_row(line: Json) -> str:
    """One line of what is bought."""
    quantity, currency = line["quantity"], line["currency"]
    each = formatted(line["amount_subtotal"] // quantity, currency)
    return filled(
        "line.html",
        name=escape(line["description"]),
        quantity=escape(f"{quantity} × {each}" if quantity > 1 else ""),
        amount=escape(formatted(line["amount_subtotal"], currency)),
    )


def discount_row(stored: StoredSession) -> str:
    """What a promotion code has taken off."""
    off = stored.body["total_details"]["amount_discount"]
    if not off:
        return ""
    amount = escape(f"−{formatted(off, stored.body['currency'])}")
    return filled("line.html", name="Discount", quantity="", amount=amount)


def promotion_field(stored: StoredSession, typed: Typed, problem: Problem | None) -> str:
    """Where a promotion code is typed, if the shop lets buyers do so."""
    if not stored.body["allow_promotion_codes"]:
        return ""
    return filled(
        "promotion.html",
        action=escape(PREFIX + quote(stored.id)),
        code=escape(typed.promotion),
        problem=field_problem("promotion", problem),
        state=field_state("promotion", problem),
    )


def back_link(stored: StoredSession) -> str:
    """The way back to the shop without paying, where the shop named one."""
    address = stored.body["cancel_url"]
    return filled("back.html", address=escape(address)) if address else ""


def email_field(stored: StoredSession, typed: Typed, problem: Problem | None) -> str:
    """The buyer's address: known from the shop, or asked for."""
    known = stored.body["customer_email"]
    if known:
        return filled("email_known.html", email=escape(known))
    return filled(
        "email.html",
        email=escape(typed.email or (stored.body["customer_details"] or {}).get("email", "")),
        problem=field_problem("email", problem),
        state=field_state("email", problem),
    )


def card_fields(typed: Typed, problem: Problem | None) -> str:
    """The test cards to choose from, and the fields of a card."""
    chosen = card_numbered(typed.number)
    is_account = chosen is not None and chosen.kind == "sepa_debit"
    return filled(
        "card.html",
        label="Account number (IBAN)" if is_account else "Card number",
        expiry="" if is_account else expiry_fields(typed, problem),
        choices="".join(card_choice(card, chosen=card == chosen) for card in CARDS),
        number=escape(typed.number),
        number_problem=field_problem("number", problem),
        number_state=field_state("number", problem),
    )


def expiry_fields(typed: Typed, problem: Problem | None) -> str:
    """The fields that a card has beside its number."""
    return filled(
        "expiry.html",
        expiry=escape(typed.expiry),
        expiry_problem=field_problem("expiry", problem),
        expiry_state=field_state("expiry", problem),
        code=escape(typed.code),
        code_problem=field_problem("code", problem),
        code_state=field_state("code", problem),
    )


def card_choice(card: Card, *, chosen: bool) -> str:
    """A test card that fills the fields in when it is chosen."""
    return filled(
        "card_choice.html",
        name=card.name,
        number=card.grouped,
        outcome=escape(card.outcome),
        state='aria-current="true"' if chosen else "",
    )


def field_problem(field: str, problem: Problem | None) -> str:
    """What is wrong with a field, said right above it: where the page opens after a refusal."""
    if problem is None or problem.field != field:
        return ""
    return filled("problem.html", message=escape(problem.message))


def field_state(field: str, problem: Problem | None) -> str:
    """What marks the field that a problem is about."""
    wrong = problem is not None and problem.field == field
    return 'aria-invalid="true" aria-describedby="problem" autofocus' if wrong else ""


def second_step(stored: StoredSession) -> Answer:
    """The page on which the buyer confirms the payment with the bank."""
    content = filled(
        "second_step.html",
        action=escape(PREFIX + quote(stored.id)),
        total=escape(formatted(stored.amount, stored.body["currency"])),
        shop=escape(urlsplit(stored.body["success_url"]).netloc),
    )
    return framed("Confirm the payment", content, origin_of(stored.body["success_url"]))


def completed(stored: StoredSession) -> Answer:
    """The page of a session that is done."""
    content = filled(
        "closed.html",
        heading="This order is complete",
        message="It cannot be paid again. You can go back to the shop.",
        link=onward_link(checkout.success_address(stored), "Continue to the shop"),
    )
    return framed("Order complete", content)


def expired(stored: StoredSession) -> Answer:
    """The page of a session whose time is over."""
    address = stored.body["cancel_url"]
    content = filled(
        "closed.html",
        heading="This payment page has expired",
        message="Nothing was charged. Begin the purchase again in the shop.",
        link=onward_link(address, "Back to the shop") if address else "",
    )
    return framed("Page expired", content)


def unknown() -> Answer:
    """The page of an address that names no session."""
    content = filled(
        "closed.html",
        heading="There is no such payment page",
        message="Nothing was charged. The address is wrong, or the sandbox was started anew.",
        link="",
    )
    return framed("No such page", content, status=404)


def onward_link(address: str, label: str) -> str:
    """The one way on from a page that is closed."""
    return filled("onward.html", address=escape(address), label=escape(label))


def framed(title: str, content: str, returns_to: str = "", *, status: int = 200) -> Answer:
    """A whole page. Browsers hold the form to `returns_to` too, since they follow its redirect."""
    page = filled("frame.html", title=escape(title), content=content)
    policy = (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
        f"frame-ancestors 'none'; form-action 'self' {returns_to}"
    )
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": policy.strip(),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return Answer(status, page.encode(), HTML_TYPE, headers)


def filled(template: str, /, **values: str) -> str:
    """The template with its places filled; values are HTML already."""
    return Template((PAGES / template).read_text(encoding="utf-8")).substitute(values)


def origin_of(address: str) -> str:
    """Scheme, host and port of an absolute address, safe inside a policy."""
    parts = urlsplit(address)
    port = f":{parts.port}" if parts.port else ""
    host = parts.hostname or ""
    return f"{parts.scheme}://{host}{port}" if re.fullmatch(r"[a-z0-9.\-]+", host) else ""
