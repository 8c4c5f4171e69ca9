import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import Access
from outbox.models import OutgoingMail
from payments.flows.webhook_inbox import SUBSCRIBED_EVENTS
from payments.models import Order, ReceiptCounter, StripeEvent
from payments.monitoring.refused_webhooks import RefusedWebhooks, counter, refused_webhooks
from payments.tests import stripe_events
from payments.tests.stripe_events import SECRET, URL, deliver, event_of, signature_of

STATEMENTS, STATEMENTS_PER_LINE = 14, 3


@pytest.mark.django_db
def test_paid_event_alone_gives_access(client, order):
    response = deliver(client, event_of(order))
    assert (response.status_code, response.text) == (200, "stored")
    order.refresh_from_db()
    assert (order.status, Access.objects.count()) == ("paid", 1)
    kept = StripeEvent.objects.get()
    assert (kept.event_id, kept.status, kept.kind) == (
        "evt_1",
        "done",
        "checkout.session.completed",
    )


@pytest.mark.django_db
def test_event_twice_is_handled_once(client, order):
    deliver(client, event_of(order))
    response = deliver(client, event_of(order))
    assert response.status_code == 200
    assert (StripeEvent.objects.count(), Access.objects.count()) == (1, 1)
    assert order.events.filter(kind="paid").count() == 1


@pytest.mark.django_db
def test_two_events_of_one_payment_grant_once(client, order):
    deliver(client, event_of(order, event_id="evt_1"))
    deliver(client, event_of(order, event_id="evt_2"))
    assert (StripeEvent.objects.count(), Access.objects.count()) == (2, 1)


@pytest.mark.django_db(transaction=True)
def test_event_twice_at_once_is_handled_once(order):
    event = event_of(order)

    def send(_number):
        try:
            return deliver(Client(), event).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        statuses = set(pool.map(send, range(8)))
    assert statuses == {200}
    assert (StripeEvent.objects.count(), Access.objects.count()) == (1, 1)


@pytest.mark.django_db
@pytest.mark.parametrize("signed", [True, False])
def test_address_without_its_last_slash_answers_the_same(client, order, monkeypatch, signed):
    monkeypatch.setattr(stripe_events, "URL", "/payments/webhook")
    secret = stripe_events.SECRET if signed else "whsec_another"
    response = deliver(client, event_of(order), secret=secret)
    assert (response.status_code, Access.objects.count()) == ((200, 1) if signed else (400, 0))


@pytest.mark.django_db
def test_event_of_an_unknown_session_is_stored_and_shown(client, order):
    lost = {"order_id": "b1c5f0ac-0000-4000-8000-000000000000"}
    response = deliver(client, event_of(order, metadata=lost))
    assert response.status_code == 200
    kept = StripeEvent.objects.get()
    assert (kept.status, kept.failure) == ("unknown", "no order has this session")
    assert not Access.objects.exists()


@pytest.mark.django_db
def test_event_of_an_unused_type_is_stored(client, order):
    assert deliver(client, event_of(order, kind="customer.created")).status_code == 200
    assert StripeEvent.objects.get().status == "ignored"


@pytest.mark.django_db
def test_delayed_payment_grants_when_it_arrives(client, order):
    deliver(client, event_of(order, payment_status="unpaid"))
    assert not Access.objects.exists()
    late = event_of(order, kind="checkout.session.async_payment_succeeded", event_id="evt_2")
    deliver(client, late)
    assert Access.objects.count() == 1


@pytest.mark.django_db
def test_failed_delayed_payment_closes_the_order(client, order):
    failed = event_of(order, kind="checkout.session.async_payment_failed", payment_status="unpaid")
    deliver(client, failed)
    order.refresh_from_db()
    assert order.status == "failed"


