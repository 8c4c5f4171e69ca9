"""The one room behind the three doors: a paid session becomes access, once.

Webhook, return page and reconciliation all call `fulfil`; any one of them is enough.
"""

import uuid
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from accounts.models import User
from catalog.models import Access
from catalog.services import grant_access
from delivery.outbox import queue_mail
from payments.errors import NotPaid, UnknownSession
from payments.models import Order
from payments.orders import mark_expired, mark_failed, mark_paid
from payments.sessions import SessionFacts

WEBHOOK, RETURN_PAGE, RECONCILIATION, PURCHASE = "webhook", "return", "reconciliation", "purchase"


def order_of(session: SessionFacts) -> Order:
    """The order that a session belongs to, locked. Raises: UnknownSession.

    By its id; and by our own metadata while the order knows no session, since a webhook
    may be faster than our own commit. Never by `client_reference_id`, which a buyer can
    choose on a payment link.
    """
    wanted = Q(session_id=session.id)
    if _is_uuid(session.order_id):
        wanted |= Q(pk=session.order_id, session_id=None)
    order = Order.objects.select_for_update().filter(wanted).first()
    if order is None:
        raise UnknownSession(session.id)
    return order


@transaction.atomic
def fulfil(session: SessionFacts, *, door: str, at: datetime) -> Order:
    """Mark the session's order as paid and give its access.

    Idempotent, atomic, and safe to be called at once from several doors: the end is the
    same. A payment whose amount, currency or mode is not the order's is held for a
    person; a second payment for what is owned is flagged, and the first stays valid.
    Raises: NotPaid where Stripe does not say paid, UnknownSession.
    """
    if not session.is_paid:
        raise NotPaid(session.id)
    order = order_of(session)
    if order.is_settled:
        return order
    learner = _locked_learner(order)
    held = _reason_to_hold(order, session, learner)
    former = None if held else _former_access(order, at=at)
    duplicate_of = _order_behind(former)
    if former and not duplicate_of:
        held = f"the learner had access already ({former.source_kind})"
    granted = not held and not duplicate_of
    mark_paid(
        order, session, door=door, at=at, granted=granted, held=held, duplicate_of=duplicate_of
    )
    if granted and learner:
        _grant(order, learner, at=at)
    return order


def settle(session: SessionFacts, *, door: str, at: datetime) -> Order:
    """Bring the order to what Stripe says of its session: paid, expired, or as it was.

    Idempotent. Raises: UnknownSession.
    """
    if session.is_paid:
        return fulfil(session, door=door, at=at)
    with transaction.atomic():
        order = order_of(session)
        if session.status == "expired":
            mark_expired(order, door=door, at=at)
    return order


@transaction.atomic
def note_failed(session: SessionFacts, *, door: str, at: datetime) -> Order:
    """A delayed payment did not arrive. A late failure never overturns a paid order."""
    order = order_of(session)
    mark_failed(order, door=door, at=at)
    return order


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def _locked_learner(order: Order) -> User | None:
    """The learner, locked, so that two paid orders for one bank are handled one by one."""
    if order.user_id is None:
        return None
    return User.objects.select_for_update().filter(pk=order.user_id).first()


def _reason_to_hold(order: Order, session: SessionFacts, learner: User | None) -> str:
    """Why this payment needs a person; "" where nothing speaks against it."""
    free_of_charge = session.payment_status == "no_payment_required"
    amount = session.amount_before_discount_minor if free_of_charge else session.amount_minor
    if (amount, session.currency) != (order.amount_minor, order.currency):
        return (
            f"Stripe says {amount} {session.currency}, "
            f"the order {order.amount_minor} {order.currency}"
        )
    if session.livemode != (order.mode == Order.Mode.LIVE):
        return f"Stripe says livemode={session.livemode}, the order is {order.mode}"
    return "" if learner else "the learner's account is gone"


def _former_access(order: Order, *, at: datetime) -> Access | None:
    """A live access of the learner to a bank of this order, from another cause."""
    banks = order.lines.values("test_bank")
    return (
        Access.objects.live(at)
        .filter(learner=order.user_id, test_bank__in=banks)
        .exclude(source_kind=Access.Source.ORDER, source_id=str(order.pk))
        .order_by("starts_at")
        .first()
    )


def _order_behind(access: Access | None) -> Order | None:
    """The order that an access comes from; None where it has another cause."""
    if access is None or access.source_kind != Access.Source.ORDER:
        return None
    return Order.objects.filter(pk=access.source_id).first()


def _grant(order: Order, learner: User, *, at: datetime) -> None:
    """Give the access of each line, and queue the mail that says so, in one transaction."""
    for line in order.lines.select_related("test_bank"):
        grant_access(
            learner=learner,
            test_bank=line.test_bank,
            source_kind=Access.Source.ORDER,
            source_id=str(order.pk),
            at=at,
            access_days=line.access_days,
        )
        queue_mail(
            key=f"access-{order.pk}-{line.pk}",
            recipient=order.email,
            template="payments/email/access_ready",
            context={
                "title": line.title,
                "price": order.price,
                "path": reverse("catalog:detail", args=[line.test_bank.slug]),
                "order": str(order.pk),
            },
            at=at,
        )
