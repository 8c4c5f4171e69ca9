from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection, transaction

from outbox.models import OutgoingMail
from outbox.services import MAX_TRIES, queue_mail, send_due_mails

pytestmark = pytest.mark.django_db


class BrokenBackend(EmailBackend):
    def send_messages(self, email_messages):
        raise ConnectionRefusedError


@pytest.fixture
def broken(settings):
    settings.EMAIL_BACKEND = f"{__name__}.BrokenBackend"


@pytest.fixture(autouse=True)
def worker(settings):
    """A worker sends the mails; requests only queue them."""
    settings.WORKER = True


def queue(at, key="access-1"):
    queue_mail(
        key=key,
        recipient="learner@example.org",
        template="payments/email/access_ready",
        context={"title": "Git <b>", "price": "$19.00", "path": "/banks/git/", "order": "o1"},
        at=at,
    )


def test_mail_is_sent_as_text_and_html(at, settings):
    settings.SITE_URL = "https://shop.example"
    queue(at)
    assert send_due_mails(at=at) == 1
    sent = mail.outbox[0]
    assert sent.to == ["learner@example.org"]
    assert sent.subject == "Your test bank is ready: Git <b>"
    assert "https://shop.example/banks/git/" in sent.body
    assert isinstance(sent, EmailMultiAlternatives)
    assert "Git &lt;b&gt;" in str(sent.alternatives[0][0])
    assert sent.extra_headers["Message-ID"] == "<access-1@shop.example>"


def test_same_cause_queues_one_mail(at):
    queue(at)
    queue(at + timedelta(hours=1))
    assert OutgoingMail.objects.count() == 1


def test_mail_is_sent_once(at):
    queue(at)
    assert [send_due_mails(at=at), send_due_mails(at=at)] == [1, 0]
    assert len(mail.outbox) == 1


def test_rollback_removes_queued_mail(at):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        queue(at)
        raise ZeroDivisionError
    assert not OutgoingMail.objects.exists()


def test_failed_mail_is_retried_with_backoff(at, broken, settings):
    queue(at)
    assert send_due_mails(at=at) == 0
    kept = OutgoingMail.objects.get()
    assert (kept.tries, kept.failure, kept.due_at) == (
        1,
        "ConnectionRefusedError",
        at + timedelta(seconds=15),
    )
    assert send_due_mails(at=at + timedelta(seconds=14)) == 0
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert send_due_mails(at=at + timedelta(seconds=15)) == 1


def test_mail_is_given_up_after_last_try(at, broken):
    queue(at)
    OutgoingMail.objects.update(tries=MAX_TRIES - 1)
    send_due_mails(at=at)
    assert OutgoingMail.objects.get().given_up_at == at
    assert send_due_mails(at=at + timedelta(days=9)) == 0


@pytest.mark.parametrize(
    "fields", [{"recipient": "a@b\nBcc: c@d"}, {"template": "payments/email/renamed"}]
)
def test_mail_that_raises_keeps_no_other_waiting_and_is_given_up(at, fields):
    queue(at)
    OutgoingMail.objects.update(**fields)
    queue(at, key="access-2")
    assert send_due_mails(at=at) == 1
    for tries in range(1, MAX_TRIES):
        send_due_mails(at=at + timedelta(days=tries))
    assert OutgoingMail.objects.get(sent_at=None).given_up_at


def test_mail_of_dead_process_is_sent_after_lease(at):
    queue(at)
    OutgoingMail.objects.update(leased_until=at + timedelta(seconds=60), tries=1)
    assert send_due_mails(at=at + timedelta(seconds=59)) == 0
    assert send_due_mails(at=at + timedelta(seconds=60)) == 1


@pytest.mark.django_db(transaction=True)
def test_concurrent_workers_send_each_mail_once(at):
    for number in range(6):
        queue(at, key=f"access-{number}")

    def work(_number):
        try:
            return send_due_mails(at=at)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(work, range(3))) == 6
    assert len(mail.outbox) == 6


@pytest.mark.django_db(transaction=True)
def test_without_worker_mail_is_sent_after_commit(at, settings):
    settings.WORKER = False
    with transaction.atomic():
        queue(at)
        assert not mail.outbox
    assert len(mail.outbox) == 1
