"""ADMINS hear once that payment is down, and once that it is back."""

from datetime import timedelta

import pytest
from django.urls import reverse

from outbox.models import OutgoingMail
from outbox.services import message
from payments.models import Outage
from payments.monitoring.health_counters import failures
from payments.monitoring.outages import watch_outages
from payments.stripe.client import payment_breaker, stripe_client
from payments.stripe.outage import record_outage, record_recovery
from payments.stripe_integration import create_checkout_session

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def admins(settings):
    settings.ADMINS = [("ops", "ops@example.org"), ("night", "night@example.org")]


def told():
    return [message(mail).subject for mail in OutgoingMail.objects.order_by("pk")]


DOWN, BACK = "Payments are not working on Testbank", "Payments are working again on Testbank"


def test_one_mail_at_the_start_and_one_at_the_end_of_an_outage(forget_stripe_client, at):
    record_outage("NET-REFUSED")
    assert [watch_outages(at=at), watch_outages(at=at)] == [1, 0]
    assert told() == [DOWN] * 2
    record_recovery()
    later = at + timedelta(minutes=9)
    assert [watch_outages(at=later), watch_outages(at=later)] == [1, 0]
    assert told() == [DOWN] * 2 + [BACK] * 2
    assert Outage.objects.values_list("cause", "began_at", "ended_at").get() == (
        "NET-REFUSED",
        at,
        later,
    )


def test_each_outage_has_its_own_mails(forget_stripe_client, at):
    for hours in range(2):
        record_outage("NET-REFUSED")
        watch_outages(at=at + timedelta(hours=hours))
        record_recovery()
        watch_outages(at=at + timedelta(hours=hours, minutes=5))
    assert (Outage.objects.count(), len(told())) == (2, 8)


def test_missing_outage_mark_sends_no_recovery_mail(forget_stripe_client, at, settings):
    record_outage("NET-REFUSED")
    watch_outages(at=at)
    (settings.RUN_DIR / "payment-is-down.json").unlink()
    assert (watch_outages(at=at + timedelta(hours=1)), told()) == (0, [DOWN] * 2)


def test_checking_without_an_outage_runs_no_query(
    forget_stripe_client, at, django_assert_num_queries
):
    with django_assert_num_queries(0):
        assert watch_outages(at=at) == 0


def test_mail_says_since_when_and_how_many_purchases_failed(
    client, sandbox, settings, learner, test_bank
):
    api, settings.STRIPE_API_BASE = settings.STRIPE_API_BASE, "http://127.0.0.1:9"
    client.force_login(learner)
    for _click in range(4):
        client.post(reverse("payments:checkout", args=[test_bank.slug]))
    first = message(OutgoingMail.objects.order_by("pk")[0])
    assert "Cause: NET-REFUSED." in first.body
    assert (failures(mode="sandbox").failed_purchases, failures(mode="sandbox").payment_down) == (
        4,
        1,
    )
    settings.STRIPE_API_BASE = api
    stripe_client.cache_clear()
    payment_breaker.cache_clear()
    create_checkout_session(test_bank, learner)
    last = message(OutgoingMail.objects.latest("pk"))
    # The third failure opened the breaker, so the outage began with it.
    assert "2 purchases failed during that time." in last.body
    assert failures(mode="sandbox").payment_down == 0


def test_mail_at_the_end_says_that_no_purchase_failed(forget_stripe_client, at):
    record_outage("NET-REFUSED")
    watch_outages(at=at)
    record_recovery()
    watch_outages(at=at)
    mail = message(OutgoingMail.objects.latest("pk"))
    for text in (mail.body, str(mail.alternatives[0][0])):
        assert "No purchases failed during that time." in text
        assert "0 purchases" not in text
