"""Requests, responses and events against Stripe's OpenAPI description.

Needs the folder ../shared.
"""

import json
from contextlib import suppress
from typing import Any

import pytest
import stripe

from sandbox.tests.factories import (
    WebhookReceiver,
    client_for,
    session_params,
)
from testing.contract import breaches, stripe_description
from testing.parts import require
from testing.sandbox import RunningSandbox
from testing.waiting import wait_until

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def description() -> Any:
    """Stripe's OpenAPI description, read by `../shared/stripe/validate.py`."""
    require("shared")
    return stripe_description()


FULL_PARAMS = session_params(
    client_reference_id="order-1",
    customer_email="learner@example.org",
    metadata={"order": "1"},
    payment_intent_data={"metadata": {"order": "1"}, "description": "Order 1"},
    locale="de",
    submit_type="pay",
    allow_promotion_codes=False,
    adaptive_pricing={"enabled": False},
    expand=["line_items"],
)


def use_whole_api(running: RunningSandbox) -> None:
    """Call every operation, and provoke errors."""
    client = client_for(running)
    paid = use_sessions(running, client)
    use_refunds(running, client, running.control.session(paid)["payment_intent"])
    use_debits_authentication_and_disputes(running, client)
    page = client.v1.events.list({"types": ["checkout.session.completed"], "limit": 1})
    client.v1.events.retrieve(page.data[0].id)
    client.v1.events.list({"delivery_success": True, "created": {"gte": 1}})
    use_promotions(running, client)
    use_webhook_endpoints(client)
    client.v1.accounts.retrieve_current()
    client.v1.balance.retrieve()
    provoke_errors(running, client, paid)


def use_sessions(running: RunningSandbox, client: stripe.StripeClient) -> str:
    """Create, pay, retrieve, list and expire sessions; return one that was paid."""
    sessions = client.v1.checkout.sessions
    paid = sessions.create(FULL_PARAMS, {"idempotency_key": "once"})
    sessions.create(FULL_PARAMS, {"idempotency_key": "once"})
    running.control.decline(paid.id)
    running.control.pay(paid.id)
    sessions.retrieve(paid.id, {"expand": ["line_items", "payment_intent.latest_charge"]})
    sessions.line_items.list(paid.id, {"limit": 1})
    running.control.pay(sessions.create(session_params(0)).id)
    sessions.expire(sessions.create(session_params(500, "jpy")).id)
    sessions.list({"limit": 2, "created": {"gte": 1}, "expand": ["data.line_items"]})
    return paid.id


def provoke_errors(running: RunningSandbox, client: stripe.StripeClient, paid: str) -> None:
    """Make requests that Stripe refuses."""
    sessions = client.v1.checkout.sessions
    for refused in (
        lambda: sessions.expire(paid),
        lambda: sessions.retrieve("cs_test_nothing"),
        lambda: sessions.create(session_params(1)),
        lambda: sessions.create(session_params(2999), {"idempotency_key": "once"}),
        client_for(running, "sk_test_unknown_key").v1.balance.retrieve,
    ):
        with suppress(stripe.StripeError):
            refused()


def use_refunds(running: RunningSandbox, client: stripe.StripeClient, intent: str) -> None:
    """Retrieve a payment, refund it in parts, and let one refund fail."""
    client.v1.payment_intents.retrieve(intent)
    whole = client.v1.payment_intents.retrieve(intent, {"expand": ["latest_charge"]})
    client.v1.payment_intents.list({"limit": 3, "expand": ["data.latest_charge"]})
    charge = whole.latest_charge
    assert isinstance(charge, stripe.Charge)
    part = client.v1.refunds.create(
        {"payment_intent": intent, "amount": 500, "metadata": {"order": "1"}}
    )
    client.v1.refunds.create({"charge": charge.id, "reason": "requested_by_customer"})
    client.v1.refunds.update(part.id, {"metadata": {"b": "c"}})
    running.control.fail_refund(part.id)
    client.v1.refunds.retrieve(part.id)
    client.v1.refunds.list({"payment_intent": intent, "limit": 1, "created": {"gte": 1}})
    client.v1.charges.retrieve(charge.id, {"expand": ["refunds"]})
    client.v1.charges.list({"payment_intent": intent})
    with suppress(stripe.StripeError):
        client.v1.refunds.create({"payment_intent": intent, "amount": 501})


