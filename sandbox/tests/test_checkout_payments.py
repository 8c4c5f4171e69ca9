"""Payments that take more than one step: bank debits and authentication."""

from pathlib import Path

import pytest

from sandbox.tests.factories import (
    BUYER,
    CARD,
    browse,
    client_for,
    event_types,
    page_url,
    session_at,
    session_params,
    status_at,
)
from testing.sandbox import RunningSandbox, running_sandbox
from testing.waiting import wait_until

DEBIT = {"number": "AT61 1904 3002 3457 3201"}
NEEDS_AUTHENTICATION = {**CARD, "number": "4000 0027 6000 3184"}


@pytest.mark.parametrize(
    ("succeeds", "status", "intent_status", "result"),
    [
        (True, "paid", "succeeded", "succeeded"),
        (False, "unpaid", "requires_payment_method", "failed"),
    ],
)
def test_bank_debit_settles_later(
    own_sandbox: RunningSandbox, succeeds: bool, status: str, intent_status: str, result: str
) -> None:
    client = client_for(own_sandbox)
    session = client.v1.checkout.sessions.create(session_params(currency="eur")).id
    paid = own_sandbox.control.pay(session, card="debit")
    assert (paid["status"], paid["payment_status"]) == ("complete", "unpaid")
    intent = client.v1.payment_intents.retrieve(paid["payment_intent"])
    assert (intent.status, intent.amount_received) == ("processing", 0)
    settled = own_sandbox.control.settle(session, comes=succeeds)
    intent = client.v1.payment_intents.retrieve(paid["payment_intent"])
    assert (settled["payment_status"], intent.status) == (status, intent_status)
    assert event_types(client, "checkout.session.*") == [
        "checkout.session.completed",
        f"checkout.session.async_payment_{result}",
    ]
    with pytest.raises(AssertionError, match="no pending debit"):
        own_sandbox.control.settle(session)


@pytest.mark.parametrize(("card", "result"), [("debit", "succeeded"), ("debit-fails", "failed")])
def test_bank_debit_settles_when_due_as_its_number_says(
    own_sandbox: RunningSandbox, card: str, result: str
) -> None:
    client = client_for(own_sandbox)
    session = client.v1.checkout.sessions.create(session_params()).id
    own_sandbox.control.act(f"sessions/{session}/pay", card=card, settle_seconds=3600)
    assert event_types(client, "checkout.session.*") == ["checkout.session.completed"]
    own_sandbox.control.advance_clock(3601)
    wait_until(
        lambda: (
            event_types(client, "checkout.session.*")[-1]
            == f"checkout.session.async_payment_{result}"
        )
    )


@pytest.mark.slow
def test_pending_debit_survives_a_restart(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, tls=False) as running:
        session = client_for(running).v1.checkout.sessions.create(session_params()).id
        running.control.pay(session, card="debit")
    with running_sandbox(tmp_path, tls=False) as running:
        assert running.control.settle(session)["payment_status"] == "paid"


def test_page_accepts_a_bank_account(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, tls=False, arguments=("--settle-seconds=0",)) as running:
        client = client_for(running)
        url = page_url(client)
        page = browse("GET", f"{url}?card=debit")
        assert (">IBAN</label>" in page.text, 'name="cvc"' in page.text) == (True, False)
        assert browse("POST", url, **BUYER, **DEBIT).status_code == 303
        wait_until(lambda: status_at(client, url) == ("complete", "paid"))


def test_authentication_is_required_and_succeeds(empty_sandbox: RunningSandbox) -> None:
    client = client_for(empty_sandbox)
    url = page_url(client)
    page = browse("POST", url, **BUYER, **NEEDS_AUTHENTICATION)
    assert "Authenticate your payment" in page.text
    assert "Authenticate your payment" in browse("GET", url).text
    assert (status_at(client, url), event_types(client, "checkout.session.*")) == (
        ("open", "unpaid"),
        [],
    )
    (intent,) = client.v1.payment_intents.list().data
    assert intent.status == "requires_action"
    assert browse("POST", url, action="authenticate").status_code == 303
    session = session_at(client, url)
    assert session.customer_details is not None
    assert (session.payment_status, session.customer_details.email) == ("paid", BUYER["email"])


def test_failed_authentication_allows_another_card(empty_sandbox: RunningSandbox) -> None:
    client = client_for(empty_sandbox)
    url = page_url(client)
    browse("POST", url, **BUYER, **NEEDS_AUTHENTICATION)
    page = browse("POST", url, action="fail")
    assert "We could not authenticate your card. You have not been charged." in page.text
    assert f'value="{BUYER["email"]}"' in page.text
    assert event_types(client, "payment_intent.*")[-1] == "payment_intent.payment_failed"
    assert browse("POST", url, **BUYER, **CARD).status_code == 303
    assert len(client.v1.payment_intents.list().data) == 1


def test_authentication_that_is_not_required_is_refused(empty_sandbox: RunningSandbox) -> None:
    client = client_for(empty_sandbox)
    session = client.v1.checkout.sessions.create(session_params()).id
    with pytest.raises(AssertionError, match="does not require authentication"):
        empty_sandbox.control.act(f"sessions/{session}/authenticate")
    assert client.v1.checkout.sessions.retrieve(session).status == "open"


def test_each_attempt_is_a_charge(empty_sandbox: RunningSandbox) -> None:
    client = client_for(empty_sandbox)
    session = client.v1.checkout.sessions.create(
        session_params(payment_intent_data={"metadata": {"order": "1"}})
    ).id
    empty_sandbox.control.decline(session)
    intent = empty_sandbox.control.pay(session)["payment_intent"]
    charges = client.v1.charges.list({"payment_intent": intent}).data
    assert [charge.status for charge in charges] == ["succeeded", "failed"]
    assert [charge.metadata["order"] for charge in charges] == ["1", "1"]
    assert client.v1.payment_intents.retrieve(intent).latest_charge == charges[0].id


def test_control_api_returns_a_session_without_logging_a_request(
    empty_sandbox: RunningSandbox,
) -> None:
    session = client_for(empty_sandbox).v1.checkout.sessions.create(session_params())
    assert empty_sandbox.control.session(session.id) == session.to_dict()
    assert len(empty_sandbox.control.requests()) == 1


def test_unknown_card_is_refused(empty_sandbox: RunningSandbox) -> None:
    session = client_for(empty_sandbox).v1.checkout.sessions.create(session_params()).id
    with pytest.raises(AssertionError, match="card must be one of pays"):
        empty_sandbox.control.pay(session, card="gold")
