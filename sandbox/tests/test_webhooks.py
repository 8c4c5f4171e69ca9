"""Delivery of events: signatures, order, retries, pauses, restarts."""

from pathlib import Path

import pytest
import stripe

from sandbox.tests.factories import (
    WebhookReceiver,
    client_for,
    session_params,
)
from testing.sandbox import RunningSandbox, running_sandbox
from testing.waiting import wait_until


def test_events_of_a_payment_are_signed_and_in_order(
    webhook_sandbox: RunningSandbox, receiver: WebhookReceiver
) -> None:
    session = client_for(webhook_sandbox).v1.checkout.sessions.create(
        session_params(metadata={"order": "1"})
    )
    webhook_sandbox.control.pay(session.id)
    wait_until(lambda: len(receiver.received) == 3)
    charge, intent, completed = receiver.events(webhook_sandbox.webhook_secret)
    assert (charge.type, intent.type, completed.type) == (
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    )
    session_sent = completed.data.object
    assert (session_sent["id"], session_sent["payment_status"]) == (session.id, "paid")
    assert session_sent["metadata"]["order"] == "1"
    assert completed.api_version == stripe.api_version
    assert (completed.livemode, completed.pending_webhooks) == (False, 1)


def test_signature_does_not_verify_with_another_secret(
    webhook_sandbox: RunningSandbox, receiver: WebhookReceiver
) -> None:
    session = client_for(webhook_sandbox).v1.checkout.sessions.create(session_params())
    webhook_sandbox.control.pay(session.id)
    wait_until(lambda: receiver.received)
    with pytest.raises(stripe.SignatureVerificationError):
        receiver.events("whsec_another")


def test_decline_and_expiration_send_events(
    webhook_sandbox: RunningSandbox, receiver: WebhookReceiver
) -> None:
    sessions = client_for(webhook_sandbox).v1.checkout.sessions
    session = sessions.create(session_params())
    webhook_sandbox.control.decline(session.id)
    sessions.expire(session.id, {}, {"idempotency_key": "expire it"})
    wait_until(lambda: len(receiver.received) == 3)
    charge, failed, expired = receiver.events(webhook_sandbox.webhook_secret)
    assert (charge.type, charge.data.object["status"]) == ("charge.failed", "failed")
    assert failed.type == "payment_intent.payment_failed"
    assert failed.data.object["last_payment_error"]["decline_code"] == "generic_decline"
    assert (expired.type, expired.data.object["id"]) == ("checkout.session.expired", session.id)
    assert expired.request is not None
    assert expired.request.idempotency_key == "expire it"


def test_expiration_at_its_time_sends_an_event(
    webhook_sandbox: RunningSandbox, receiver: WebhookReceiver
) -> None:
    client_for(webhook_sandbox).v1.checkout.sessions.create(session_params())
    webhook_sandbox.control.advance_clock(25 * 3600)
    wait_until(lambda: receiver.received)
    assert receiver.events(webhook_sandbox.webhook_secret)[0].type == "checkout.session.expired"


def test_delivery_is_retried_until_it_succeeds(
    webhook_sandbox: RunningSandbox, receiver: WebhookReceiver
) -> None:
    receiver.statuses = [500, 302, 200]
    session = client_for(webhook_sandbox).v1.checkout.sessions.create(session_params(0))
    webhook_sandbox.control.pay(session.id)
    wait_until(lambda: webhook_sandbox.control.deliveries()[0]["delivered"])
    assert webhook_sandbox.control.deliveries()[0]["attempts"] == 3
    bodies = {body for body, _ in receiver.received}
    assert (len(receiver.received), len(bodies)) == (3, 1)
    (event,) = client_for(webhook_sandbox).v1.events.list().data
    assert event.pending_webhooks == 0


def test_paused_deliveries_stay_pending(
    webhook_sandbox: RunningSandbox, receiver: WebhookReceiver
) -> None:
    webhook_sandbox.control.pause_webhooks()
    client = client_for(webhook_sandbox)
    session = client.v1.checkout.sessions.create(session_params(0))
    webhook_sandbox.control.pay(session.id)
    (event,) = client.v1.events.list({"delivery_success": False}).data
    assert (event.type, event.pending_webhooks) == ("checkout.session.completed", 1)
    assert receiver.received == []
    assert webhook_sandbox.control.pending_deliveries() == 1
    webhook_sandbox.control.resume_webhooks()
    wait_until(lambda: client.v1.events.list({"delivery_success": True}).data)
    assert client.v1.events.list({"delivery_success": False}).data == []


@pytest.mark.slow
def test_pending_delivery_is_retried_after_a_restart(
    tmp_path: Path, receiver: WebhookReceiver
) -> None:
    receiver.statuses = [503]
    options = {"tls": False, "webhook_url": receiver.url}
    with running_sandbox(tmp_path, webhook_backoff_seconds=60, **options) as running:  # type: ignore[arg-type] # both fit
        session = client_for(running).v1.checkout.sessions.create(session_params(0))
        running.control.pay(session.id)
        wait_until(lambda: running.control.deliveries()[0]["attempts"])
    with running_sandbox(tmp_path, **options) as running:  # type: ignore[arg-type] # both fit
        assert running.control.deliveries()[0]["delivered"] is False
        running.control.advance_clock(60)
        wait_until(lambda: running.control.deliveries()[0]["delivered"])
    assert len(receiver.received) == 2


def test_delivery_survives_an_endpoint_that_is_down(
    own_sandbox: RunningSandbox, receiver: WebhookReceiver
) -> None:
    control = own_sandbox.control
    control.send_webhooks_to("http://127.0.0.1:9/nobody")
    session = client_for(own_sandbox).v1.checkout.sessions.create(session_params(0))
    control.pay(session.id)
    wait_until(lambda: control.deliveries()[0]["attempts"])
    assert control.deliveries()[0]["last_result"] == "ConnectionRefusedError"
    control.send_webhooks_to(receiver.url)
    wait_until(lambda: control.deliveries()[0]["delivered"])


def test_webhooks_to_another_machine_are_refused(own_sandbox: RunningSandbox) -> None:
    with pytest.raises(AssertionError, match="only"):
        own_sandbox.control.send_webhooks_to("http://shop.example/hook")


def test_events_are_filtered_by_type_in_pages(own_sandbox: RunningSandbox) -> None:
    client = client_for(own_sandbox)
    for _ in range(3):
        own_sandbox.control.pay(client.v1.checkout.sessions.create(session_params()).id)
    kinds = ["checkout.session.completed", "checkout.session.expired"]
    page = client.v1.events.list({"types": kinds, "limit": 2})
    assert (len(page.data), page.has_more) == (2, True)
    assert {event.type for event in page.auto_paging_iter()} == {"checkout.session.completed"}
    assert len(client.v1.events.list({"type": "payment_intent.*"}).data) == 3
    event = page.data[0]
    assert client.v1.events.retrieve(event.id).to_dict() == event.to_dict()


def test_events_older_than_thirty_days_are_not_listed(own_sandbox: RunningSandbox) -> None:
    client = client_for(own_sandbox)
    own_sandbox.control.pay(client.v1.checkout.sessions.create(session_params(0)).id)
    own_sandbox.control.advance_clock(31 * 24 * 3600)
    assert client.v1.events.list().data == []
