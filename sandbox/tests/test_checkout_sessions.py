"""Checkout sessions through stripe-python: create, retrieve, list, expire."""

import time

import pytest
import stripe

from sandbox.tests.factories import (
    CANCEL_URL,
    client_for,
    session_params,
)
from testing.sandbox import RunningSandbox


def test_session_is_open_and_unpaid(client: stripe.StripeClient, sandbox: RunningSandbox) -> None:
    before = int(time.time())
    session = client.v1.checkout.sessions.create(
        session_params(
            client_reference_id="order-1", metadata={"order": "1"}, customer_email="a@b.example"
        )
    )
    assert session.id.startswith("cs_test_")
    assert session.url == f"{sandbox.url}/c/pay/{session.id}"
    assert (session.status, session.payment_status) == ("open", "unpaid")
    assert (session.amount_subtotal, session.amount_total, session.currency) == (1999, 1999, "usd")
    assert (session.client_reference_id, session.customer_email) == ("order-1", "a@b.example")
    assert session.to_dict()["metadata"] == {"order": "1"}
    assert session.payment_intent is None
    assert session.livemode is False
    assert 0 <= session.expires_at - 24 * 3600 - before <= 5


def test_retrieved_session_equals_the_created_one(client: stripe.StripeClient) -> None:
    session = client.v1.checkout.sessions.create(session_params())
    assert client.v1.checkout.sessions.retrieve(session.id).to_dict() == session.to_dict()


def test_total_is_the_sum_of_the_line_items(client: stripe.StripeClient) -> None:
    params = session_params(500)
    params["line_items"] = [
        dict(params["line_items"][0], quantity=3),
        *session_params(250)["line_items"],
    ]
    params["expand"] = ["line_items"]
    session = client.v1.checkout.sessions.create(params)
    assert session.amount_total == 1750
    assert session.line_items is not None
    assert [line.amount_total for line in session.line_items.data] == [1500, 250]


def test_line_items_are_paginated(client: stripe.StripeClient) -> None:
    params = session_params(line_items=session_params()["line_items"] * 3)
    session = client.v1.checkout.sessions.create(params)
    lines = client.v1.checkout.sessions.line_items
    everything = lines.list(session.id)
    first = lines.list(session.id, {"limit": 2})
    assert (len(first.data), first.has_more) == (2, True)
    second = lines.list(session.id, {"starting_after": first.data[-1].id})
    assert (second.data, second.has_more) == (everything.data[2:], False)
    before = lines.list(session.id, {"ending_before": everything.data[2].id, "limit": 1})
    assert (before.data, before.has_more) == (everything.data[1:2], True)


def test_free_session_needs_no_payment(client: stripe.StripeClient) -> None:
    session = client.v1.checkout.sessions.create(session_params(0))
    assert session.payment_status == "no_payment_required"


