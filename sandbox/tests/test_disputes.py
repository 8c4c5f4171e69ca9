"""Disputes: opened, won, lost; inquiries, which take no money."""

import pytest
import stripe

from sandbox.tests.conftest import bank, client_of
from sandbox.tests.test_refunds import charge_of, kinds, paid
from testing.sandbox import RunningSandbox


def told(client: stripe.StripeClient) -> list[str]:
    """The kinds of the events about disputes, oldest first."""
    events = client.v1.events.list({"type": "charge.dispute.*"}).data
    return [event.type.removeprefix("charge.dispute.") for event in reversed(events)]


def test_dispute_takes_the_money(own_sandbox: RunningSandbox) -> None:
    client = client_of(own_sandbox)
    intent = paid(own_sandbox)
    opened = own_sandbox.control.dispute(intent, reason="product_not_received")
    dispute = client.v1.disputes.retrieve(opened["id"])
    assert (dispute.amount, dispute.status) == (1999, "needs_response")
    assert dispute.reason == "product_not_received"
    assert charge_of(client, intent).disputed is True
    assert told(client) == ["created", "funds_withdrawn"]
    assert client.v1.balance.retrieve().pending[0].amount == -1500


@pytest.mark.parametrize(
    ("outcome", "events", "balance"),
    [
        ("won", ["created", "funds_withdrawn", "funds_reinstated", "closed"], 1999 - 1500),
        ("lost", ["created", "funds_withdrawn", "closed"], -1500),
    ],
)
def test_closed_dispute_stays_so(
    own_sandbox: RunningSandbox, outcome: str, events: list[str], balance: int
) -> None:
    client = client_of(own_sandbox)
    dispute = own_sandbox.control.dispute(paid(own_sandbox))["id"]
    own_sandbox.control.close_dispute(dispute, outcome)
    own_sandbox.control.close_dispute(dispute, "lost" if outcome == "won" else "won")
    assert client.v1.disputes.retrieve(dispute).status == outcome
    assert told(client) == events
    assert kinds(client, "charge.dispute.closed")[0]["status"] == outcome
    assert client.v1.balance.retrieve().pending[0].amount == balance


def test_inquiry_takes_nothing(own_sandbox: RunningSandbox) -> None:
    client = client_of(own_sandbox)
    intent = paid(own_sandbox)
    dispute = own_sandbox.control.dispute(intent, inquiry=True)
    assert (dispute["status"], dispute["balance_transactions"]) == ("warning_needs_response", [])
    assert charge_of(client, intent).disputed is False
    assert own_sandbox.control.close_dispute(dispute["id"], "won")["status"] == "warning_closed"
    assert told(client) == ["created", "closed"]


def test_card_that_is_disputed(own_sandbox: RunningSandbox) -> None:
    client = client_of(own_sandbox)
    intent = paid(own_sandbox, card="disputed")
    (dispute,) = client.v1.disputes.list({"payment_intent": intent}).data
    assert (dispute.reason, dispute.payment_intent) == ("fraudulent", intent)


def test_disputed_charge_is_neither_refunded_nor_disputed_again(
    own_sandbox: RunningSandbox,
) -> None:
    client = client_of(own_sandbox)
    intent = paid(own_sandbox)
    own_sandbox.control.dispute(intent)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"payment_intent": intent})
    assert caught.value.code == "charge_disputed"
    with pytest.raises(AssertionError, match="charged back"):
        own_sandbox.control.dispute(intent)


def test_dispute_is_of_what_was_not_refunded(own_sandbox: RunningSandbox) -> None:
    intent = paid(own_sandbox)
    own_sandbox.control.refund(intent, amount=999)
    assert own_sandbox.control.dispute(intent)["amount"] == 1000


def test_unpaid_session_is_not_disputed(own_sandbox: RunningSandbox) -> None:
    client = client_of(own_sandbox)
    own_sandbox.control.decline(client.v1.checkout.sessions.create(bank()).id)
    (intent,) = client.v1.payment_intents.list().data
    with pytest.raises(AssertionError, match="does not have a successful charge"):
        own_sandbox.control.dispute(intent.id)
