import pytest
from django.db import IntegrityError, OperationalError, connection
from django.http import HttpResponse
from django.test import Client

from practice.models import Answer
from practice.services import start_attempt
from testbank.sqlite.base import WRITE_LOCK
from testbank.unavailable import DatabaseUnavailableMiddleware

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sqlite]


@pytest.fixture
def question(owner, test_bank, at):
    attempt = start_attempt(learner=owner, test_bank=test_bank, at=at)
    return f"/practice/{attempt.pk}/1/"


def test_answer_during_a_locked_database_is_refused_and_can_be_sent_again(
    owner, question, settings
):
    settings.DATABASE_LOCK_TIMEOUT = 0.1
    client = Client(raise_request_exception=False)
    client.force_login(owner)
    with WRITE_LOCK:
        refused = client.post(question, {"choice": "b"})
    assert (refused.status_code, refused["Retry-After"]) == (503, "5")
    assert "was not saved" in refused.text
    assert client.post(question, {"choice": "b"}).status_code == 303
    assert Answer.objects.count() == 1


def test_other_errors_are_left_to_django(rf):
    middleware = DatabaseUnavailableMiddleware(lambda request: HttpResponse())
    assert middleware.process_exception(rf.get("/"), IntegrityError()) is None


def test_wrong_statements_are_left_to_django(rf):
    middleware = DatabaseUnavailableMiddleware(lambda request: HttpResponse())
    with pytest.raises(OperationalError) as raised, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM missing")
    assert middleware.process_exception(rf.get("/"), raised.value) is None
