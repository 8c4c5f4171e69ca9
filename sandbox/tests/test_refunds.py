"""Refunds: full, partial, refused, and failed later."""

from typing import Any

import pytest
import stripe

from sandbox.tests.factories import (
    charge_of,
    client_for,
    event_objects,
    paid_intent,
    session_params,
)
from testing.sandbox import RunningSandbox

InvalidRequest = pytest.raises(stripe.InvalidRequestError)


def test_full_refund(empty_sandbox: RunningSandbox) -> None:
    client = client_for(empty_sandbox)
    intent = paid_intent(empty_sandbox)
    refund = client.v1.refunds.create({"payment_intent": intent, "reason": "duplicate"})
    charge = charge_of(client, intent)
    assert (refund.amount, refund.status, refund.reason) == (1999, "succeeded", "duplicate")
    assert (refund.charge, refund.payment_intent) == (charge.id, intent)
    assert (charge.amount_refunded, charge.refunded) == (1999, True)
    assert [each["id"] for each in event_objects(client, "refund.created")] == [refund.id]
    assert client.v1.balance.retrieve().pending[0].amount == 0


def test_partial_refunds_add_up(empty_sandbox: RunningSandbox) -> None:
    client = client_for(empty_sandbox)
    intent = paid_intent(empty_sandbox)
    for amount in (500, 1, 1498):
        client.v1.refunds.create({"payment_intent": intent, "amount": amount})
    charges = event_objects(client, "charge.refunded")
    assert [charge["amount_refunded"] for charge in charges] == [500, 501, 1999]
    assert [charge["refunded"] for charge in charges] == [False, False, True]
    refunds = client.v1.refunds.list({"payment_intent": intent, "limit": 2})
    assert ([refund.amount for refund in refunds.data], refunds.has_more) == ([1498, 1], True)


@pytest.mark.parametrize(
    ("before", "amount", "message"),
    [
        (0, 2000, "Refund amount ($20.00) is greater than charge amount ($19.99)"),
        (
            999,
            1001,
            "Refund amount ($10.01) is greater than unrefunded amount on charge ($10.00)",
        ),
    ],
)
def test_refund_above_the_unrefunded_amount_is_refused(
    empty_sandbox: RunningSandbox, before: int, amount: int, message: str
) -> None:
    client = client_for(empty_sandbox)
    intent = paid_intent(empty_sandbox)
    if before:
        client.v1.refunds.create({"payment_intent": intent, "amount": before})
    with InvalidRequest as caught:
        client.v1.refunds.create({"payment_intent": intent, "amount": amount})
    assert (caught.value.user_message, caught.value.param) == (message, "amount")
    assert charge_of(client, intent).amount_refunded == before


def test_refunded_charge_cannot_be_refunded_again(empty_sandbox: RunningSandbox) -> None:
    client = client_for(empty_sandbox)
    intent = paid_intent(empty_sandbox)
    client.v1.refunds.create({"payment_intent": intent})
    with InvalidRequest as caught:
        client.v1.refunds.create({"payment_intent": intent})
    assert caught.value.code == "charge_already_refunded"


def test_same_idempotency_key_refunds_once(empty_sandbox: RunningSandbox) -> None:
    client = client_for(empty_sandbox)
    intent = paid_intent(empty_sandbox)
    params: Any = {"payment_intent": intent, "amount": 500}
    ids = {client.v1.refunds.create(params, {"idempotency_key": "r"}).id for _ in range(2)}
    assert len(ids) == 1
    assert charge_of(client, intent).amount_refunded == 500


@pytest.mark.parametrize(
    ("asked", "status", "param"),
    [
        ({"payment_intent": "pi_nothing"}, 404, "payment_intent"),
        ({"charge": "ch_nothing"}, 404, "charge"),
        ({}, 400, None),
        ({"payment_intent": "pi_nothing", "amount": 0}, 400, "amount"),
        ({"payment_intent": "pi_nothing", "amount": 1.5}, 400, "amount"),
        ({"payment_intent": "pi_nothing", "reason": "because"}, 400, "reason"),
    ],
)
def test_invalid_refund_is_refused(
    client: stripe.StripeClient, asked: Any, status: int, param: str | None
) -> None:
    with InvalidRequest as caught:
        client.v1.refunds.create(asked)
    assert (caught.value.http_status, caught.value.param) == (status, param)


