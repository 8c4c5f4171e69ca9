"""Disputes: chargebacks that are won or lost, and inquiries."""

import pytest
import stripe

from sandbox.tests.factories import (
    charge_of,
    client_for,
    event_objects,
    event_types,
    paid_intent,
    session_params,
)
from testing.sandbox import RunningSandbox


def dispute_events(client: stripe.StripeClient) -> list[str]:
    """Return the event types without their prefix, oldest first."""
    types = event_types(client, "charge.dispute.*")
    return [each.removeprefix("charge.dispute.") for each in types]


def test_dispute_withdraws_the_amount_and_a_fee(empty_sandbox: RunningSandbox) -> None:
    client = client_for(empty_sandbox)
    intent = paid_intent(empty_sandbox)
    opened = empty_sandbox.control.dispute(intent, reason="product_not_received")
    dispute = client.v1.disputes.retrieve(opened["id"])
    assert (dispute.amount, dispute.status) == (1999, "needs_response")
    assert dispute.reason == "product_not_received"
    assert charge_of(client, intent).disputed is True
    assert dispute_events(client) == ["created", "funds_withdrawn"]
    assert client.v1.balance.retrieve().pending[0].amount == -1500


@pytest.mark.parametrize(
    ("outcome", "events", "balance"),
    [
        ("won", ["created", "funds_withdrawn", "funds_reinstated", "closed"], 1999 - 1500),
        ("lost", ["created", "funds_withdrawn", "closed"], -1500),
    ],
)
def test_dispute_is_closed_once(
    empty_sandbox: RunningSandbox, outcome: str, events: list[str], balance: int
) -> None:
    client = client_for(empty_sandbox)
    dispute = empty_sandbox.control.dispute(paid_intent(empty_sandbox))["id"]
    empty_sandbox.control.close_dispute(dispute, outcome)
    empty_sandbox.control.close_dispute(dispute, "lost" if outcome == "won" else "won")
    assert client.v1.disputes.retrieve(dispute).status == outcome
    assert dispute_events(client) == events
    assert event_objects(client, "charge.dispute.closed")[0]["status"] == outcome
    assert client.v1.balance.retrieve().pending[0].amount == balance


def test_inquiry_withdraws_nothing(empty_sandbox: RunningSandbox) -> None:
    client = client_for(empty_sandbox)
    intent = paid_intent(empty_sandbox)
    dispute = empty_sandbox.control.dispute(intent, inquiry=True)
    assert (dispute["status"], dispute["balance_transactions"]) == ("warning_needs_response", [])
    assert charge_of(client, intent).disputed is False
    assert empty_sandbox.control.close_dispute(dispute["id"], "won")["status"] == "warning_closed"
    assert dispute_events(client) == ["created", "closed"]


def test_disputed_test_card_creates_a_dispute(empty_sandbox: RunningSandbox) -> None:
    client = client_for(empty_sandbox)
    intent = paid_intent(empty_sandbox, card="disputed")
    (dispute,) = client.v1.disputes.list({"payment_intent": intent}).data
    assert (dispute.reason, dispute.payment_intent) == ("fraudulent", intent)


def test_disputed_charge_cannot_be_refunded_or_disputed_again(
    empty_sandbox: RunningSandbox,
) -> None:
    client = client_for(empty_sandbox)
    intent = paid_intent(empty_sandbox)
    empty_sandbox.control.dispute(intent)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"payment_intent": intent})
    assert caught.value.code == "charge_disputed"
    with pytest.raises(AssertionError, match="charged back"):
        empty_sandbox.control.dispute(intent)


def test_dispute_is_for_the_unrefunded_amount(empty_sandbox: RunningSandbox) -> None:
    intent = paid_intent(empty_sandbox)
    empty_sandbox.control.refund(intent, amount=999)
    assert empty_sandbox.control.dispute(intent)["amount"] == 1000


def test_unpaid_session_cannot_be_disputed(empty_sandbox: RunningSandbox) -> None:
    client = client_for(empty_sandbox)
    empty_sandbox.control.decline(client.v1.checkout.sessions.create(session_params()).id)
    (intent,) = client.v1.payment_intents.list().data
    with pytest.raises(AssertionError, match="does not have a successful charge"):
        empty_sandbox.control.dispute(intent.id)
