"""The errors of this app: one class for each reason that a caller can act on.

Stripe's own errors are in `stripe/errors.py`.
"""

from catalog.models import TestBank
from payments.models import Order


class PaymentError(Exception):
    """Base class of this app's errors."""


class BankError(PaymentError):
    """The bank cannot be bought by this person now."""

    def __init__(self, test_bank: TestBank) -> None:
        self.test_bank = test_bank
        super().__init__(test_bank.slug)


class AlreadyOwned(BankError):
    """The learner has access; nobody is charged twice."""


class FreeBank(BankError):
    """The bank costs nothing; `catalog.services.claim_free_bank` grants it."""


class NotOnSale(BankError):
    """The bank is a draft or was withdrawn."""


class NotPayable(BankError):
    """Stripe would refuse the bank's price, so it is not called."""


class PaymentUnderWay(PaymentError):
    """The buyer has paid by a delayed method, and the money has not arrived yet."""

    def __init__(self, order: Order) -> None:
        self.order = order
        super().__init__(str(order.pk))


class NotPaid(PaymentError):
    """Stripe does not report the session as paid."""


class UnknownSession(PaymentError):
    """No order has this session."""


class UnknownPayment(PaymentError):
    """No order was paid with this payment."""


class NotHeld(PaymentError):
    """The order is not held for a person, or its learner is gone."""


class NothingBought(PaymentError):
    """The order granted nothing, so it has no receipt."""


class OtherMode(PaymentError):
    """The order belongs to another Stripe mode or account than the event or the API key."""

    def __init__(self, order: Order) -> None:
        self.order = order
        super().__init__(f"the order {order.pk} is in {order.mode} mode")


class RefundError(PaymentError):
    """The refund is not possible; Stripe was not called."""

    def __init__(self, order: Order) -> None:
        self.order = order
        super().__init__(str(order.pk))


class NothingToRefund(RefundError):
    """Nothing was paid, or all of it was refunded."""


class RefundTooLarge(RefundError):
    """More than is left of the payment; refunds without an answer count as gone."""

    def __init__(self, order: Order, *, left_minor: int) -> None:
        self.left_minor = left_minor
        super().__init__(order)
