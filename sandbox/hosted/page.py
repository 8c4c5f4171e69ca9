"""The hosted payment page, `/c/pay/{session}`, which stands in for Stripe Checkout.

It works without JavaScript. Card numbers are compared with the test cards and not stored.
"""

from sandbox.context import Sandbox
from sandbox.errors import ApiError
from sandbox.hosted import rendering
from sandbox.hosted.form import FieldError, PaymentForm, initial_form, submitted_form, validate
from sandbox.hosted.rendering import PREFIX
from sandbox.http.messages import HTML_TYPE, Request, Response
from sandbox.payment_methods import AUTHENTICATION_FAILED, SUCCEEDS, find_by_number
from sandbox.resources import checkout_payments, checkout_sessions, promotion_codes
from sandbox.resources.checkout_sessions import StoredSession
from sandbox.store import Transaction

ASSETS = {
    "/_assets/page.css": ("page.css", "text/css; charset=utf-8"),
    "/_assets/logo.svg": ("logo.svg", "image/svg+xml"),
}


class HostedPage:
    """Responds to requests to the payment page and its assets."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def asset(self, request: Request) -> Response:
        name, content_type = ASSETS[request.path]
        return Response(200, (rendering.STATIC / name).read_bytes(), content_type)

    def respond(self, request: Request) -> Response:
        """Show the page, or make the payment that its form asks for."""
        identifier = request.path.removeprefix(PREFIX)
        try:
            if request.method == "POST":
                return self.submit(identifier, submitted_form(request))
            return self.show(identifier, initial_form(request), None)
        except ApiError:
            return rendering.not_found_page()

    def show(self, identifier: str, form: PaymentForm, error: FieldError | None) -> Response:
        """Return the page for the session's status. Raises ApiError 404."""
        with self.sandbox.transaction() as transaction:
            stored = checkout_sessions.find(transaction, identifier)
            authenticating = checkout_payments.needs_authentication(transaction, stored)
        if stored.status == "complete":
            return rendering.complete_page(stored)
        if stored.status == "expired":
            return rendering.expired_page(stored)
        if authenticating:
            return rendering.authentication_page(stored)
        return rendering.payment_page(stored, form, error)

    def submit(self, identifier: str, form: PaymentForm) -> Response:
        """Attempt the payment; then redirect to the success URL, or show the page again."""
        with self.sandbox.transaction() as transaction:
            stored = checkout_sessions.find(transaction, identifier)
            error = self.attempt(transaction, stored, form)
            stored = checkout_sessions.find(transaction, identifier)
        self.sandbox.wake_deliveries.set()
        if stored.status == "complete":
            location = checkout_sessions.success_url(stored)
            return Response(303, b"", HTML_TYPE, {"Location": location})
        return self.show(identifier, form, error)

    def attempt(
        self, transaction: Transaction, stored: StoredSession, form: PaymentForm
    ) -> FieldError | None:
        """Do what the form asks for, if the session is still open; return the error, if any."""
        if stored.status != "open":
            return None
        if checkout_payments.needs_authentication(transaction, stored):
            return authenticate(transaction, stored, form.action)
        if form.action == "apply":
            return apply_promotion_code(transaction, stored, form.promotion_code)
        error = validate(form, stored, transaction.now)
        return error or self.pay(transaction, stored, form)

    def pay(
        self, transaction: Transaction, stored: StoredSession, form: PaymentForm
    ) -> FieldError | None:
        """Attempt the payment; return the decline of a card, if any."""
        method = find_by_number(form.number) or SUCCEEDS
        email = stored.body["customer_email"] or form.email
        settle_seconds = self.sandbox.settings.settle_seconds
        checkout_payments.pay(transaction, stored.id, email, method, settle_seconds=settle_seconds)
        if stored.amount and method.kind == "card" and method.decline:
            return FieldError(method.decline.message, "number")
        return None


def apply_promotion_code(
    transaction: Transaction, stored: StoredSession, code: str
) -> FieldError | None:
    try:
        promotion_codes.apply(transaction, stored, code)
    except promotion_codes.NotApplicableError as reason:
        return FieldError(str(reason), "promotion_code")
    return None


def authenticate(transaction: Transaction, stored: StoredSession, action: str) -> FieldError | None:
    """Complete or fail authentication; any other action leaves it pending."""
    if action == "authenticate":
        checkout_payments.authenticate(transaction, stored.id)
    elif action == "fail":
        checkout_payments.fail_authentication(transaction, stored.id)
        return FieldError(AUTHENTICATION_FAILED.message, "number")
    return None
