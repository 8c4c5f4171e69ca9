"""Charges, refunds and disputes, as Stripe reports them, applied to their order.

Each caller (webhook, reconciliation, an answer of the API) records facts. The order and its
accesses are then recalculated from all facts, so the order in which they came does not matter.
"""

import json
import logging
import uuid
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.formats import date_format

from catalog.models import Access
from catalog.services import withhold_access
from outbox.services import mails_queued, queue_mail
from payments.domain.order_balance import (
    DISPUTE_RANK,
    DISPUTE_STATUSES,
    REFUND_RANK,
    OrderBalance,
    calculate_balance,
    withheld_from,
)
from payments.domain.order_life_cycle import mark_balance, record_event
from payments.domain.receipts import recipient_of
from payments.errors import OtherMode, UnknownPayment
from payments.models import Dispute, Order, Refund, StripeEvent
from payments.stripe.errors import MalformedObject
from payments.stripe.facts import (
    ChargeFacts,
    DisputeFacts,
    RefundFacts,
    charge_facts,
    dispute_facts,
    event_created_at,
    mode_of,
    refund_facts,
)

logger = logging.getLogger(__name__)

EVENT_KINDS = {
    Order.Status.PAID: "money-back",
    Order.Status.PARTIALLY_REFUNDED: "partly-refunded",
    Order.Status.REFUNDED: "refunded",
    Order.Status.DISPUTED: "disputed",
}


@transaction.atomic
def record_charge(
    charge: ChargeFacts, *, livemode: bool, told_at: datetime, source: str, at: datetime
) -> Order:
    """Record the refunded sum of a charge; the latest report counts. Idempotent.

    Raises: UnknownPayment, OtherMode.
    """
    order = _lock_order_paid_with(charge.payment_intent_id, livemode=livemode)
    known = (order.charge_told_at, order.charge_refunded_minor)
    if known[0] is None or known < (told_at, charge.amount_refunded_minor):
        order.charge_told_at = told_at
        order.charge_refunded_minor = charge.amount_refunded_minor
        order.save(update_fields=["charge_told_at", "charge_refunded_minor"])
    apply_balance(order, source=source, at=at)
    return order


@transaction.atomic
def record_refund(
    refund: RefundFacts, *, livemode: bool, told_at: datetime | None, source: str, at: datetime
) -> Order:
    """Record a refund; its most advanced status is kept. Idempotent.

    `told_at` is the time of the event that reported it. It is None for an answer of the API,
    which does not say since when the refund has its status, and our own time could lie before
    the charge's last event. Raises: UnknownPayment, OtherMode.
    """
    order = _lock_order_paid_with(refund.payment_intent_id, livemode=livemode)
    if known := _known_refund(order, refund):
        _update_refund(known, refund, told_at=told_at)
    else:
        Refund.objects.create(
            order=order,
            stripe_id=refund.id,
            amount_minor=refund.amount_minor,
            currency=refund.currency,
            status=refund.status,
            reason=refund.reason,
            failure=refund.failure[:100],
            created_at=refund.created_at,
            told_at=told_at,
        )
    apply_balance(order, source=source, at=at)
    return order


def _known_refund(order: Order, facts: RefundFacts) -> Refund | None:
    """Find a refund by Stripe's id, or as one that was requested here and has no answer yet."""
    if known := order.refunds.filter(stripe_id=facts.id).first():
        return known
    try:
        requested = uuid.UUID(facts.refund_id)
    except ValueError:
        return None
    return order.refunds.filter(pk=requested, stripe_id=None).first()


def _update_refund(known: Refund, facts: RefundFacts, *, told_at: datetime | None) -> None:
    before = REFUND_RANK[Refund.Status(known.status)]
    after = REFUND_RANK[Refund.Status(facts.status)]
    if after > before:
        known.status, known.failure, known.told_at = facts.status, facts.failure[:100], told_at
    elif after == before and told_at:
        known.told_at = min(known.told_at or told_at, told_at)
    known.stripe_id, known.created_at = facts.id, facts.created_at
    known.save(update_fields=["status", "failure", "told_at", "stripe_id", "created_at"])


