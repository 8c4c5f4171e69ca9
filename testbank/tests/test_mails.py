"""Every mail is signed by the shop, and its button leads to what it says."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings as site_settings
from django.core.cache import cache
from django.template.loader import render_to_string
from django.urls import resolve

from outbox.models import OutgoingMail
from outbox.services import message
from payments.domain.fulfillment import record_failed_payment
from payments.flows.reminders import request_reminder, send_due_reminders
from payments.monitoring.outages import watch_outages
from payments.stripe.outage import record_outage, record_recovery
from payments.tests.conftest import *  # noqa: F403 - fixtures
from payments.tests.stripe_events import deliver, paid_event, refund_event

ROOT = Path(site_settings.BASE_DIR)
TEMPLATES = sorted(
    str(path).partition("/templates/")[2].removesuffix("_message.html")
    for path in ROOT.glob("**/templates/**/email/*_message.html")
    if ".venv" not in path.parts and not path.name.startswith("base_")
)
# What templates count with
NUMBERS = {"failed": 2, "count": 2}
BUTTON = re.compile(r'<a class="action" href="([^"]*)">([^<]*)</a>')

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("template", TEMPLATES)
def test_mail_is_signed_by_the_shop_with_its_contact(template):
    context = {"site_name": "Exam House", "support_email": "help@example.org", **NUMBERS}
    text = render_to_string(f"{template}_message.txt", context)
    html = render_to_string(f"{template}_message.html", context)
    assert "--\nExam House" in text
    assert [words in text for words in ("Exam House", "help@example.org")] == [True, True]
    assert [words in html for words in ("Exam House", "help@example.org")] == [True, True]


@pytest.mark.parametrize("template", TEMPLATES)
def test_mail_has_one_button_at_most(template):
    html = render_to_string(f"{template}_message.html", NUMBERS)
    assert len(BUTTON.findall(html)) <= 1


def buttons():
    """Return the button of each queued mail: its words, and the view that its link leads to."""
    found = set()
    for mail in OutgoingMail.objects.all():
        made = message(mail)
        for link, words in BUTTON.findall(str(made.alternatives[0][0])):
            assert link in str(made.body)
            found.add((words, resolve(urlsplit(link).path).view_name))
    return found


def test_buttons_of_mails_about_money(client, order, facts, at, settings, forget_stripe_client):
    settings.WORKER = True
    settings.ADMINS = [("ops", "ops@example.org")]
    record_failed_payment(facts(order), source="webhook", at=at)
    deliver(client, paid_event(order))
    for status in ("succeeded", "failed"):
        deliver(client, refund_event(order, status=status))
    record_outage("NET-REFUSED")
    watch_outages(at=at)
    record_recovery()
    watch_outages(at=at)
    assert {mail.template for mail in OutgoingMail.objects.all()} == {
        f"payments/email/{name}"
        for name in (
            "access_ready",
            "payment_back",
            "payment_down",
            "payment_failed",
            "refund",
            "refund_failed",
        )
    }
    assert buttons() == {
        ("View test bank", "catalog:detail"),
        ("View order", "payments:success"),
        ("Open Payment health", "operations:payment_health"),
    }


def test_button_of_a_reminder(sandbox, order, at):
    request_reminder(order=order, at=at)
    assert send_due_reminders(at=at) == 1
    assert buttons() == {("Continue your purchase", "payments:confirm_purchase")}


def test_buttons_of_mails_about_accounts(client, learner):
    EmailAddress.objects.create(user=learner, email=learner.email, verified=True, primary=True)
    cache.clear()
    for email in (learner.email, "nobody@example.org"):
        client.post("/accounts/password/reset/", {"email": email})
    client.post("/accounts/signup/", {"email": learner.email, "password1": "correct-horse-battery"})
    assert buttons() == {
        ("Choose a new password", "account_reset_password_from_key"),
        ("Choose a new password", "account_reset_password"),
        ("Create an account", "account_signup"),
    }
