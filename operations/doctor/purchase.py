"""Making a Checkout session to see that it can be made, and taking it back at once.

Only where it was asked for, and never with live keys. It goes the product's own ways: the
function that a shell calls, and the page with its button. What is left behind is one order
that has expired, of nobody; it counts nowhere and waits for nobody.
"""

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError
from django.db.models import ProtectedError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from catalog.models import TestBank
from operations.doctor.report import Cause, Check, Status
from operations.doctor.verification import page_check, shell_check
from payments.errors import PaymentError
from payments.flows.checkout import withdraw_order
from payments.models import Order
from payments.monitoring.incidents import diagnosis_of
from payments.stripe_integration import CheckoutSession, StripeError, create_checkout_session
from testbank.stripe_settings import LIVE

logger = logging.getLogger("operations.doctor")

SEE_OTHER = 303


class CannotTry(Exception):
    """No session can be made here for this bank; the text says why."""


def bank_to_try(slug: str) -> TestBank:
    """The bank that a session is to be made for. Raises: CannotTry."""
    if settings.STRIPE_MODE == LIVE:
        raise CannotTry("Test sessions are not created with live keys. Use test keys.")
    try:
        test_bank = TestBank.objects.filter(slug=slug).first()
    except DatabaseError as error:
        raise CannotTry(f"The database is not responding: {type(error).__name__}.") from error
    if test_bank is None:
        raise CannotTry(f"There is no test bank {slug!r}: use the last part of its URL.")
    if not test_bank.is_on_sale or test_bank.is_free:
        raise CannotTry(f"The test bank {slug!r} is not for sale.")
    return test_bank


def purchase_checks(test_bank: TestBank) -> list[Check]:
    """Make one session by both ways and expire it. Raises nothing."""
    try:
        with _visitor() as visitor:
            return _try_both(test_bank, visitor)
    except (DatabaseError, ProtectedError) as error:
        logger.exception("the test purchase could not be made")
        why = f"the database rejected it: {type(error).__name__}"
        return _none_made(Cause("UNKNOWN", why))


def _try_both(test_bank: TestBank, visitor: User) -> list[Check]:
    try:
        session = create_checkout_session(test_bank, visitor)
    except StripeError as error:
        diagnosis = diagnosis_of(error)
        cause = Cause.of(diagnosis) if diagnosis else Cause("UNKNOWN", type(error).__name__)
        return _none_made(cause, diagnosis.fix if diagnosis else "")
    except PaymentError as error:
        # The bank was changed in this very moment.
        return _none_made(Cause("UNKNOWN", type(error).__name__))
    shell = shell_check(Status.OK, f"{session.id[:16]}…, expired again")
    return [shell, _page(test_bank, visitor, session)]


def _none_made(cause: Cause, fix: str = "") -> list[Check]:
    failed = shell_check(Status.FAIL, cause.id, fix=fix, cause=cause)
    return [failed, page_check(Status.SKIP, "not reached")]


def _page(test_bank: TestBank, visitor: User, session: CheckoutSession) -> Check:
    """The form of the button, as a browser sends it: the same session must come of it."""
    site = urlsplit(settings.SITE_URL)
    browser = Client(raise_request_exception=False)
    browser.force_login(visitor)
    address = reverse("payments:checkout", args=[test_bank.slug])
    response = browser.post(address, secure=site.scheme == "https", HTTP_HOST=site.netloc)
    browser.logout()
    target = response.headers.get("Location", "")
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(target))
    if response.status_code != SEE_OTHER or target != session.url:
        return _page_failed(f"the button answered {response.status_code}", _host_fix(response))
    if origin != settings.CHECKOUT_ORIGIN:
        fix = f"CHECKOUT_ORIGIN={origin}"
        return _page_failed(f"browsers are not allowed to open {origin}", fix)
    return page_check(Status.OK, f"303 to {origin}, which browsers are allowed to open")


def _host_fix(response: object) -> str:
    if getattr(response, "status_code", 0) == 400:
        return f"ALLOWED_HOSTS={settings.SITE_HOST}"
    return "Check the site's log."


def _page_failed(summary: str, fix: str) -> Check:
    cause = Cause("PURCHASE-PAGE", f"{summary[:1].upper()}{summary[1:]}.")
    return page_check(Status.FAIL, summary, fix=fix, cause=cause)


@contextmanager
def _visitor() -> Iterator[User]:
    """Somebody who can buy, for this moment only; their orders are taken back with them."""
    # A domain that is nobody's, by RFC 2606: no mail can reach anyone.
    visitor = User(email=f"doctor-{secrets.token_hex(6)}@example.org")
    visitor.set_unusable_password()
    visitor.save()
    try:
        yield visitor
    finally:
        for order in Order.objects.awaiting_payment().filter(user=visitor):
            withdraw_order(order, at=timezone.now())
        visitor.delete()
