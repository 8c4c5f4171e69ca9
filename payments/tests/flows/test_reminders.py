from datetime import timedelta

import pytest
from django.urls import reverse

from catalog.services import grant_access
from outbox.models import OutgoingMail
from payments.flows.reminders import request_reminder, send_due_reminders
from payments.models import Order, Reminder
from payments.stripe_integration import create_checkout_session

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def worker(settings):
    settings.WORKER = True


@pytest.fixture
def waiting(order, at):
    request_reminder(order=order, at=at)
    return order


def test_failure_page_offers_a_reminder_and_stores_it(
    client, settings, forget_stripe_client, learner, test_bank
):
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    client.force_login(learner)
    page = client.post(reverse("payments:checkout", args=[test_bank.slug]))
    url = reverse("payments:remind", args=[test_bank.slug])
    assert f'action="{url}"' in page.text
    told = client.post(url, follow=True)
    words = f"We will email {learner.email} when payments work again. You have not been charged."
    assert words in told.text
    assert Reminder.objects.get().order == Order.objects.get()


def test_reminder_after_stripes_page_does_not_mention_charge(client, sandbox, learner, test_bank):
    create_checkout_session(test_bank, learner)
    client.force_login(learner)
    told = client.post(reverse("payments:remind", args=[test_bank.slug]), follow=True)
    assert f"We will email {learner.email} when payments work again." in told.text
    assert "You have not been charged." not in told.text


def test_reminder_not_offered_without_worker(
    client, settings, forget_stripe_client, learner, test_bank
):
    settings.STRIPE_API_BASE, settings.WORKER = "http://127.0.0.1:9", False
    client.force_login(learner)
    page = client.post(reverse("payments:checkout", args=[test_bank.slug]))
    assert "Email me when payments" not in page.text


def test_only_the_buyer_can_ask(client, order, other_learner, test_bank):
    client.force_login(other_learner)
    assert client.post(reverse("payments:remind", args=[test_bank.slug])).status_code == 404
    assert not Reminder.objects.exists()


def test_mail_goes_out_once_payment_works(waiting, sandbox, at):
    assert send_due_reminders(at=at) == 1
    mail = OutgoingMail.objects.get()
    assert (mail.key, mail.recipient) == (f"reminder-{waiting.pk}", waiting.email)
    waiting.refresh_from_db()
    assert waiting.status == "open"


def test_two_requests_for_a_reminder_send_one_mail(waiting, sandbox, at):
    request_reminder(order=waiting, at=at + timedelta(hours=1))
    assert [send_due_reminders(at=at), send_due_reminders(at=at)] == [1, 0]


def test_no_reminder_during_an_outage(waiting, settings, forget_stripe_client, at):
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    assert send_due_reminders(at=at) == 0
    assert Reminder.objects.get().settled_at is None
    assert not OutgoingMail.objects.exists()


def test_no_reminder_after_access_was_granted(waiting, sandbox, learner, test_bank, at):
    grant_access(
        learner=learner,
        test_bank=test_bank,
        source_kind="grant",
        source_id="1",
        starts_at=at,
        access_days=None,
        reason="a present",
    )
    assert send_due_reminders(at=at) == 0
    assert Reminder.objects.get().settled_at == at
    assert not OutgoingMail.objects.exists()