THIN = {"object": "v2.core.event", "id": "evt_1", "type": "v1.billing.meter.error"}
WHOLE = {"object": "event", "id": "evt_1", "type": "charge.refunded", "data": {"object": {}}}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"not json",
        b"[]",
        b'"text"',
        b"null",
        b"7",
        b"[" * 100_000,
        b'{"object": "event", "id": "evt_1\x00"}',
        *(
            json.dumps(body).encode()
            for body in (
                THIN,
                {**THIN, "object": "event"},
                [WHOLE],
                {**WHOLE, "id": None},
                {**WHOLE, "id": "evt_\x00"},
                {**WHOLE, "id": "e" * 300},
                {**WHOLE, "type": ["charge.refunded"]},
                {**WHOLE, "data": []},
                {**WHOLE, "data": {"object": "ch_1"}},
            )
        ),
    ],
)
@pytest.mark.django_db
def test_bad_input_is_refused_and_not_stored(client, body):
    response = deliver(client, body)
    assert (response.status_code, response.text) == (400, "rejected")
    assert not StripeEvent.objects.exists()


@pytest.mark.pages
@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        (kind, subject)
        for kind in sorted(SUBSCRIBED_EVENTS)
        for subject in (
            {},
            {"object": "charge", "id": "ch_1", "amount_refunded": "much"},
            {"object": "refund", "id": ["re_1"], "amount": 10**30, "created": "now"},
            {"object": "dispute", "status": 1, "payment_intent": {}, "metadata": []},
            {"object": "checkout.session", "metadata": "x", "amount_total": 10**30},
            {"object": "payment_intent", "metadata": [], "last_payment_error": "x"},
        )
    ],
)
@pytest.mark.django_db
def test_malformed_object_is_stored_and_answered_with_200(client, kind, subject):
    event = {**WHOLE, "type": kind, "created": "then", "data": {"object": subject}}
    assert deliver(client, event).status_code == 200
    assert StripeEvent.objects.get().status in {"foreign", "ignored"}


@pytest.mark.django_db
def test_forged_signature_is_refused(client, order):
    assert deliver(client, event_of(order), secret="whsec_other").status_code == 400
    order.refresh_from_db()
    assert (order.status, StripeEvent.objects.count()) == ("pending", 0)


@pytest.mark.django_db
def test_missing_signature_is_refused(client, order):
    body = json.dumps(event_of(order))
    assert client.post(URL, body, content_type="application/json").status_code == 400


@pytest.mark.django_db
def test_old_signature_is_refused(client, order):
    response = deliver(client, event_of(order), signed_at=time.time() - 301)
    assert response.status_code == 400


@pytest.mark.django_db
def test_old_and_new_secret_are_accepted_during_a_rotation(client, order, settings):
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new", SECRET]
    assert deliver(client, event_of(order)).status_code == 200


@pytest.mark.django_db
def test_without_a_secret_stripe_is_asked_to_retry(client, order, settings):
    settings.STRIPE_WEBHOOK_SECRETS = []
    assert deliver(client, event_of(order)).status_code == 503


@pytest.mark.django_db
def test_fault_on_our_side_answers_500_and_the_next_try_succeeds(client, order):
    """The access cannot be written (a row of another kind stands in its place), then can."""
    client.raise_request_exception = False
    Order.objects.filter(pk=order.pk).update(amount_minor=1900)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE catalog_access RENAME TO catalog_access_away")
    try:
        assert deliver(client, event_of(order)).status_code == 500
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE catalog_access_away RENAME TO catalog_access")
    order.refresh_from_db()
    assert (order.status, StripeEvent.objects.get().status) == ("pending", "failed")
    assert deliver(client, event_of(order)).status_code == 200
    order.refresh_from_db()
    assert (order.status, StripeEvent.objects.get().status) == ("paid", "done")


def test_webhook_is_post_only(client):
    assert client.get(URL).status_code == 405


def statements(queries):
    """The statements but for those that begin and end transactions."""
    words = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")
    return [query["sql"] for query in queries if not query["sql"].startswith(words)]


@pytest.mark.parametrize("lines", [1, 3])
@pytest.mark.django_db(transaction=True)
def test_fulfilling_webhook_costs_the_same_for_each_line(client, order, make_bank, settings, lines):
    settings.WORKER = True  # mails are sent by the worker
    ReceiptCounter.objects.create(mode="sandbox")  # the first receipt ever makes it
    for number in range(1, lines):
        order.lines.create(
            test_bank=make_bank(f"further-{number}"), title="Further", amount_minor=1
        )
    with CaptureQueriesContext(connection) as queries:
        assert deliver(client, event_of(order)).status_code == 200
    assert len(statements(queries)) == STATEMENTS + lines * STATEMENTS_PER_LINE
    assert Access.objects.count() == OutgoingMail.objects.count() == lines


