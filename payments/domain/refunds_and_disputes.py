"""Money that goes back, as Stripe tells it: charges, refunds and disputes reach their order.

Each door (webhook, reconciliation, an answer of the API) tells facts; the order and its
accesses are then what all facts together come to, in whatever order they came.
"""

import json
import logging
import uuid
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.urls import reverse

from catalog.models import Access
from catalog.services import withhold_access
from delivery.outbox import Mail, mails_queued, queue_mails
from payments.domain import order_life_cycle as orders
from payments.stripe.facts import (
    UNREADABLE,
    ChargeFacts,
    DisputeFacts,
    MalformedObject,
    RefundFacts,
    charge_facts,
    dispute_facts,
    moment,
    refund_facts,
)
from payments.errors import ForeignPayment, OtherMode
from payments.models import Dispute, Order, Refund, StripeEvent
from payments.domain.order_balance import (
    DISPUTE_ORDER,
    DISPUTE_STEP,
    REFUND_RANK,
    Reckoning,
    reckon,
    withheld_from,
)
from payments.stripe.sessions import mode_told

logger = logging.getLogger("payments.reversals")

WORDS = {
    Order.Status.PAID: "money-back",
    Order.Status.PARTIALLY_REFUNDED: "partly-refunded",
    Order.Status.REFUNDED: "refunded",
    Order.Status.DISPUTED: "disputed",
}


@transaction.atomic
def note_charge(
    charge: ChargeFacts, *, livemode: bool, told_at: datetime, door: str, at: datetime
) -> Order:
    """Stripe named the sum that has gone back of a charge. Idempotent.

    The sum that was named last counts. Raises: ForeignPayment, OtherMode.
    """
    order = _order_of(charge.payment_intent_id, livemode=livemode)
    known = (order.charge_told_at, order.charge_refunded_minor)
    if known[0] is None or known < (told_at, charge.amount_refunded_minor):
        order.charge_told_at = told_at
        order.charge_refunded_minor = charge.amount_refunded_minor
        order.save(update_fields=["charge_told_at", "charge_refunded_minor"])
    balance(order, door=door, at=at)
    return order


@transaction.atomic
def note_refund(
    refund: RefundFacts, *, livemode: bool, told_at: datetime | None, door: str, at: datetime
) -> Order:
    """Stripe told of a refund. Idempotent; of two words the further one counts.

    `told_at` is None where Stripe was asked: its answer does not say since when it is so, and
    a moment of our own could lie before what Stripe told of the charge. Raises:
    ForeignPayment, OtherMode.
    """
    order = _order_of(refund.payment_intent_id, livemode=livemode)
    _merge_refund(order, refund, told_at=told_at)
    balance(order, door=door, at=at)
    return order


def _merge_refund(order: Order, facts: RefundFacts, *, told_at: datetime | None) -> None:
    known = _known_refund(order, facts)
    if known is None:
        Refund.objects.create(
            order=order,
            stripe_id=facts.id,
            amount_minor=facts.amount_minor,
            currency=facts.currency,
            status=facts.status,
            reason=facts.reason,
            failure=facts.failure[:100],
            created_at=facts.created_at,
            told_at=told_at,
        )
        return
    before, after = (
        REFUND_RANK[Refund.Status(known.status)],
        REFUND_RANK[Refund.Status(facts.status)],
    )
    if after > before:
        known.status, known.failure, known.told_at = facts.status, facts.failure[:100], told_at
    elif after == before and told_at:
        known.told_at = min(known.told_at or told_at, told_at)
    known.stripe_id, known.created_at = facts.id, facts.created_at
    known.save(update_fields=["status", "failure", "told_at", "stripe_id", "created_at"])


def _known_refund(order: Order, facts: RefundFacts) -> Refund | None:
    """By Stripe's id; or the one that was asked for here and has had no answer yet."""
    if known := order.refunds.filter(stripe_id=facts.id).first():
        return known
    try:
        asked = uuid.UUID(facts.refund_id)
    except ValueError:
        return None
    return order.refunds.filter(pk=asked, stripe_id=None).first()


