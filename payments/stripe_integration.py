"""The purchase up to Stripe's page, and Stripe's errors, for code outside of this app.

The names in this module stay: other code, and `manage.py shell`, imports them from here.
"""

from django.conf import settings
from django.http import HttpRequest
from stripe import APIConnectionError, APIError, InvalidRequestError, StripeError

from accounts.models import User
from catalog.models import TestBank
from payments.domain.order_placement import ReturnUrls
from payments.flows.checkout import CheckoutSession, start_checkout

__all__ = [
    "APIConnectionError",
    "APIError",
    "CheckoutSession",
    "InvalidRequestError",
    "StripeError",
    "create_checkout_session",
]


def create_checkout_session(
    test_bank: TestBank, user: User, request: HttpRequest | None = None
) -> CheckoutSession:
    """Return the Checkout session in which this user can buy this bank.

    Idempotent: called again, or at once from two tabs or two servers, it returns the same
    session while that is open and the bank's price is the same. The order and the exact request
    are committed before Stripe is called. The return URLs are built from `request`, or from
    SITE_URL without one.

    Raises: AlreadyOwned, FreeBank, NotOnSale, NotPayable, PaymentUnderWay; StripeError and its subclasses
    (APIConnectionError, APIError, InvalidRequestError, …) if Stripe cannot be reached or refuses
    the request. The order is kept then, and the next call continues with it.
    """
    origin = f"{request.scheme}://{request.get_host()}" if request else settings.SITE_URL
    return start_checkout(test_bank=test_bank, learner=user, return_urls=ReturnUrls.of_site(origin))