@pytest.mark.django_db(transaction=True)
def test_duplicate_event_costs_one_statement(client, order):
    deliver(client, event_of(order))
    with CaptureQueriesContext(connection) as queries:
        assert deliver(client, event_of(order)).status_code == 200
    assert len(statements(queries)) == 1


@pytest.mark.django_db
def test_forged_event_costs_no_statement(client, order, learner, django_assert_num_queries):
    client.force_login(learner)
    deliver(client, event_of(order), secret="whsec_forged")
    with django_assert_num_queries(0):
        assert deliver(client, event_of(order), secret="whsec_forged").status_code == 400


@pytest.mark.django_db(transaction=True)
def test_failed_fulfillment_is_rolled_back(client, order, monkeypatch):
    def broken(*_arguments, **_named):
        raise RuntimeError("the mails cannot be queued")

    monkeypatch.setattr("payments.domain.fulfillment.queue_receipt", broken)
    client.raise_request_exception = False
    assert deliver(client, event_of(order)).status_code == 500
    order.refresh_from_db()
    assert (order.status, Access.objects.count()) == ("pending", 0)
    assert StripeEvent.objects.get().status == "failed"
    monkeypatch.undo()
    assert deliver(client, event_of(order)).status_code == 200
    assert Access.objects.count() == 1
    assert StripeEvent.objects.get().status == "done"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("seconds", "reason", "words"),
    [
        (-301, "too-old", "signed 301 seconds ago"),
        (301, "from-the-future", "signed 301 seconds in the future"),
    ],
)
def test_signature_that_is_refused_for_its_time_says_so(
    client, order, caplog, monkeypatch, at, seconds, reason, words
):
    monkeypatch.setattr(timezone, "now", lambda: at)
    response = deliver(client, event_of(order), signed_at=at.timestamp() + seconds)
    assert (response.status_code, Access.objects.count()) == (400, 0)
    assert words in caplog.text
    assert refused_webhooks() == RefusedWebhooks({reason: 1}, at, reason)


@pytest.mark.django_db
@pytest.mark.parametrize("seconds", [-299, 299])
def test_signature_of_the_last_or_next_five_minutes_is_taken(
    client, order, monkeypatch, at, seconds
):
    monkeypatch.setattr(timezone, "now", lambda: at)
    response = deliver(client, event_of(order), signed_at=at.timestamp() + seconds)
    assert (response.status_code, Access.objects.count()) == (200, 1)


@pytest.mark.django_db
@pytest.mark.parametrize("spelling", ["+{}", " {}", "0_{}", "{}=", "{}"])
def test_second_time_in_a_header_does_not_renew_an_old_signature(client, order, spelling):
    """stripe-python signs the first time as `int()` reads it, in any of these spellings."""
    body, signed_at = json.dumps(event_of(order)).encode(), int(time.time()) - 3600
    signature = signature_of(body, SECRET, signed_at).partition(",")[2]
    header = f"t={spelling.format(signed_at)},{signature},t={int(time.time())}"
    response = client.post(
        URL, body, content_type="application/json", headers={"Stripe-Signature": header}
    )
    assert (response.status_code, StripeEvent.objects.count()) == (400, 0)


@pytest.mark.django_db
def test_old_signature_of_another_secret_is_refused_for_its_secret(client, order, caplog):
    deliver(client, event_of(order), secret="whsec_another", signed_at=1)
    assert "no valid signature" in caplog.text
    assert refused_webhooks().by_reason == {"signature": 1}


@pytest.mark.django_db
def test_refusals_are_counted_and_written_once_in_ten_seconds(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        for _time in range(50):
            assert deliver(client, b"{}", secret="whsec_another").status_code == 400
    assert refused_webhooks().total == 1
    counter.close()
    assert refused_webhooks().total == 50