def test_paid_session_has_a_payment_intent(
    client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    session = client.v1.checkout.sessions.create(
        session_params(payment_intent_data={"metadata": {"order": "7"}, "description": "Order 7"})
    )
    sandbox.control.pay(session.id, "buyer@example.org")
    paid = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    assert paid.customer_details is not None
    assert paid.customer_details.email == "buyer@example.org"
    intent = paid.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    assert (intent.status, intent.amount_received, intent.currency) == ("succeeded", 1999, "usd")
    assert (intent.to_dict()["metadata"], intent.description) == ({"order": "7"}, "Order 7")
    assert client.v1.payment_intents.retrieve(intent.id).to_dict() == intent.to_dict()


def test_declined_session_stays_open_and_can_be_paid(
    client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    session = client.v1.checkout.sessions.create(session_params())
    declined = sandbox.control.decline(session.id, "insufficient_funds")
    assert (declined["status"], declined["payment_intent"]) == ("open", None)
    assert sandbox.control.pay(session.id)["payment_status"] == "paid"


def test_paying_twice_charges_once(client: stripe.StripeClient, sandbox: RunningSandbox) -> None:
    session = client.v1.checkout.sessions.create(session_params())
    assert sandbox.control.pay(session.id) == sandbox.control.pay(session.id)


def test_expired_session_has_no_url(client: stripe.StripeClient) -> None:
    session = client.v1.checkout.sessions.create(session_params())
    expired = client.v1.checkout.sessions.expire(session.id)
    assert (expired.status, expired.url, expired.payment_status) == ("expired", None, "unpaid")


def test_expired_session_cannot_be_paid(
    client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    session = client.v1.checkout.sessions.create(session_params())
    client.v1.checkout.sessions.expire(session.id)
    for attempt in (sandbox.control.pay, sandbox.control.decline):
        with pytest.raises(AssertionError, match="can no longer be paid"):
            attempt(session.id)
    assert client.v1.checkout.sessions.retrieve(session.id).payment_intent is None


def test_complete_session_cannot_be_expired(
    client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    session = client.v1.checkout.sessions.create(session_params())
    sandbox.control.pay(session.id)
    with pytest.raises(stripe.InvalidRequestError, match="`complete`"):
        client.v1.checkout.sessions.expire(session.id)
    assert client.v1.checkout.sessions.retrieve(session.id).status == "complete"


def test_session_expires_at_its_time(own_sandbox: RunningSandbox) -> None:
    client = client_for(own_sandbox)
    session = client.v1.checkout.sessions.create(session_params())
    own_sandbox.control.advance_clock(24 * 3600 - 60)
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"
    own_sandbox.control.advance_clock(120)
    assert client.v1.checkout.sessions.retrieve(session.id).status == "expired"
    events = client.v1.events.list({"type": "checkout.session.expired"})
    assert [event.data.object["id"] for event in events.data] == [session.id]


def test_unknown_session_is_404(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.checkout.sessions.retrieve("cs_test_nothing")
    assert caught.value.http_status == 404
    assert (caught.value.code, caught.value.param) == ("resource_missing", "session")


def test_sessions_are_listed_newest_first_in_pages(empty_sandbox: RunningSandbox) -> None:
    sessions = client_for(empty_sandbox).v1.checkout.sessions
    created = [sessions.create(session_params()).id for _ in range(5)][::-1]
    first = sessions.list({"limit": 2})
    assert ([session.id for session in first.data], first.has_more) == (created[:2], True)
    after = sessions.list({"limit": 3, "starting_after": created[1]})
    assert ([session.id for session in after.data], after.has_more) == (created[2:], False)
    before = sessions.list({"limit": 2, "ending_before": created[4]})
    assert ([session.id for session in before.data], before.has_more) == (created[2:4], True)
    assert [session.id for session in first.auto_paging_iter()] == created


def test_sessions_are_filtered_by_status_time_and_intent(own_sandbox: RunningSandbox) -> None:
    sessions = client_for(own_sandbox).v1.checkout.sessions
    early = sessions.create(session_params())
    own_sandbox.control.advance_clock(100)
    late = sessions.create(session_params())
    intent = own_sandbox.control.pay(late.id)["payment_intent"]

    def found(**wanted: object) -> list[str]:
        return [session.id for session in sessions.list(wanted).data]  # type: ignore[arg-type] # any parameters

    assert found(status="open") == [early.id]
    assert found(status="complete") == [late.id]
    assert found(payment_intent=intent) == [late.id]
    assert found(created={"gte": late.created}) == [late.id]
    assert found(created={"lt": late.created, "gt": early.created - 1}) == [early.id]
    assert found(created={"lte": early.created - 1}) == []


def test_session_has_its_success_and_cancel_urls(client: stripe.StripeClient) -> None:
    session = client.v1.checkout.sessions.create(session_params())
    assert session.cancel_url == CANCEL_URL
    assert session.success_url is not None
    assert "{CHECKOUT_SESSION_ID}" in session.success_url


def test_deleted_test_data_leaves_no_objects_or_events(empty_sandbox: RunningSandbox) -> None:
    client = client_for(empty_sandbox)
    session = client.v1.checkout.sessions.create(session_params())
    payment = empty_sandbox.control.pay(session.id)["payment_intent"]
    empty_sandbox.control.refund(payment, amount=100)
    empty_sandbox.control.dispute(payment)
    empty_sandbox.control.delete_test_data()
    assert client.v1.checkout.sessions.list().data == []
    assert client.v1.events.list().data == []
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.retrieve(payment)
