"""Events and their delivery: signed, repeated, in order, remembered."""

from pathlib import Path

import pytest
import stripe

from sandbox.tests.conftest import Shop, bank, client_of
from testing.sandbox import RunningSandbox, running_sandbox
from testing.waiting import wait_until


def test_payment_is_told_signed_and_in_order(telling_sandbox: RunningSandbox, shop: Shop) -> None:
    session = client_of(telling_sandbox).v1.checkout.sessions.create(bank(metadata={"order": "1"}))
    telling_sandbox.control.pay(session.id)
    wait_until(lambda: len(shop.received) == 3)
    charge, intent, completed = shop.events(telling_sandbox.webhook_secret)
    assert (charge.type, intent.type, completed.type) == (
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    )
    told = completed.data.object
    assert (told["id"], told["payment_status"]) == (session.id, "paid")
    assert told["metadata"]["order"] == "1"
    assert completed.api_version == stripe.api_version
    assert (completed.livemode, completed.pending_webhooks) == (False, 1)


def test_wrong_secret_does_not_verify(telling_sandbox: RunningSandbox, shop: Shop) -> None:
    session = client_of(telling_sandbox).v1.checkout.sessions.create(bank())
    telling_sandbox.control.pay(session.id)
    wait_until(lambda: shop.received)
    with pytest.raises(stripe.SignatureVerificationError):
        shop.events("whsec_another")


def test_decline_and_expiry_are_told(telling_sandbox: RunningSandbox, shop: Shop) -> None:
    sessions = client_of(telling_sandbox).v1.checkout.sessions
    session = sessions.create(bank())
    telling_sandbox.control.decline(session.id)
    sessions.expire(session.id, {}, {"idempotency_key": "expire it"})
    wait_until(lambda: len(shop.received) == 3)
    charge, failed, expired = shop.events(telling_sandbox.webhook_secret)
    assert (charge.type, charge.data.object["status"]) == ("charge.failed", "failed")
    assert failed.type == "payment_intent.payment_failed"
    assert failed.data.object["last_payment_error"]["decline_code"] == "generic_decline"
    assert (expired.type, expired.data.object["id"]) == ("checkout.session.expired", session.id)
    assert expired.request is not None
    assert expired.request.idempotency_key == "expire it"


def test_expiry_by_time_is_told(telling_sandbox: RunningSandbox, shop: Shop) -> None:
    client_of(telling_sandbox).v1.checkout.sessions.create(bank())
    telling_sandbox.control.advance_clock(25 * 3600)
    wait_until(lambda: shop.received)
    assert shop.events(telling_sandbox.webhook_secret)[0].type == "checkout.session.expired"


def test_delivery_is_repeated_until_it_is_taken(
    telling_sandbox: RunningSandbox, shop: Shop
) -> None:
    shop.statuses = [500, 302, 200]
    session = client_of(telling_sandbox).v1.checkout.sessions.create(bank(0))
    telling_sandbox.control.pay(session.id)
    wait_until(lambda: telling_sandbox.control.deliveries()[0]["delivered"])
    assert telling_sandbox.control.deliveries()[0]["attempts"] == 3
    bodies = {body for body, _ in shop.received}
    assert (len(shop.received), len(bodies)) == (3, 1)
    (event,) = client_of(telling_sandbox).v1.events.list().data
    assert event.pending_webhooks == 0


def test_paused_deliveries_wait(telling_sandbox: RunningSandbox, shop: Shop) -> None:
    telling_sandbox.control.pause_webhooks()
    client = client_of(telling_sandbox)
    session = client.v1.checkout.sessions.create(bank(0))
    telling_sandbox.control.pay(session.id)
    (event,) = client.v1.events.list({"delivery_success": False}).data
    assert (event.type, event.pending_webhooks) == ("checkout.session.completed", 1)
    assert shop.received == []
    assert telling_sandbox.control.waiting_events() == 1
    telling_sandbox.control.resume_webhooks()
    wait_until(lambda: client.v1.events.list({"delivery_success": True}).data)
    assert client.v1.events.list({"delivery_success": False}).data == []


def test_undelivered_event_is_told_after_a_restart(tmp_path: Path, shop: Shop) -> None:
    shop.statuses = [503]
    options = {"tls": False, "webhook_url": shop.url}
    with running_sandbox(tmp_path, webhook_backoff_seconds=60, **options) as running:  # type: ignore[arg-type] # both fit
        session = client_of(running).v1.checkout.sessions.create(bank(0))
        running.control.pay(session.id)
        wait_until(lambda: running.control.deliveries()[0]["attempts"])
    with running_sandbox(tmp_path, **options) as running:  # type: ignore[arg-type] # both fit
        assert running.control.deliveries()[0]["delivered"] is False
        running.control.advance_clock(60)
        wait_until(lambda: running.control.deliveries()[0]["delivered"])
    assert len(shop.received) == 2


def test_nobody_listening_loses_nothing(own_sandbox: RunningSandbox, shop: Shop) -> None:
    control = own_sandbox.control
    control.send_webhooks_to("http://127.0.0.1:9/nobody")
    session = client_of(own_sandbox).v1.checkout.sessions.create(bank(0))
    control.pay(session.id)
    wait_until(lambda: control.deliveries()[0]["attempts"])
    assert control.deliveries()[0]["last_outcome"] == "ConnectionRefusedError"
    control.send_webhooks_to(shop.url)
    wait_until(lambda: control.deliveries()[0]["delivered"])


def test_webhooks_stay_on_this_machine(own_sandbox: RunningSandbox) -> None:
    with pytest.raises(AssertionError, match="only"):
        own_sandbox.control.send_webhooks_to("http://shop.example/hook")


def test_events_are_listed_by_type_and_paged(own_sandbox: RunningSandbox) -> None:
    client = client_of(own_sandbox)
    for _ in range(3):
        own_sandbox.control.pay(client.v1.checkout.sessions.create(bank()).id)
    kinds = ["checkout.session.completed", "checkout.session.expired"]
    page = client.v1.events.list({"types": kinds, "limit": 2})
    assert (len(page.data), page.has_more) == (2, True)
    assert {event.type for event in page.auto_paging_iter()} == {"checkout.session.completed"}
    assert len(client.v1.events.list({"type": "payment_intent.*"}).data) == 3
    event = page.data[0]
    assert client.v1.events.retrieve(event.id).to_dict() == event.to_dict()


def test_events_older_than_thirty_days_are_not_listed(own_sandbox: RunningSandbox) -> None:
    client = client_of(own_sandbox)
    own_sandbox.control.pay(client.v1.checkout.sessions.create(bank(0)).id)
    own_sandbox.control.advance_clock(31 * 24 * 3600)
    assert client.v1.events.list().data == []