def test_failed_payment_cannot_be_refunded(empty_sandbox: RunningSandbox) -> None:
    client = client_for(empty_sandbox)
    empty_sandbox.control.decline(client.v1.checkout.sessions.create(session_params()).id)
    (charge,) = client.v1.charges.list().data
    asked: list[Any] = [{"charge": charge.id}, {"payment_intent": charge.payment_intent}]
    for params in asked:
        with InvalidRequest:
            client.v1.refunds.create(params)
    assert client.v1.refunds.list().data == []


def test_failed_refund_makes_its_amount_refundable_again(empty_sandbox: RunningSandbox) -> None:
    client = client_for(empty_sandbox)
    intent = paid_intent(empty_sandbox)
    refund = client.v1.refunds.create({"payment_intent": intent})
    for _ in range(2):
        empty_sandbox.control.fail_refund(refund.id)
    failed = client.v1.refunds.retrieve(refund.id)
    assert (failed.status, failed.failure_reason) == ("failed", "unknown")
    assert (charge_of(client, intent).amount_refunded, charge_of(client, intent).refunded) == (
        0,
        False,
    )
    assert [each["id"] for each in event_objects(client, "refund.failed")] == [refund.id]
    assert client.v1.refunds.create({"payment_intent": intent}).status == "succeeded"


def test_refund_to_a_bank_account_is_pending(empty_sandbox: RunningSandbox) -> None:
    client = client_for(empty_sandbox)
    session = client.v1.checkout.sessions.create(session_params(currency="eur")).id
    empty_sandbox.control.pay(session, card="debit")
    intent = empty_sandbox.control.settle(session)["payment_intent"]
    refund = client.v1.refunds.create({"payment_intent": intent})
    assert refund.status == "pending"
    empty_sandbox.control.act(f"refunds/{refund.id}/succeed")
    assert [each["status"] for each in event_objects(client, "refund.updated")] == ["succeeded"]


def test_dashboard_refund_has_no_request_id(empty_sandbox: RunningSandbox) -> None:
    client = client_for(empty_sandbox)
    intent = paid_intent(empty_sandbox)
    refund = empty_sandbox.control.refund(intent, amount=700, reason="fraudulent")
    assert client.v1.refunds.retrieve(refund["id"]).amount == 700
    (event,) = client.v1.events.list({"type": "refund.created"}).data
    assert event.request is not None
    assert event.request.id is None


def test_charge_expands_its_refunds(empty_sandbox: RunningSandbox) -> None:
    client = client_for(empty_sandbox)
    intent = paid_intent(empty_sandbox)
    refund = client.v1.refunds.create({"payment_intent": intent, "amount": 5})
    found = client.v1.payment_intents.retrieve(intent, {"expand": ["latest_charge"]})
    assert isinstance(found.latest_charge, stripe.Charge)
    charge = client.v1.charges.retrieve(found.latest_charge.id, {"expand": ["refunds"]})
    assert charge.refunds is not None
    assert [each.id for each in charge.refunds.data] == [refund.id]


def test_metadata_can_be_updated(empty_sandbox: RunningSandbox) -> None:
    client = client_for(empty_sandbox)
    created = client.v1.refunds.create(
        {"payment_intent": paid_intent(empty_sandbox), "metadata": {"order": "1"}}
    )
    changed = client.v1.refunds.update(created.id, {"metadata": {"line": "2"}})
    assert changed.to_dict()["metadata"] == {"order": "1", "line": "2"}


@pytest.mark.parametrize("path", ["refunds/re_nothing/fail", "refunds"])
def test_control_api_refuses_as_the_api_does(empty_sandbox: RunningSandbox, path: str) -> None:
    with pytest.raises(AssertionError):
        empty_sandbox.control.act(path)
