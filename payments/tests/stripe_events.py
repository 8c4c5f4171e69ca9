"""Event bodies as Stripe writes them, for tests that need no sandbox: charges, refunds, disputes."""

from payments.tests.views.test_webhook import event_of


def payment_of(order):
    """The payment intent of the order's session."""
    return f"pi_{order.pk.hex}"


def event(kind, subject, *, event_id, created, livemode=False):
    return {
        "id": event_id,
        "object": "event",
        "type": kind,
        "created": created,
        "livemode": livemode,
        "data": {"object": subject},
    }


def paid_event(order, *, event_id="evt_paid", **changes):
    return event_of(order, event_id=event_id, payment_intent=payment_of(order), **changes)


def refund_event(
    order,
    *,
    kind="refund.created",
    refund="re_1",
    amount=1900,
    status="succeeded",
    made=1000,
    created=None,
    event_id=None,
    metadata=None,
):
    created = created or made
    subject = {
        "object": "refund",
        "id": refund,
        "amount": amount,
        "currency": "usd",
        "charge": f"ch_{order.pk.hex}",
        "payment_intent": payment_of(order),
        "created": made,
        "status": status,
        "reason": None,
        "metadata": metadata or {},
    }
    name = event_id or f"evt_{kind}_{refund}_{created}_{status}"
    return event(kind, subject, event_id=name, created=created)


def charge_event(order, *, refunded, created=1000, event_id=None, **changes):
    subject = {
        "object": "charge",
        "id": f"ch_{order.pk.hex}",
        "amount": 1900,
        "amount_refunded": refunded,
        "currency": "usd",
        "payment_intent": payment_of(order),
        "refunded": refunded == 1900,
        "metadata": {"order_id": str(order.pk)},
        **changes,
    }
    name = event_id or f"evt_charge_{order.pk.hex}_{created}_{refunded}"
    return event("charge.refunded", subject, event_id=name, created=created)


def dispute_event(
    order,
    *,
    kind="charge.dispute.created",
    dispute="dp_1",
    status="needs_response",
    made=1000,
    created=None,
    event_id=None,
):
    created = created or made
    subject = {
        "object": "dispute",
        "id": dispute,
        "amount": 1900,
        "currency": "usd",
        "charge": f"ch_{order.pk.hex}",
        "payment_intent": payment_of(order),
        "created": made,
        "status": status,
        "reason": "fraudulent",
        "livemode": False,
        "evidence_details": {"due_by": made + 86400, "has_evidence": False},
        "metadata": {},
    }
    name = event_id or f"evt_{kind}_{dispute}_{created}_{status}"
    return event(kind, subject, event_id=name, created=created)
