"""The contract: what is sent and what is answered passes Stripe's own description of its API.

Needs the folder ../shared.
"""

import json
from contextlib import suppress
from typing import Any

import pytest
import stripe

from sandbox.tests.conftest import Shop, bank, client_of
from testing.contract import breaches, stripe_description
from testing.parts import require
from testing.sandbox import RunningSandbox
from testing.waiting import wait_until

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def description() -> Any:
    """Stripe's description of its API, as `../shared/stripe/validate.py` reads it."""
    require("shared")
    return stripe_description()


def everything_once(running: RunningSandbox) -> None:
    """Use the whole API, errors included."""
    client = client_of(running)
    sessions = client.v1.checkout.sessions
    full = bank(
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
    paid = sessions.create(full, {"idempotency_key": "once"})
    sessions.create(full, {"idempotency_key": "once"})
    running.control.decline(paid.id)
    intent = running.control.pay(paid.id)["payment_intent"]
    sessions.retrieve(paid.id, {"expand": ["line_items", "payment_intent"]})
    sessions.line_items.list(paid.id, {"limit": 1})
    free = sessions.create(bank(0))
    running.control.pay(free.id)
    sessions.expire(sessions.create(bank(500, "jpy")).id)
    sessions.list({"limit": 2, "created": {"gte": 1}, "expand": ["data.line_items"]})
    client.v1.payment_intents.retrieve(intent)
    page = client.v1.events.list({"types": ["checkout.session.completed"], "limit": 1})
    client.v1.events.retrieve(page.data[0].id)
    client.v1.events.list({"delivery_success": True, "created": {"gte": 1}})
    client.v1.accounts.retrieve_current()
    client.v1.balance.retrieve()
    for refused in (
        lambda: sessions.expire(paid.id),
        lambda: sessions.retrieve("cs_test_nothing"),
        lambda: sessions.create(bank(1)),
        lambda: sessions.create(bank(2999), {"idempotency_key": "once"}),
        client_of(running, "sk_test_unknown_key").v1.balance.retrieve,
    ):
        with suppress(stripe.StripeError):
            refused()


def test_every_request_and_answer_is_as_stripe_describes(
    own_sandbox: RunningSandbox, description: Any
) -> None:
    everything_once(own_sandbox)
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
    "GET /v1/payment_intents/{id}",
    "GET /v1/events",
    "GET /v1/events/{id}",
    "GET /v1/account",
    "GET /v1/balance",
}


def test_every_event_is_as_stripe_describes(
    own_sandbox: RunningSandbox, shop: Shop, description: Any
) -> None:
    own_sandbox.control.send_webhooks_to(shop.url)
    everything_once(own_sandbox)
    wait_until(lambda: len(shop.received) == 5)
    events = [json.loads(body) for body, _ in shop.received]
    for event in events:
        assert description.schema("event", event) == []
        subject = event["data"]["object"]
        assert description.schema(subject["object"], subject) == []
    assert {event["type"] for event in events} == {
        "checkout.session.completed",
        "checkout.session.expired",
        "payment_intent.payment_failed",
        "payment_intent.succeeded",
    }