@transaction.atomic
def note_dispute(
    dispute: DisputeFacts, *, livemode: bool, told_at: datetime, door: str, at: datetime
) -> Order:
    """Stripe told of a dispute. Idempotent; what closes it counts more, then the later word.

    Raises: ForeignPayment, OtherMode.
    """
    order = _order_of(dispute.payment_intent_id, livemode=livemode)
    known, is_new = Dispute.objects.get_or_create(
        stripe_id=dispute.id,
        defaults={
            "order": order,
            "amount_minor": dispute.amount_minor,
            "currency": dispute.currency,
            "status": dispute.status,
            "reason": dispute.reason[:60],
            "evidence_due_at": dispute.evidence_due_at,
            "created_at": dispute.created_at,
            "told_at": told_at,
        },
    )
    if not is_new and _weight(dispute.status, told_at) > _weight(known.status, known.told_at):
        known.status, known.told_at = dispute.status, told_at
        known.amount_minor, known.evidence_due_at = dispute.amount_minor, dispute.evidence_due_at
        known.save(update_fields=["status", "told_at", "amount_minor", "evidence_due_at"])
    balance(order, door=door, at=at)
    return order


def _weight(status: str, told_at: datetime) -> tuple[int, datetime, int]:
    return DISPUTE_STEP[Dispute.Status(status)], told_at, DISPUTE_ORDER.index(status)


def note_declined(intent: Mapping[str, Any], *, livemode: bool, door: str, at: datetime) -> Order:
    """A card was refused on Stripe's page: a line of history; the buyer may try another.

    Idempotent: one line an attempt. Raises: ForeignPayment, OtherMode.
    """
    order = _order_named(intent, livemode=livemode)
    told = intent.get("last_payment_error")
    failure = told if isinstance(told, Mapping) else {}
    attempt = str(failure.get("charge") or intent.get("latest_charge") or intent.get("id"))
    with transaction.atomic():
        Order.objects.select_for_update().get(pk=order.pk)
        if not order.events.filter(kind="declined", detail__attempt=attempt).exists():
            code = str(failure.get("decline_code") or failure.get("code") or "")
            detail = {"attempt": attempt[:255], "code": code[:100]}
            orders.note(order, kind="declined", door=door, at=at, detail=detail)
    return order


def _order_named(intent: Mapping[str, Any], *, livemode: bool) -> Order:
    """By our own metadata, which the payment carries before the order knows it."""
    try:
        key = uuid.UUID(str((intent.get("metadata") or {}).get("order_id", "")))
    except (ValueError, AttributeError):
        raise ForeignPayment(str(intent.get("id"))) from None
    order = Order.objects.filter(pk=key).first()
    if order is None:
        raise ForeignPayment(str(intent.get("id")))
    return _of_mode(order, livemode=livemode)


def _order_of(payment_intent_id: str, *, livemode: bool) -> Order:
    """The order that was paid with this payment, locked until the transaction ends."""
    found = Order.objects.select_for_update().filter(payment_intent_id=payment_intent_id or None)
    order = found.exclude(paid_at=None).order_by("created_at").first()
    if order is None:
        raise ForeignPayment(payment_intent_id)
    return _of_mode(order, livemode=livemode)


def _of_mode(order: Order, *, livemode: bool) -> Order:
    if mode_told(livemode=livemode) != order.mode:
        raise OtherMode(order)
    return order


def balance(order: Order, *, door: str, at: datetime) -> None:
    """Bring the order and its accesses to what all that is known of its money comes to.

    Idempotent. The caller has locked the order and owns the transaction.
    """
    refunds = list(order.refunds.prefetch_related("lines").order_by("created_at"))
    disputes = list(order.disputes.all())
    reckoning = reckon(order, refunds, disputes)
    if (order.status, order.refunded_minor) != (reckoning.status, reckoning.refunded_minor):
        orders.mark_money(
            order,
            kind=WORDS[Order.Status(reckoning.status)],
            status=reckoning.status,
            refunded_minor=reckoning.refunded_minor,
            door=door,
            at=at,
        )
        logger.info("order=%s is %s now", order.pk, order.status)
    _balance_accesses(order, reckoning, refunds, disputes)
    _queue_mails(order, refunds, at=at)


