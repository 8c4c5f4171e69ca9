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


class ForeignPayment(PaymentError):
    """No order here was paid with this payment."""


class OtherMode(PaymentError):
    """The order belongs to another mode or account of Stripe than the one that spoke or is asked."""

    def __init__(self, order: Order) -> None:
        self.order = order
        super().__init__(f"{order.pk} is of {order.mode}")


class RefundError(PaymentError):
    """The money cannot be paid back as asked; Stripe was not asked."""

    def __init__(self, order: Order) -> None:
        self.order = order
        super().__init__(str(order.pk))


class NothingToRefund(RefundError):
    """Nothing was paid, or all of it has gone back."""


class TooMuch(RefundError):
    """More than what is left of the payment, refunds without an answer counted as gone."""

    def __init__(self, order: Order, *, left_minor: int) -> None:
        self.left_minor = left_minor
        super().__init__(order)
