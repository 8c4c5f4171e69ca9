"""Every table with personal data says how long it keeps it, and people can be erased."""

from datetime import timedelta
from io import StringIO

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.core.management import CommandError, call_command

from accounts.models import AccountFreeze, User
from backoffice.tests.test_site import make_order  # noqa: F401 - a fixture
from catalog.models import Access, DailyVisits
from operations.erasure import erase_person
from operations.retention import EXPIRING, RULES, delete_old, reason_to_keep
from outbox.models import OutgoingMail
from outbox.services import queue_mail
from payments.models import Order, StripeEvent
from safety.models import SecurityEvent
from safety.security_log import record_event

pytestmark = pytest.mark.django_db


def test_every_model_says_how_long_it_keeps_what():
    labels = {model._meta.label for model in apps.get_models(include_auto_created=True)}
    deleted = {rule.model for rule in RULES} | EXPIRING
    assert [label for label in labels - deleted if not reason_to_keep(label)] == []
    assert deleted <= labels


def event(at, status, number):
    return StripeEvent.objects.create(
        event_id=f"evt_{number}",
        kind="charge.refunded",
        livemode=False,
        body="{}",
        status=status,
        received_at=at,
        handled_at=at,
    )


def test_old_rows_are_deleted_and_others_stay(at, learner, settings):
    record_event(kind="sign-in", user_id=learner.pk, address=None, at=at)
    event(at, "done", 1)
    event(at, "unknown", 2)
    mail = {"recipient": learner.email, "template": "x", "context": {}, "at": at}
    for key in ("sent", "waiting"):
        queue_mail(key=key, **mail)
    OutgoingMail.objects.filter(key="sent").update(sent_at=at)
    delete_old(at=at + timedelta(days=89))
    assert (SecurityEvent.objects.count(), OutgoingMail.objects.count()) == (1, 2)
    delete_old(at=at + timedelta(days=366))
    assert SecurityEvent.objects.count() == 0
    assert [one.event_id for one in StripeEvent.objects.all()] == ["evt_2"]
    assert [one.key for one in OutgoingMail.objects.all()] == ["waiting"]


def test_old_freezes_are_deleted_but_for_accounts_that_have_no_address(at, learner, owner):
    learner.email = f"none-{learner.public_id}@none.invalid"
    learner.save()
    for user in (learner, owner):
        AccountFreeze.objects.create(
            user=user, link_issued_at=at, frozen_at=at, until=at + timedelta(days=7)
        )
    delete_old(at=at + timedelta(days=365))
    assert AccountFreeze.objects.count() == 2
    delete_old(at=at + timedelta(days=365 + 8))
    assert [freeze.user for freeze in AccountFreeze.objects.all()] == [learner]


def test_old_visits_are_deleted(at, test_bank, settings):
    settings.KEEP_VISIT_DAYS = 30
    for days in (30, 31):
        DailyVisits.objects.create(test_bank=test_bank, day=at.date() - timedelta(days=days))
    delete_old(at=at)
    assert [row.day for row in DailyVisits.objects.all()] == [at.date() - timedelta(days=30)]


def test_orders_that_were_never_paid_are_deleted(make_order, at):  # noqa: F811
    make_order(email="first@example.org", status="expired", paid_at=None, granted_at=None)
    make_order(email="second@example.org")
    delete_old(at=at + timedelta(days=180))
    assert Order.objects.count() == 2
    delete_old(at=at + timedelta(days=181))
    assert [order.email for order in Order.objects.all()] == ["second@example.org"]


@pytest.fixture
def person(owner, make_order, at):  # noqa: F811
    EmailAddress.objects.create(user=owner, email=owner.email, verified=True, primary=True)
    make_order(user=owner, email=owner.email)
    record_event(kind="sign-in", user_id=owner.pk, address="203.0.113.7", at=at)
    return owner


def test_erased_person_has_no_name_and_no_address_but_the_books(person, at, client):
    client.force_login(person)
    email = person.email
    erasure = erase_person(user=person, at=at)
    user = User.objects.get(pk=person.pk)
    assert (user.name, user.is_active, user.email.endswith("@erased.invalid")) == ("", False, True)
    assert not EmailAddress.objects.filter(email=email).exists()
    assert [one.kind for one in SecurityEvent.objects.all()] == ["erased"]
    assert (Order.objects.get().email, Access.objects.count()) == (email, 1)
    assert erasure.kept["orders"][0] == 1
    assert client.get("/my-banks/").status_code == 302


def test_erasing_twice_changes_nothing(person, at):
    erase_person(user=person, at=at)
    email = User.objects.get(pk=person.pk).email
    erase_person(user=person, at=at)
    assert User.objects.get(pk=person.pk).email == email


def test_command_asks_and_says_what_is_kept(person):
    with pytest.raises(CommandError, match=r"To confirm, add --yes\."):
        call_command("erase_person", person.email)
    assert User.objects.filter(email=person.email).exists()
    out = StringIO()
    call_command("erase_person", person.email.upper(), "--yes", stdout=out)
    assert "kept         1  orders: accounting records, with the email address" in out.getvalue()


def test_command_for_nobody_says_so():
    with pytest.raises(CommandError, match="There is no user with the email address x@y"):
        call_command("erase_person", "x@y.example", "--yes")
