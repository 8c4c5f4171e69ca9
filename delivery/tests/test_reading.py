import pytest
from django.db import connection

from delivery.models import OutgoingMail
from delivery.outbox import Mail, queue_mails
from delivery.reading import columns_of, instance_of

pytestmark = pytest.mark.django_db


def test_an_instance_is_as_the_models_own_way_reads_it(at, settings):
    settings.WORKER = True
    queue_mails([Mail("key", "a@example.org", "payments/email/x", {"title": "Git"})], at=at)
    columns = columns_of(OutgoingMail, "mail")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns}, 7 FROM delivery_outgoingmail mail")  # noqa: S608
        read = instance_of(OutgoingMail, cursor.fetchone())
    expected = OutgoingMail.objects.get()
    fields = [field.attname for field in OutgoingMail._meta.concrete_fields]
    assert [getattr(read, name) for name in fields] == [getattr(expected, name) for name in fields]
    assert (read.context, read.queued_at) == ({"title": "Git"}, at)


def test_an_instance_can_be_saved(at, settings):
    settings.WORKER = True
    queue_mails([Mail("key", "a@example.org", "payments/email/x", {})], at=at)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns_of(OutgoingMail, 'm')} FROM delivery_outgoingmail m")  # noqa: S608
        read = instance_of(OutgoingMail, cursor.fetchone())
    read.failure = "once"
    read.save(update_fields=["failure"])
    assert OutgoingMail.objects.get().failure == "once"
