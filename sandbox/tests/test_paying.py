"""Payments that are not done at once: bank debits, second steps, and their pages."""

from pathlib import Path

import pytest
import stripe

from sandbox.tests.conftest import bank, client_of
from sandbox.tests.test_page import BUYER, PAYS, address, browse, status_of
from testing.sandbox import RunningSandbox, running_sandbox
from testing.waiting import wait_until

DEBIT = {"number": "AT61 1904 3002 3457 3201"}
SECOND_STEP = {**PAYS, "number": "4000 0027 6000 3184"}


def told(client: stripe.StripeClient, kind: str = "checkout.session.*") -> list[str]:
    """The kinds of events so far, oldest first."""
    return [event.type for event in reversed(client.v1.events.list({"type": kind}).data)]


@pytest.mark.parametrize(
    ("comes", "status", "intent_status", "kind"),
    [
        (True, "paid", "succeeded", "async_payment_succeeded"),
        (False, "unpaid", "requires_payment_method", "async_payment_failed"),
    ],
)
def test_bank_debit_is_settled_later(
    own_sandbox: RunningSandbox, comes: bool, status: str, intent_status: str, kind: str
) -> None:
    client = client_of(own_sandbox)
    session = client.v1.checkout.sessions.create(bank(currency="eur")).id
    paid = own_sandbox.control.pay(session, card="debit")
    assert (paid["status"], paid["payment_status"]) == ("complete", "unpaid")
    intent = client.v1.payment_intents.retrieve(paid["payment_intent"])
    assert (intent.status, intent.amount_received) == ("processing", 0)
    settled = own_sandbox.control.settle(session, comes=comes)
    intent = client.v1.payment_intents.retrieve(paid["payment_intent"])
    assert (settled["payment_status"], intent.status) == (status, intent_status)
    assert told(client) == ["checkout.session.completed", f"checkout.session.{kind}"]
    with pytest.raises(AssertionError, match="No money of the session is on its way"):
        own_sandbox.control.settle(session)


@pytest.mark.parametrize(
    ("card", "kind"),
    [("debit", "async_payment_succeeded"), ("debit-fails", "async_payment_failed")],
)
def test_bank_debit_settles_by_time_as_its_number_says(
    own_sandbox: RunningSandbox, card: str, kind: str
) -> None:
    client = client_of(own_sandbox)
    session = client.v1.checkout.sessions.create(bank()).id
    own_sandbox.control.act(f"sessions/{session}/pay", card=card, settle_seconds=3600)
    assert told(client) == ["checkout.session.completed"]
    own_sandbox.control.advance_clock(3601)
    wait_until(lambda: told(client)[-1] == f"checkout.session.{kind}")


def test_money_on_its_way_is_remembered_over_a_restart(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, tls=False) as running:
        session = client_of(running).v1.checkout.sessions.create(bank()).id
        running.control.pay(session, card="debit")
    with running_sandbox(tmp_path, tls=False) as running:
        assert running.control.settle(session)["payment_status"] == "paid"


def test_page_takes_a_bank_account(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, tls=False, arguments=("--settle-seconds=0",)) as running:
        client = client_of(running)
        url = address(client)
        page = browse("GET", f"{url}?card=debit")
        assert ("Account number (IBAN)" in page.text, 'name="code"' in page.text) == (True, False)
        assert browse("POST", url, **BUYER, **DEBIT).status_code == 303
        wait_until(lambda: status_of(client, url) == ("complete", "paid"))


def test_second_step_is_asked_for_and_confirmed(own_sandbox: RunningSandbox) -> None:
    client = client_of(own_sandbox)
    url = address(client)
    page = browse("POST", url, **BUYER, **SECOND_STEP)
    assert "Confirm the payment" in page.text
    assert "Confirm the payment" in browse("GET", url).text
    assert (status_of(client, url), told(client)) == (("open", "unpaid"), [])
    (intent,) = client.v1.payment_intents.list().data
    assert intent.status == "requires_action"
    assert browse("POST", url, step="confirm").status_code == 303
    session = client.v1.checkout.sessions.retrieve(url.rpartition("/")[2])
    assert session.customer_details is not None
    assert (session.payment_status, session.customer_details.email) == ("paid", BUYER["email"])


def test_refused_second_step_may_be_followed_by_another_card(own_sandbox: RunningSandbox) -> None:
    client = client_of(own_sandbox)
    url = address(client)
    browse("POST", url, **BUYER, **SECOND_STEP)
    page = browse("POST", url, step="refuse")
    assert "The payment was not confirmed with the bank. Nothing was charged." in page.text
    assert f'value="{BUYER["email"]}"' in page.text
    assert told(client, "payment_intent.*")[-1] == "payment_intent.payment_failed"
    assert browse("POST", url, **BUYER, **PAYS).status_code == 303
    assert len(client.v1.payment_intents.list().data) == 1


def test_second_step_cannot_be_skipped(own_sandbox: RunningSandbox) -> None:
    client = client_of(own_sandbox)
    session = client.v1.checkout.sessions.create(bank()).id
    with pytest.raises(AssertionError, match="waits for no second step"):
        own_sandbox.control.act(f"sessions/{session}/confirm")
    assert client.v1.checkout.sessions.retrieve(session).status == "open"


def test_each_attempt_is_a_charge(own_sandbox: RunningSandbox) -> None:
    client = client_of(own_sandbox)
    session = client.v1.checkout.sessions.create(
        bank(payment_intent_data={"metadata": {"order": "1"}})
    ).id
    own_sandbox.control.decline(session)
    intent = own_sandbox.control.pay(session)["payment_intent"]
    charges = client.v1.charges.list({"payment_intent": intent}).data
    assert [charge.status for charge in charges] == ["succeeded", "failed"]
    assert [charge.metadata["order"] for charge in charges] == ["1", "1"]
    assert client.v1.payment_intents.retrieve(intent).latest_charge == charges[0].id


def test_session_can_be_looked_at_without_a_request(own_sandbox: RunningSandbox) -> None:
    session = client_of(own_sandbox).v1.checkout.sessions.create(bank())
    assert own_sandbox.control.session(session.id) == session.to_dict()
    assert len(own_sandbox.control.requests()) == 1


def test_unknown_card_is_refused(own_sandbox: RunningSandbox) -> None:
    session = client_of(own_sandbox).v1.checkout.sessions.create(bank()).id
    with pytest.raises(AssertionError, match="card is one of pays"):
        own_sandbox.control.pay(session, card="gold")
