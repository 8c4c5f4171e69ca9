"""What the watchdog finds out about Stripe, through a real proxy, and whom it tells."""

import os
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from operations.alarms.watchdog import look, probe_stripe
from outbox.leases import acquire_lease
from payments.models import Outage
from payments.stripe.outage import outage_is_known, record_failed_call, record_outage
from payments.tests.conftest import (  # noqa: F401 - fixtures
    forget_stripe_client,
    sandbox,
    sandbox_program,
)
from testing.site import free_port

PROBE = "GET /v1/balance"

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture(autouse=True)
def admins(settings, tmp_path):
    settings.ADMINS = [("ops", "ops@example.org")]
    settings.BACKUP_DIR = tmp_path


def looked():
    now = timezone.now()
    look(at=now, watching_since=now)


def test_dead_proxy_is_told_once_and_once_when_it_is_back(settings, sandbox):  # noqa: F811
    settings.STRIPE_PROXY = f"http://127.0.0.1:{free_port()}"
    for _look in range(3):
        looked()
    assert outage_is_known()
    assert (Outage.objects.get().ended_at, len(mail.outbox)) == (None, 1)
    settings.STRIPE_PROXY = "environment"
    looked()
    assert not outage_is_known()
    assert Outage.objects.get().ended_at is not None
    assert [sent.to for sent in mail.outbox] == [["ops@example.org"]] * 2


def test_probe_ends_an_outage_that_purchases_found(sandbox):  # noqa: F811
    record_outage("NET-REFUSED")
    probe_stripe()
    assert not outage_is_known()


def test_working_site_calls_stripe_once_in_five_minutes(settings, sandbox):  # noqa: F811
    for _look in range(3):
        looked()
    assert sandbox.control.count(PROBE) == 1
    probed = settings.RUN_DIR / "probed.json"
    os.utime(probed, (0, probed.stat().st_mtime - 301))
    for _look in range(3):
        looked()
    assert sandbox.control.count(PROBE) == 2


def test_failed_call_is_followed_by_a_probe_in_each_look(sandbox):  # noqa: F811
    looked()
    record_failed_call("NET-REFUSED")
    for _look in range(3):
        looked()
    assert sandbox.control.count(PROBE) == 4
    assert not outage_is_known()


def test_fallback_around_a_dead_proxy_is_no_outage(settings, sandbox):  # noqa: F811
    settings.STRIPE_PROXY = f"http://127.0.0.1:{free_port()}"
    settings.STRIPE_PROXY_FALLBACK = "direct"
    looked()
    assert (outage_is_known(), sandbox.control.count(PROBE)) == (False, 1)


def test_one_process_looks_at_a_time(settings):
    settings.STRIPE_PROXY = f"http://127.0.0.1:{free_port()}"
    acquire_lease(name="watchdog", holder="another", at=timezone.now(), seconds=60)
    looked()
    assert not outage_is_known()
    now = timezone.now() + timedelta(seconds=61)
    look(at=now, watching_since=now)
    assert outage_is_known()
