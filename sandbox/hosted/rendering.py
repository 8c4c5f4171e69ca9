"""The HTML of the payment page, from the templates beside this module."""

import re
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import quote, urlsplit

from sandbox.hosted.form import FieldError, PaymentForm
from sandbox.http.messages import HTML_TYPE, Response
from sandbox.money import format_amount
from sandbox.payment_methods import TEST_PAYMENT_METHODS, PaymentMethod, find_by_number
from sandbox.resources import checkout_sessions
from sandbox.resources.checkout_sessions import StoredSession
from sandbox.store import Json

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"
PREFIX = "/c/pay/"


def payment_page(stored: StoredSession, form: PaymentForm, error: FieldError | None) -> Response:
    """Return the page of an open session."""
    total = format_amount(stored.amount, stored.body["currency"])
    content = render(
        "checkout.html",
        action=form_action(stored),
        seller=escape(seller(stored)),
        total=escape(total),
        line_items="".join(line_item(item) for item in stored.line_items),
        discount=discount(stored),
        promotion_code=promotion_code_field(stored, form, error),
        cancel_link=cancel_link(stored),
        email=email_field(stored, form, error),
        payment=payment_fields(form, error) if stored.amount else "",
        button=escape(f"Pay {total}" if stored.amount else "Complete order"),
    )
    return page(f"Pay {total}", content, redirects_to=stored.body["success_url"])


def authentication_page(stored: StoredSession) -> Response:
    """Return the page on which the buyer authenticates with their bank."""
    content = render(
        "authentication.html",
        action=form_action(stored),
        total=escape(format_amount(stored.amount, stored.body["currency"])),
        seller=escape(seller(stored)),
    )
    return page("Authenticate your payment", content, redirects_to=stored.body["success_url"])


def complete_page(stored: StoredSession) -> Response:
    content = render(
        "closed_session.html",
        heading="This order is complete",
        message="You have already paid. Return to the seller’s site to continue.",
        link=link_button(checkout_sessions.success_url(stored), "Continue"),
    )
    return page("Order complete", content)


def expired_page(stored: StoredSession) -> Response:
    url = stored.body["cancel_url"]
    content = render(
        "closed_session.html",
        heading="This payment page has expired",
        message="You have not been charged. Return to the seller’s site to start over.",
        link=link_button(url, "Go back") if url else "",
    )
    return page("Page expired", content)


def not_found_page() -> Response:
    content = render(
        "closed_session.html",
        heading="Payment page not found",
        message="You have not been charged. Check the address, or start over on the seller’s site.",
        link="",
    )
    return page("Page not found", content, status=404)


def page(title: str, content: str, redirects_to: str = "", *, status: int = 200) -> Response:
    """Return a whole page.

    Browsers apply `form-action` to redirects too, so the policy allows the origin of
    `redirects_to`.
    """
    policy = (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
        f"frame-ancestors 'none'; form-action 'self' {origin_of(redirects_to)}"
    )
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": policy.strip(),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    html = render("base.html", title=escape(title), content=content)
    return Response(status, html.encode(), HTML_TYPE, headers)


def line_item(item: Json) -> str:
    quantity, currency = item["quantity"], item["currency"]
    each = format_amount(item["amount_subtotal"] // quantity, currency)
    return render(
        "line_item.html",
        name=escape(item["description"]),
        quantity=escape(f"{quantity} × {each}" if quantity > 1 else ""),
        amount=escape(format_amount(item["amount_subtotal"], currency)),
    )


def discount(stored: StoredSession) -> str:
    """Return a line for the discount of a promotion code, if there is one."""
    off = stored.body["total_details"]["amount_discount"]
    if not off:
        return ""
    amount = escape(f"−{format_amount(off, stored.body['currency'])}")
    return render("line_item.html", name="Discount", quantity="", amount=amount)


def promotion_code_field(stored: StoredSession, form: PaymentForm, error: FieldError | None) -> str:
    if not stored.body["allow_promotion_codes"]:
        return ""
    return render(
        "promotion_code_field.html",
        action=form_action(stored),
        code=escape(form.promotion_code),
        error=field_error("promotion_code", error),
        state=field_state("promotion_code", error),
    )


def cancel_link(stored: StoredSession) -> str:
    url = stored.body["cancel_url"]
    return render("cancel_link.html", url=escape(url)) if url else ""


def email_field(stored: StoredSession, form: PaymentForm, error: FieldError | None) -> str:
    """Return the email that the seller prefilled, or a field for it."""
    prefilled = stored.body["customer_email"]
    if prefilled:
        return render("email_prefilled.html", email=escape(prefilled))
    return render(
        "email_field.html",
        email=escape(form.email or (stored.body["customer_details"] or {}).get("email", "")),
        error=field_error("email", error),
        state=field_state("email", error),
    )


def payment_fields(form: PaymentForm, error: FieldError | None) -> str:
    """Return the list of test cards, and the fields of the chosen one."""
    chosen = find_by_number(form.number)
    is_debit = chosen is not None and chosen.kind == "sepa_debit"
    return render(
        "payment_fields.html",
        label="IBAN" if is_debit else "Card number",
        card_fields="" if is_debit else card_fields(form, error),
        card_choices="".join(
            card_choice(each, is_chosen=each == chosen) for each in TEST_PAYMENT_METHODS
        ),
        number=escape(form.number),
        error=field_error("number", error),
        state=field_state("number", error),
    )


def card_fields(form: PaymentForm, error: FieldError | None) -> str:
    return render(
        "card_fields.html",
        expiry=escape(form.expiry),
        expiry_error=field_error("expiry", error),
        expiry_state=field_state("expiry", error),
        cvc=escape(form.cvc),
        cvc_error=field_error("cvc", error),
        cvc_state=field_state("cvc", error),
    )


def card_choice(method: PaymentMethod, *, is_chosen: bool) -> str:
    """Return a link that fills in the form with this card."""
    return render(
        "card_choice.html",
        name=method.name,
        number=method.grouped_number,
        outcome=escape(method.outcome),
        state='aria-current="true"' if is_chosen else "",
    )


def field_error(field: str, error: FieldError | None) -> str:
    """Return the error if it is about this field."""
    if error is None or error.field != field:
        return ""
    return render("field_error.html", message=escape(error.message))


def field_state(field: str, error: FieldError | None) -> str:
    """Return the attributes that mark and focus the field with the error."""
    is_wrong = error is not None and error.field == field
    return 'aria-invalid="true" aria-describedby="error" autofocus' if is_wrong else ""


def link_button(url: str, label: str) -> str:
    return render("link_button.html", url=escape(url), label=escape(label))


def form_action(stored: StoredSession) -> str:
    """Return the page's own path, without the `?card=` that filled it in."""
    return escape(PREFIX + quote(stored.id))


def seller(stored: StoredSession) -> str:
    """Return the host of the seller's site."""
    return urlsplit(stored.body["success_url"]).netloc


def origin_of(url: str) -> str:
    """Return scheme, host and port, or "" if they would not be safe in a policy."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    host = parts.hostname or ""
    return f"{parts.scheme}://{host}{port}" if re.fullmatch(r"[a-z0-9.\-]+", host) else ""


def render(template: str, /, **values: str) -> str:
    """Fill in the template. Values are HTML already."""
    return Template((TEMPLATES / template).read_text(encoding="utf-8")).substitute(values)
