"""Events as Stripe writes them, signed and delivered, for tests that need no sandbox."""

import json
import time

from stripe import WebhookSignature

URL = "/payments/webhook/"
SECRET = "whsec_tests"


def event_of(order, *, kind="checkout.session.completed", event_id="evt_1", **changes):
    session = {
        "object": "checkout.session",
        "id": f"cs_test_{order.pk.hex}",
        "status": "complete",
        "payment_status": "paid",
        "amount_total": 1900,
        "amount_subtotal": 1900,
        "currency": "usd",
        "livemode": False,
        "metadata": {"order_id": str(order.pk)},
        "payment_intent": "pi_1",
        "url": None,
        "expires_at": 1_800_000_000,
        **changes,
    }
    return {
        "id": event_id,
        "object": "event",
        "type": kind,
        "livemode": False,
        "data": {"object": session},
    }


def deliver(client, event, *, secret=SECRET, signed_at=None):
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    signature = signature_of(body, secret, signed_at)
    return client.post(
        URL, body, content_type="application/json", headers={"Stripe-Signature": signature}
    )


def signature_of(body, secret, signed_at=None):
    timestamp = int(signed_at or time.time())
    signed = f"{timestamp}.{body.decode('utf-8', 'replace')}"
    return f"t={timestamp},v1={WebhookSignature._compute_signature(signed, secret)}"


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
