"""Statements that are written out do what the models' own methods do."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from delivery.models import OutgoingMail
from delivery.writing import deletion, execute, insert, insertion_of, update_if

pytestmark = pytest.mark.django_db
IS_POSTGRESQL = connection.vendor == "postgresql"


def mail(key, at, **fields):
    return OutgoingMail(
        key=key,
        recipient="learner@example.org",
        language="en",
        template="payments/email/access_ready",
        context={"title": "Zoë’s “Git” \\ 50 %"},
        queued_at=at,
        due_at=at + timedelta(microseconds=1),
        **fields,
    )


def insertion(mails, *, once=False):
    return insertion_of(OutgoingMail, *map(vars, mails), once=once)


def test_rows_come_back_as_they_were_written(at):
    written = mail("a", at, failure="%s")
    assert insert([written]) == 1
    kept = OutgoingMail.objects.get()
    for field in OutgoingMail._meta.concrete_fields:
        if not field.primary_key:
            assert getattr(kept, field.attname) == getattr(written, field.attname)


def test_rows_that_were_never_instances_have_their_fields_defaults(at):
    named = {"key": "a", "recipient": "a@example.org", "queued_at": at, "due_at": at}
    assert execute(insertion_of(OutgoingMail, named, {**named, "key": "b", "tries": 2})) == 2
    kept = OutgoingMail.objects.get(key="a")
    for field in OutgoingMail._meta.concrete_fields:
        if not field.primary_key:
            wanted = named.get(field.attname, field.get_default())
            assert getattr(kept, field.attname) == wanted
    assert OutgoingMail.objects.get(key="b").tries == 2


def test_several_rows_take_one_statement(at, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert insert([mail(key, at) for key in "abc"]) == 3
    with django_assert_num_queries(0):
        assert insert([]) == 0


def test_once_leaves_out_what_is_there(at):
    insert([mail("a", at)])
    assert insert([mail("a", at, failure="new"), mail("b", at)], once=True) == 1
    assert OutgoingMail.objects.get(key="a").failure == ""


def test_without_once_a_second_row_is_an_error(at):
    insert([mail("a", at)])
    with pytest.raises(IntegrityError), transaction.atomic():
        insert([mail("a", at)])


def test_a_row_changes_only_from_the_values_that_are_named(at):
    insert([mail("a", at, failure="first"), mail("b", at, failure="first")])
    row = OutgoingMail.objects.get(key="a")
    changes = {"failure": "second", "context": {"n": 1}, "sent_at": at}
    assert not update_if(row, changes, field="failure", among=["other"])
    assert update_if(row, changes, field="failure", among=["first", "other"])
    row.refresh_from_db()
    assert (row.failure, row.context, row.sent_at) == ("second", {"n": 1}, at)
    assert OutgoingMail.objects.get(key="b").failure == "first"


def test_what_comes_then_is_written_where_the_row_changed(at):
    insert([mail("a", at, failure="first"), mail("c", at)])
    row = OutgoingMail.objects.get(key="a")
    then = [
        insertion([mail("a", at)], once=True),
        insertion([mail("b", at, failure="50 %"), mail("d", at)]),
        deletion(OutgoingMail, field="key", value="c"),
    ]
    changes = {"failure": "second"}
    with transaction.atomic():
        assert not update_if(row, changes, field="failure", among=["other"], then=then)
    assert set(OutgoingMail.objects.values_list("key", "failure")) == {("a", "first"), ("c", "")}
    with transaction.atomic():
        assert update_if(row, changes, field="failure", among=["first"], then=then)
    assert set(OutgoingMail.objects.values_list("key", "failure")) == {
        ("a", "second"),
        ("b", "50 %"),
        ("d", ""),
    }
    written = OutgoingMail.objects.get(key="b")
    assert (written.context, written.due_at) == (mail("b", at).context, mail("b", at).due_at)


def test_what_comes_then_counts_as_one_turn_on_postgresql(at, django_assert_num_queries):
    insert([mail("a", at)])
    row = OutgoingMail.objects.get()
    then = [insertion([mail("b", at), mail("c", at)]), insertion([mail("d", at)])]
    with transaction.atomic(), django_assert_num_queries(1 if IS_POSTGRESQL else 3):
        assert update_if(row, {"failure": "x"}, field="failure", among=[""], then=then)


def test_a_statement_by_itself_tells_how_many_rows_it_wrote(at):
    assert execute(insertion([mail("a", at)])) == 1
    assert execute(insertion([mail("a", at)], once=True)) == 0
    assert execute(deletion(OutgoingMail, field="key", value="a")) == 1
