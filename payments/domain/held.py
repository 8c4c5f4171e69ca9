"""Payments that opened nothing: held for a person, or cut off, and given their access after all."""

import logging
from datetime import datetime

from django.db import transaction

from accounts.models import User
from catalog.models import Access
from payments.domain import order_life_cycle as orders
from payments.errors import PaymentError
from payments.domain.fulfillment import grant
from payments.models import Order

logger = logging.getLogger("payments.held")


class NotHeld(PaymentError):
    """The order waits for nobody, or its learner is gone."""


@transaction.atomic
def give_access(*, order: Order, at: datetime) -> None:
    """Give what a held order bought: a person has looked and found it right. Idempotent.

    Raises: NotHeld.
    """
    order = Order.objects.select_for_update().get(pk=order.pk)
    if order.granted_at:
        return
    if not order.held or order.user_id is None or not order.is_settled:
        raise NotHeld(str(order.pk))
    orders.mark_granted(order, at=at)
    grant(order, at=at)
    logger.info("order=%s is given its access by a person", order.pk)


@transaction.atomic
def give_missing_access(*, order: Order, at: datetime) -> bool:
    """Give what a paid order lacks without a reason; False where a person must look.

    That is where its learner is gone, or owns one of its banks by now. Idempotent.
    """
    lacking = Order.objects.select_for_update().paid_but_not_granted()
    found = lacking.filter(pk=order.pk).first()
    if found is None or found.user is None or _owns_one(found, found.user, at=at):
        return False
    orders.mark_granted(found, at=at)
    grant(found, at=at)
    logger.warning("order=%s was paid without its access, and has it now", order.pk)
    return True


def _owns_one(order: Order, learner: User, *, at: datetime) -> bool:
    bought = order.lines.values("test_bank")
    return Access.objects.live(at).filter(learner=learner, test_bank__in=bought).exists()
