"""Faults injected into deliveries of events, and events resent by hand."""

import json
from pathlib import Path

import pytest

from sandbox.tests.factories import WebhookReceiver, client_for, session_params
from testing.sandbox import RunningSandbox, running_sandbox
from testing.waiting import wait_until


def free_order(running: RunningSandbox) -> str:
    """Complete a session that sends one event, and return its id."""
    session = client_for(running).v1.checkout.sessions.create(session_params(0)).id
    running.control.pay(session)
    return session


def event_ids(receiver: WebhookReceiver) -> list[str]:
    """Return the ids of the events received, in order."""
    return [json.loads(body)["id"] for body, _ in receiver.received]


def session_ids(receiver: WebhookReceiver) -> list[str]:
    """Return the ids of the sessions in the events received, in order."""
    return [json.loads(body)["data"]["object"]["id"] for body, _ in receiver.received]


def test_dropped_event_is_listed_and_never_delivered(
    webhook_sandbox: RunningSandbox, receiver: WebhookReceiver
) -> None:
    webhook_sandbox.control.delivery_fault("dropped")
    dropped, delivered = free_order(webhook_sandbox), free_order(webhook_sandbox)
    wait_until(lambda: receiver.received)
    assert session_ids(receiver) == [delivered]
    assert webhook_sandbox.control.deliveries()[0]["last_result"] == "dropped"
    events = client_for(webhook_sandbox).v1.events.list().data
    assert [event.data.object["id"] for event in events] == [delivered, dropped]


def test_repeated_event_is_delivered_twice(
    webhook_sandbox: RunningSandbox, receiver: WebhookReceiver
) -> None:
    webhook_sandbox.control.delivery_fault("repeated", type="checkout.session.*")
    free_order(webhook_sandbox)
    wait_until(lambda: len(receiver.received) == 2)
    assert len(set(event_ids(receiver))) == 1


def test_twin_event_has_an_id_of_its_own(
    webhook_sandbox: RunningSandbox, receiver: WebhookReceiver
) -> None:
    webhook_sandbox.control.delivery_fault("twin")
    session = free_order(webhook_sandbox)
    wait_until(lambda: len(receiver.received) == 2)
    assert session_ids(receiver) == [session, session]
    events = client_for(webhook_sandbox).v1.events.list().data
    assert sorted(event.id for event in events) == sorted(set(event_ids(receiver)))
    assert len(events) == 2


def test_delayed_event_is_delivered_after_its_delay(
    webhook_sandbox: RunningSandbox, receiver: WebhookReceiver
) -> None:
    webhook_sandbox.control.delivery_fault("delayed", seconds=3600)
    delayed, prompt = free_order(webhook_sandbox), free_order(webhook_sandbox)
    wait_until(lambda: receiver.received)
    webhook_sandbox.control.advance_clock(3600)
    wait_until(lambda: len(receiver.received) == 2)
    assert session_ids(receiver) == [prompt, delayed]


@pytest.mark.slow
def test_delay_survives_a_restart(tmp_path: Path, receiver: WebhookReceiver) -> None:
    with running_sandbox(tmp_path, tls=False, webhook_url=receiver.url) as running:
        running.control.delivery_fault("delayed", seconds=3600)
        free_order(running)
        wait_until(lambda: running.control.deliveries()[0]["last_result"] == "delayed")
    with running_sandbox(tmp_path, tls=False, webhook_url=receiver.url) as running:
        prompt = free_order(running)
        wait_until(lambda: receiver.received)
        assert session_ids(receiver) == [prompt]


def test_events_can_be_resent_and_twinned(
    webhook_sandbox: RunningSandbox, receiver: WebhookReceiver
) -> None:
    free_order(webhook_sandbox)
    wait_until(lambda: receiver.received)
    (event,) = client_for(webhook_sandbox).v1.events.list().data
    webhook_sandbox.control.act(f"events/{event.id}/resend")
    twin = webhook_sandbox.control.act(f"events/{event.id}/twin")
    wait_until(lambda: len(receiver.received) == 3)
    assert event_ids(receiver) == [event.id, event.id, twin["id"]]


@pytest.mark.slow
def test_several_threads_deliver_each_event_once(tmp_path: Path, receiver: WebhookReceiver) -> None:
    threads = ("--webhook-threads=3",)
    with running_sandbox(
        tmp_path, tls=False, webhook_url=receiver.url, arguments=threads
    ) as running:
        sessions = sorted(free_order(running) for _ in range(12))
        wait_until(lambda: len(receiver.received) == 12)
        wait_until(lambda: all(each["delivered"] for each in running.control.deliveries()))
    assert sorted(session_ids(receiver)) == sessions