@transaction.atomic
def record_dispute(
    dispute: DisputeFacts, *, livemode: bool, told_at: datetime, source: str, at: datetime
) -> Order:
    """Record a dispute; a status that closes it is kept, then the later one. Idempotent.

    Raises: UnknownPayment, OtherMode.
    """
    order = _lock_order_paid_with(dispute.payment_intent_id, livemode=livemode)
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
    if not is_new and _precedence(dispute.status, told_at) > _precedence(
        known.status, known.told_at
    ):
        known.status, known.told_at = dispute.status, told_at
        known.amount_minor, known.evidence_due_at = dispute.amount_minor, dispute.evidence_due_at
        known.save(update_fields=["status", "told_at", "amount_minor", "evidence_due_at"])
    apply_balance(order, source=source, at=at)
    return order


def _precedence(status: str, told_at: datetime) -> tuple[int, datetime, int]:
    return DISPUTE_RANK[Dispute.Status(status)], told_at, DISPUTE_STATUSES.index(status)


@transaction.atomic
def record_declined_card(
    intent: Mapping[str, Any], *, livemode: bool, source: str, at: datetime
) -> Order:
    """Record a declined card in the order's history; the buyer may try another.

    Idempotent: one entry for each attempt. Raises: UnknownPayment, OtherMode.
    """
    order = _lock_order_named_by(intent, livemode=livemode)
    error = intent.get("last_payment_error")
    failure = error if isinstance(error, Mapping) else {}
    attempt = str(failure.get("charge") or intent.get("latest_charge") or intent.get("id"))
    if not order.events.filter(kind="declined", detail__attempt=attempt[:255]).exists():
        code = str(failure.get("decline_code") or failure.get("code") or "")
        detail = {"attempt": attempt[:255], "code": code[:100]}
        record_event(order, kind="declined", source=source, at=at, detail=detail)
    return order


def _lock_order_named_by(intent: Mapping[str, Any], *, livemode: bool) -> Order:
    """Lock the order in a payment intent's metadata, which is set before the payment."""
    try:
        order_id = uuid.UUID(str((intent.get("metadata") or {}).get("order_id", "")))
    except (ValueError, AttributeError):
        raise UnknownPayment(str(intent.get("id"))) from None
    order = Order.objects.select_for_update().filter(pk=order_id).first()
    if order is None:
        raise UnknownPayment(str(intent.get("id")))
    return _check_mode(order, livemode=livemode)


def _lock_order_paid_with(payment_intent_id: str, *, livemode: bool) -> Order:
    if not payment_intent_id:
        raise UnknownPayment(payment_intent_id)
    orders = Order.objects.select_for_update().filter(payment_intent_id=payment_intent_id)
    order = orders.filter(paid_at__isnull=False).order_by("created_at").first()
    if order is None:
        raise UnknownPayment(payment_intent_id)
    return _check_mode(order, livemode=livemode)


def _check_mode(order: Order, *, livemode: bool) -> Order:
    if mode_of(livemode=livemode) != order.mode:
        raise OtherMode(order)
    return order


def apply_balance(order: Order, *, source: str, at: datetime) -> None:
    """Bring the order, its accesses and its mails to what its money adds up to.

    Idempotent. The caller has locked the order and owns the transaction.
    """
    refunds = list(order.refunds.prefetch_related("lines").order_by("created_at"))
    disputes = list(order.disputes.all())
    balance = calculate_balance(order, refunds, disputes)
    if (order.status, order.refunded_minor) != (balance.status, balance.refunded_minor):
        mark_balance(
            order,
            kind=EVENT_KINDS[Order.Status(balance.status)],
            status=balance.status,
            refunded_minor=balance.refunded_minor,
            source=source,
            at=at,
        )
        logger.info("order=%s is %s now", order.pk, order.status)
    _withhold_accesses(order, balance, refunds, disputes)
    _queue_refund_mails(order, refunds, at=at)


def _withhold_accesses(
    order: Order, balance: OrderBalance, refunds: Collection[Refund], disputes: Collection[Dispute]
) -> None:
    for line in order.lines.all():
        since, reason = withheld_from(order, line, balance, refunds, disputes)
        withhold_access(
            source_kind=Access.Source.ORDER,
            source_id=str(order.pk),
            test_bank_id=line.test_bank_id,
            since=since,
            reason=reason,
        )


