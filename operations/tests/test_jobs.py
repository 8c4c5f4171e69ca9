import signal
from datetime import timedelta
from io import StringIO

import pytest
from django.core import mail
from django.core.management import call_command
from django.utils import timezone

from catalog.models import Access
from outbox.models import OutgoingMail
from payments.models import StripeEvent
from payments.stripe_integration import create_checkout_session
from payments.tests.conftest import (  # noqa: F401 - fixtures
    forget_stripe_client,
    order,
    sandbox,
    sandbox_program,
)
from payments.tests.stripe_events import deliver, event_of
from testing.site import new_site
from testing.waiting import wait_until

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture(autouse=True)
def worker(settings):
    settings.WORKER = True


def test_work_once_runs_every_job(sandbox, test_bank, learner):  # noqa: F811
    session = create_checkout_session(test_bank, learner)
    sandbox.control.pay(session.id)
    for _sweep in ("reconciles", "sends the mail of what it found"):
        call_command("work", "--once", stdout=StringIO())
    assert Access.objects.count() == 1
    assert [sent.to for sent in mail.outbox] == [[learner.email]]


def test_worker_handles_interrupted_event(client, order):  # noqa: F811
    deliver(client, event_of(order))
    Access.objects.all().delete()
    OutgoingMail.objects.all().delete()
    type(order).objects.update(
        status="pending",
        paid_at=None,
        paid_minor=None,
        granted_at=None,
        session_id=None,
        receipt_serial=None,
    )
    StripeEvent.objects.update(
        status="received", received_at=timezone.now() - timedelta(minutes=1), handled_at=None
    )
    call_command("work", "--once", stdout=StringIO())
    order.refresh_from_db()
    assert (order.status, StripeEvent.objects.get().status) == ("paid", "done")


def test_worker_leaves_recent_event_to_its_request(client, order):  # noqa: F811
    deliver(client, event_of(order))
    StripeEvent.objects.update(status="received", handled_at=None)
    call_command("work", "--once", stdout=StringIO())
    assert StripeEvent.objects.get().status == "received"


def test_worker_ends_on_sigterm(tmp_path):
    keys = {"STRIPE_PUBLIC_KEY": "pk_sandbox_tests", "STRIPE_SECRET_KEY": "sk_sandbox_tests"}
    site = new_site(tmp_path, {**keys, "STRIPE_API_BASE": "http://127.0.0.1:9"}, {})
    with site.running("manage.py", "work") as process:
        wait_until(lambda: "The worker is running" in site.log())
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=15) == 0