def use_debits_authentication_and_disputes(
    running: RunningSandbox, client: stripe.StripeClient
) -> None:
    """Settle debits, authenticate cards, and win and lose disputes."""
    control = running.control

    def session(card: str) -> str:
        created = client.v1.checkout.sessions.create(session_params(currency="eur")).id
        control.pay(created, card=card)
        return created

    later = session("debit")
    client.v1.checkout.sessions.retrieve(later, {"expand": ["payment_intent.latest_charge"]})
    settled = control.settle(later)
    client.v1.refunds.create({"payment_intent": settled["payment_intent"]})
    control.settle(session("debit-fails"), comes=False)
    asked = session("authentication")
    control.act(f"sessions/{asked}/fail_authentication")
    control.pay(asked, card="authentication")
    control.act(f"sessions/{asked}/authenticate")
    session("disputed")
    (dispute,) = client.v1.disputes.list().data
    control.close_dispute(dispute.id, "won")
    client.v1.disputes.retrieve(dispute.id)
    intent = control.pay(client.v1.checkout.sessions.create(session_params()).id)["payment_intent"]
    control.close_dispute(control.dispute(intent, inquiry=True)["id"], "lost")
    control.close_dispute(control.dispute(intent)["id"], "lost")
    client.v1.disputes.list({"payment_intent": intent})


def use_promotions(running: RunningSandbox, client: stripe.StripeClient) -> None:
    """Create codes, and use one with a rest to pay and one without."""
    for percent in (25.5, 100):
        coupon = client.v1.coupons.create({"percent_off": percent, "duration": "once"})
        client.v1.coupons.retrieve(coupon.id)
        code = client.v1.promotion_codes.create(
            {"promotion": {"type": "coupon", "coupon": coupon.id}, "code": f"OFF{percent}"}
        )
        client.v1.promotion_codes.retrieve(code.id)
        session = client.v1.checkout.sessions.create(session_params(allow_promotion_codes=True))
        running.control.act(f"sessions/{session.id}/apply_promotion_code", code=code.code)
        running.control.pay(session.id)
        client.v1.checkout.sessions.retrieve(session.id, {"expand": ["line_items"]})
    client.v1.coupons.create({"amount_off": 500, "currency": "usd", "id": "FIVE"})
    client.v1.coupons.list({"limit": 2})
    client.v1.promotion_codes.list({"code": "OFF100"})


def use_webhook_endpoints(client: stripe.StripeClient) -> None:
    """Create, retrieve, update, list and delete one."""
    endpoints = client.v1.webhook_endpoints
    asked: Any = {"url": "https://shop.example/hook", "enabled_events": ["*"], "description": "A"}
    created = endpoints.create(asked)
    endpoints.retrieve(created.id)
    endpoints.update(created.id, {"disabled": True, "metadata": {"a": "b"}})
    endpoints.list({"limit": 1})
    endpoints.delete(created.id)


def test_requests_and_responses_match_stripes_description(
    own_sandbox: RunningSandbox, description: Any
) -> None:
    use_whole_api(own_sandbox)
    entries = own_sandbox.control.requests()
    assert breaches(entries) == []
    assert {entry["operation"] for entry in entries} == OPERATIONS
    assert {entry["status"] for entry in entries} == {200, 400, 401, 404}


OPERATIONS = {
    "POST /v1/checkout/sessions",
    "GET /v1/checkout/sessions",
    "GET /v1/checkout/sessions/{id}",
    "POST /v1/checkout/sessions/{id}/expire",
    "GET /v1/checkout/sessions/{id}/line_items",
    "GET /v1/payment_intents",
    "GET /v1/payment_intents/{id}",
    "GET /v1/charges",
    "GET /v1/charges/{id}",
    "POST /v1/refunds",
    "GET /v1/refunds",
    "GET /v1/refunds/{id}",
    "POST /v1/refunds/{id}",
    "GET /v1/disputes",
    "GET /v1/disputes/{id}",
    "GET /v1/events",
    "GET /v1/events/{id}",
    "POST /v1/coupons",
    "GET /v1/coupons",
    "GET /v1/coupons/{id}",
    "POST /v1/promotion_codes",
    "GET /v1/promotion_codes",
    "GET /v1/promotion_codes/{id}",
    "POST /v1/webhook_endpoints",
    "GET /v1/webhook_endpoints",
    "GET /v1/webhook_endpoints/{id}",
    "POST /v1/webhook_endpoints/{id}",
    "DELETE /v1/webhook_endpoints/{id}",
    "GET /v1/account",
    "GET /v1/balance",
}


def test_events_match_stripes_description(
    own_sandbox: RunningSandbox, receiver: WebhookReceiver, description: Any
) -> None:
    own_sandbox.control.send_webhooks_to(receiver.url)
    use_whole_api(own_sandbox)
    wait_until(lambda: all(each["delivered"] for each in own_sandbox.control.deliveries()))
    events = [json.loads(body) for body, _ in receiver.received]
    for event in events:
        assert description.schema("event", event) == []
        subject = event["data"]["object"]
        assert description.schema(subject["object"], subject) == []
    assert {event["type"] for event in events} == EVENTS


EVENTS = {
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.funds_reinstated",
    "charge.dispute.funds_withdrawn",
    "charge.failed",
    "charge.pending",
    "charge.refunded",
    "charge.succeeded",
    "charge.updated",
    "checkout.session.async_payment_failed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.completed",
    "checkout.session.expired",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.requires_action",
    "payment_intent.succeeded",
    "refund.created",
    "refund.failed",
    "refund.updated",
}