def _queue_refund_mails(order: Order, refunds: Collection[Refund], *, at: datetime) -> None:
    """Queue one mail for each refund, and one for each that failed after its mail was queued."""
    failed = [refund for refund in refunds if refund.status == Refund.Status.FAILED]
    announced = mails_queued(f"refund-{refund.stripe_id}" for refund in failed) if failed else set()
    for refund in refunds:
        if refund.counts:
            _queue_refund_mail(order, refund, "refund", at=at)
        elif refund in failed and f"refund-{refund.stripe_id}" in announced:
            _queue_refund_mail(order, refund, "refund_failed", at=at)


def _queue_refund_mail(order: Order, refund: Refund, kind: str, *, at: datetime) -> None:
    queue_mail(
        key=f"{kind}-{refund.stripe_id}",
        recipient=recipient_of(order),
        template=f"payments/email/{kind}",
        context={
            "price": refund.price,
            "titles": ", ".join(_titles(order, refund)),
            **_access_after(order, refund),
            "path": reverse("payments:success", args=[order.pk]),
            "order": order.number,
        },
        at=at,
    )


def _titles(order: Order, refund: Refund) -> list[str]:
    """Return the banks that the refund is for: all of the order's if it names none."""
    lines = list(refund.lines.all()) or list(order.lines.all())
    return [line.title for line in lines]


def _access_after(order: Order, refund: Refund) -> dict[str, str]:
    """Return what becomes of the access: keep, shorten (and until when), closed, or "" (nothing)."""
    if refund.access == Refund.AccessChoice.SHORTEN and refund.access_until:
        until = date_format(refund.access_until.date(), "DATE_FORMAT")
        return {"access": "shorten", "access_until": until}
    if refund.access == Refund.AccessChoice.REVOKE:
        return {"access": "closed"}
    if refund.access == Refund.AccessChoice.KEEP:
        return {"access": "keep"}
    return {"access": "closed" if order.status == Order.Status.REFUNDED else ""}


def _apply_charge(event: Mapping[str, Any], **context: Any) -> Order:
    return record_charge(charge_facts(event["data"]["object"]), **context)


def _apply_refund(event: Mapping[str, Any], **context: Any) -> Order:
    return record_refund(refund_facts(event["data"]["object"]), **context)


def _apply_dispute(event: Mapping[str, Any], **context: Any) -> Order:
    return record_dispute(dispute_facts(event["data"]["object"]), **context)


HANDLERS: Mapping[str, Callable[..., Order]] = {
    "charge.refunded": _apply_charge,
    "refund.created": _apply_refund,
    "refund.updated": _apply_refund,
    "refund.failed": _apply_refund,
    "charge.dispute.created": _apply_dispute,
    "charge.dispute.updated": _apply_dispute,
    "charge.dispute.closed": _apply_dispute,
    "charge.dispute.funds_reinstated": _apply_dispute,
    "charge.dispute.funds_withdrawn": _apply_dispute,
}


def apply_event(event: Mapping[str, Any], *, source: str, at: datetime) -> Order:
    """Apply an event about a charge, a refund or a dispute. Idempotent.

    Raises: MalformedObject, UnknownPayment, OtherMode.
    """
    return HANDLERS[event["type"]](
        event,
        livemode=bool(event.get("livemode")),
        told_at=event_created_at(event),
        source=source,
        at=at,
    )


def apply_early_events(order: Order, *, source: str, at: datetime) -> None:
    """Apply the stored events that came before the order knew its payment.

    The caller owns the transaction. An event that cannot be read stays unknown, because it must
    not keep the payment from being granted.
    """
    if not order.payment_intent_id:
        return
    # Whoever handles an event holds its row and waits for the order, so waiting for the row here
    # would be a deadlock. The sweep handles an event that is skipped.
    early = StripeEvent.objects.select_for_update(skip_locked=True).filter(
        status__in=[StripeEvent.Status.UNKNOWN, StripeEvent.Status.FOREIGN],
        payment_intent_id=order.payment_intent_id,
        kind__in=HANDLERS,
    )
    for stored in early.only("event_id", "body").order_by("pk"):
        try:
            apply_event(json.loads(stored.body), source=source, at=at)
        except (MalformedObject, UnknownPayment, OtherMode) as error:
            logger.warning("event=%s stays unknown: %s", stored.event_id, error)
            early.filter(pk=stored.pk).update(status=StripeEvent.Status.UNKNOWN)
            continue
        StripeEvent.objects.filter(pk=stored.pk).update(
            status=StripeEvent.Status.DONE, failure="", handled_at=at
        )
        order.refresh_from_db()
