"""What a session holds, read by our own store."""

import pytest
from django.contrib.sessions.models import Session

from accounts.sessions import SessionStore

pytestmark = pytest.mark.django_db


@pytest.fixture
def key():
    session = SessionStore()
    session["steps"] = ["Zoë", 1, None]
    session.save()
    return session.session_key


def test_what_was_saved_is_read_each_time_anew(key):
    first = SessionStore(key)
    first["steps"].append("of this request only")
    assert SessionStore(key)["steps"] == ["Zoë", 1, None]


def test_a_change_is_read_by_the_next_request(key):
    session = SessionStore(key)
    session["steps"] = []
    session.save()
    assert SessionStore(key)["steps"] == []


def test_a_row_that_somebody_changed_is_an_empty_session(key):
    assert SessionStore(key)["steps"]
    row = Session.objects.get(session_key=key)
    row.session_data = row.session_data[:-1] + ("a" if row.session_data[-1] != "a" else "b")
    row.save()
    assert dict(SessionStore(key).items()) == {}


def test_a_session_that_ended_is_empty_though_it_was_read_before(key):
    assert SessionStore(key)["steps"]
    SessionStore(key).delete()
    ended = SessionStore(key)
    assert (dict(ended.items()), ended.session_key) == ({}, None)
