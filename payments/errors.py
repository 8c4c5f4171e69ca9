"""Why a purchase cannot go on, one class a reason that the caller can act on.

Stripe's own errors stand in `stripe_integration.py`.
"""

from catalog.models import TestBank
from payments.models import Order


class PaymentError(Exception):
    """Base of this room's errors."""


class BankError(PaymentError):
    """The bank cannot be bought by this person now."""

    def __init__(self, test_bank: TestBank) -> None:
        self.test_bank = test_bank
        super().__init__(test_bank.slug)


class AlreadyOwned(BankError):
    """The learner has access: nobody is charged twice."""


class FreeBank(BankError):
    """The bank costs nothing; `catalog.services.claim_free_bank` gives it."""


class NotOnSale(BankError):
    """The bank is a draft or was withdrawn."""


class PaymentUnderWay(PaymentError):
    """The buyer has paid by a slow method; the money is still on its way."""

    def __init__(self, order: Order) -> None:
        self.order = order
        super().__init__(str(order.pk))


class NotPaid(PaymentError):
    """Stripe does not say that the session is paid."""


class UnknownSession(PaymentError):
    """No order here knows this session."""