def _balance_accesses(
    order: Order,
    reckoning: Reckoning,
    refunds: Collection[Refund],
    disputes: Collection[Dispute],
) -> None:
    for line in order.lines.all():
        withhold_access(
            source_kind=Access.Source.ORDER,
            source_id=str(order.pk),
            test_bank_id=line.test_bank_id,
            since=withheld_from(order, line, reckoning, refunds, disputes),
        )


def _queue_mails(order: Order, refunds: Collection[Refund], *, at: datetime) -> None:
    """Tell of each refund once, and of one that came back only where it was told of before."""
    if not refunds:
        return
    told = [_mail(order, one, "refund") for one in refunds if one.counts]
    failed = [one for one in refunds if one.status == Refund.Status.FAILED]
    known = mails_queued(f"refund-{one.stripe_id}" for one in failed)
    came_back = [
        _mail(order, one, "refund_failed") for one in failed if f"refund-{one.stripe_id}" in known
    ]
    queue_mails([*told, *came_back], at=at)


def _mail(order: Order, refund: Refund, kind: str) -> Mail:
    return Mail(
        key=f"{kind}-{refund.stripe_id}",
        recipient=order.email,
        template=f"payments/email/{kind}",
        context={
            "price": refund.price,
            "path": reverse("payments:success", args=[order.pk]),
            "order": str(order.pk),
        },
    )


def _charge_event(event: Mapping[str, Any], **at: Any) -> Order:
    return note_charge(charge_facts(event["data"]["object"]), **at)


def _refund_event(event: Mapping[str, Any], **at: Any) -> Order:
    return note_refund(refund_facts(event["data"]["object"]), **at)


def _dispute_event(event: Mapping[str, Any], **at: Any) -> Order:
    return note_dispute(dispute_facts(event["data"]["object"]), **at)


NOTING: Mapping[str, Callable[..., Order]] = {
    "charge.refunded": _charge_event,
    "refund.created": _refund_event,
    "refund.updated": _refund_event,
    "refund.failed": _refund_event,
    "charge.dispute.created": _dispute_event,
    "charge.dispute.updated": _dispute_event,
    "charge.dispute.closed": _dispute_event,
    "charge.dispute.funds_reinstated": _dispute_event,
    "charge.dispute.funds_withdrawn": _dispute_event,
}


def note_event(event: Mapping[str, Any], *, door: str, at: datetime) -> Order:
    """Handle an event about money that goes back. Idempotent.

    Raises: MalformedObject, ForeignPayment, OtherMode.
    """
    return NOTING[event["type"]](
        event,
        livemode=bool(event.get("livemode")),
        told_at=_told_at(event),
        door=door,
        at=at,
    )


def _told_at(event: Mapping[str, Any]) -> datetime:
    """When Stripe made the event. Raises: MalformedObject."""
    try:
        return moment(event["created"])
    except UNREADABLE as error:
        raise MalformedObject(f"created: {type(error).__name__}") from error


def note_early_events(order: Order, *, door: str, at: datetime) -> None:
    """Handle what came before the order knew its payment. The caller owns the transaction.

    What cannot be read stays unknown: it must not keep the payment from being granted.
    """
    early = StripeEvent.objects.filter(
        status=StripeEvent.Status.UNKNOWN,
        payment_intent_id=order.payment_intent_id,
        kind__in=NOTING,
    )
    for kept in early.order_by("pk"):
        try:
            note_event(json.loads(kept.body), door=door, at=at)
        except (MalformedObject, ForeignPayment, OtherMode) as error:
            logger.warning("event=%s stays unknown: %s", kept.event_id, error)
            continue
        StripeEvent.objects.filter(pk=kept.pk).update(
            status=StripeEvent.Status.DONE, failure="", handled_at=at
        )
    order.refresh_from_db()
