"""Create a Checkout session as a test, and expire it at once.

Runs only with --create-test-session, and never with live keys. It calls
`create_checkout_session` as a shell does, and posts the purchase form as a browser does. One
expired order without a user remains.
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
from catalog.price_rules import price_problem
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


class PurchaseTestRefused(Exception):
    """No session can be created for this bank; the text says why."""


def purchasable_bank(slug: str) -> TestBank:
    """Return the bank to create a session for. Raises: PurchaseTestRefused."""
    if settings.STRIPE_MODE == LIVE:
        raise PurchaseTestRefused("Test sessions can't be created with live keys. Use test keys.")
    try:
        test_bank = TestBank.objects.filter(slug=slug).first()
    except DatabaseError as error:
        raise PurchaseTestRefused(
            f"The database is not responding: {type(error).__name__}."
        ) from error
    if test_bank is None:
        raise PurchaseTestRefused(
            f"No test bank's URL ends with {slug!r}. Enter the last part of the test bank's URL."
        )
    if not test_bank.is_on_sale or test_bank.is_free:
        raise PurchaseTestRefused(f"The test bank {slug!r} is not for sale.")
    return test_bank


def purchase_checks(test_bank: TestBank) -> list[Check]:
    """Create one session by function and by form, and expire it. Never raises."""
    try:
        with _temporary_buyer() as visitor:
            return _test_both(test_bank, visitor)
    except (DatabaseError, ProtectedError) as error:
        logger.exception("the test purchase could not be made")
        why = f"The database rejected the test purchase: {type(error).__name__}."
        return _failed_checks(Cause("UNKNOWN", why))


def _test_both(test_bank: TestBank, visitor: User) -> list[Check]:
    try:
        session = create_checkout_session(test_bank, visitor)
    except StripeError as error:
        return _not_created(error)
    except PaymentError:
        return _not_for_sale(test_bank)
    shell = shell_check(Status.OK, f"{session.id[:16]}…, created and then expired")
    return [shell, _page(test_bank, visitor, session)]


def _not_created(error: StripeError) -> list[Check]:
    diagnosis = diagnosis_of(error)
    if diagnosis:
        return _failed_checks(Cause.of(diagnosis), diagnosis.fix)
    logger.error("the test purchase could not be made", exc_info=error)
    why = f"The test purchase failed for an unknown reason ({type(error).__name__})."
    return _failed_checks(
        Cause("UNKNOWN", why),
        "Include the output of `manage.py doctor` when you report this problem.",
    )


def _not_for_sale(test_bank: TestBank) -> list[Check]:
    if problem := price_problem(test_bank.price_minor, test_bank.currency):
        why = f"The test bank {test_bank.slug!r} cannot be sold at its current price. {problem}"
        return _failed_checks(Cause("UNKNOWN", why), "Correct the price of this test bank.")
    why = (
        f"The test bank {test_bank.slug!r} could not be bought. It may have been changed during "
        "the test."
    )
    return _failed_checks(Cause("UNKNOWN", why), "Run the doctor again.")


def _failed_checks(cause: Cause, fix: str = "") -> list[Check]:
    failed = shell_check(Status.FAIL, cause.id, fix=fix, cause=cause)
    return [failed, page_check(Status.SKIP, "not reached")]


def _page(test_bank: TestBank, visitor: User, session: CheckoutSession) -> Check:
    """Post the purchase form as a browser does; it must redirect to the same session."""
    site = urlsplit(settings.SITE_URL)
    browser = Client(raise_request_exception=False)
    browser.force_login(visitor)
    address = reverse("payments:checkout", args=[test_bank.slug])
    response = browser.post(address, secure=site.scheme == "https", HTTP_HOST=site.netloc)
    browser.logout()
    target = response.headers.get("Location", "")
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(target))
    if response.status_code != SEE_OTHER or target != session.url:
        return _page_failed(
            f"the purchase form returned status {response.status_code}", _fix_of_response(response)
        )
    if origin != settings.CHECKOUT_ORIGIN:
        fix = f"CHECKOUT_ORIGIN={origin}"
        return _page_failed(f"browsers are not allowed to open {origin}", fix)
    return page_check(Status.OK, f"303 to {origin}, which browsers are allowed to open")


def _fix_of_response(response: object) -> str:
    if getattr(response, "status_code", 0) == 400:
        return f"ALLOWED_HOSTS={settings.SITE_HOST}"
    return "Check the site's log."


def _page_failed(summary: str, fix: str) -> Check:
    cause = Cause("PURCHASE-PAGE", f"{summary[:1].upper()}{summary[1:]}.")
    return page_check(Status.FAIL, summary, fix=fix, cause=cause)


@contextmanager
def _temporary_buyer() -> Iterator[User]:
    """Create a user for the test; withdraw their orders and delete them afterwards."""
    # RFC 2606 reserves the domain, so no mail can reach anyone.
    visitor = User(email=f"doctor-{secrets.token_hex(6)}@example.org")
    visitor.set_unusable_password()
    visitor.save()
    try:
        yield visitor
    finally:
        for order in Order.objects.awaiting_payment().filter(user=visitor):
            withdraw_order(order, at=timezone.now())
        visitor.delete()
