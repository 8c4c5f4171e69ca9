"""Events that were stored and whose handling was cut off or failed."""

import json
from datetime import timedelta

import pytest

from catalog.models import Access
from outbox.models import OutgoingMail
from payments.flows.webhook_inbox import (
    GRACE_PERIOD,
    LEASE,
    MAX_TRIES,
    dismiss_event,
    handle_pending_events,
    receive_event,
    replay_event,
)
from payments.models import StripeEvent
from payments.tests.stripe_events import event_of
from testbank.logs import JSONFormatter, current_request_id, with_request_id

pytestmark = pytest.mark.django_db


@pytest.fixture
def stored(order, at):
    """A paid event whose process was killed after storing it."""
    event = event_of(order)
    return StripeEvent.objects.create(
        event_id=event["id"],
        kind=event["type"],
        livemode=False,
        mode="sandbox",
        body=json.dumps(event),
        received_at=at,
    )


def test_next_delivery_handles_a_stored_event(stored, order, at):
    event = event_of(order)
    for _try in range(2):
        receive_event(event=event, body=json.dumps(event).encode(), at=at)
    stored.refresh_from_db()
    assert (stored.status, stored.handled_at, Access.objects.count()) == ("done", at, 1)


def test_sweep_handles_a_stored_event_after_the_grace_period(stored, at):
    moments = [at + GRACE_PERIOD - timedelta(seconds=1), at + GRACE_PERIOD, at + GRACE_PERIOD]
    assert [handle_pending_events(at=moment) for moment in moments] == [0, 1, 0]
    stored.refresh_from_db()
    assert (stored.status, stored.tries, stored.leased_until) == ("done", 1, None)


def test_event_that_another_process_leased_is_left_to_it(stored, at):
    StripeEvent.objects.update(leased_until=at + LEASE)
    assert not replay_event(event=stored, at=at + LEASE - timedelta(seconds=1))
    assert replay_event(event=stored, at=at + LEASE)


def test_event_that_failed_too_often_is_left_to_a_person(stored, at):
    StripeEvent.objects.update(status="failed", tries=MAX_TRIES)
    assert handle_pending_events(at=at + timedelta(days=1)) == 0
    assert replay_event(event=stored, at=at + timedelta(days=1))


def test_dismissed_event_is_not_handled_any_more(stored, order, at):
    assert dismiss_event(event=stored, at=at)
    receive_event(event=event_of(order), body=b"{}", at=at)
    assert not dismiss_event(event=stored, at=at)
    stored.refresh_from_db()
    assert (stored.status, Access.objects.count()) == ("ignored", 0)


def test_event_and_its_emails_have_the_id_of_the_request_that_brought_it(order, at, settings):
    settings.WORKER = True
    event = event_of(order)
    with with_request_id("req-1"):
        receive_event(event=event, body=json.dumps(event).encode(), at=at)
    assert StripeEvent.objects.get().request_id == "req-1"
    assert set(OutgoingMail.objects.values_list("request_id", flat=True)) == {"req-1"}


def test_worker_handles_an_event_under_the_id_of_its_request(stored, at, settings):
    settings.WORKER = True
    StripeEvent.objects.update(request_id="req-2")
    assert handle_pending_events(at=at + GRACE_PERIOD) == 1
    assert set(OutgoingMail.objects.values_list("request_id", flat=True)) == {"req-2"}
    assert current_request_id() == ""


def test_failure_in_the_worker_is_logged_under_the_id_of_the_request(stored, at, caplog):
    StripeEvent.objects.update(request_id="req-3", body="no JSON")
    caplog.handler.setFormatter(JSONFormatter())
    assert handle_pending_events(at=at + GRACE_PERIOD) == 0
    assert '"request_id": "req-3"' in caplog.text
