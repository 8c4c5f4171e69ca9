import json
import logging

import pytest

from outbox.models import OutgoingMail
from outbox.services import send_due_mails
from outbox.tests.test_services import queue
from testbank.logs import JSONFormatter, ScrubFilter, current_request_id, with_request_id


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("given", "is_kept"), [("abc-12345", True), ("a b", False), ("x" * 65, False)]
)
def test_response_has_the_id_of_its_request(client, given, is_kept):
    answered = client.get("/healthz", headers={"X-Request-ID": given})["X-Request-ID"]
    assert (answered == given) is is_kept
    assert len(answered) == (len(given) if is_kept else 32)


def test_one_line_a_request_if_asked_for(client, settings, caplog):
    caplog.set_level(logging.INFO, "testbank.requests")
    client.get("/healthz")
    assert caplog.messages == []
    settings.LOG_REQUESTS = True
    client.get("/healthz?key=secret")
    (line,) = caplog.messages
    assert line.startswith("GET /healthz 200 ")


def test_log_as_json_has_the_request_id_and_no_secret():
    record = logging.LogRecord(
        "testbank", logging.INFO, "", 1, "key %s", ("sk_live_" + "a1" * 20,), None
    )
    with with_request_id("r-1"):
        ScrubFilter().filter(record)
        facts = json.loads(JSONFormatter().format(record))
    assert (facts["level"], facts["logger"], facts["request_id"]) == ("INFO", "testbank", "r-1")
    assert "a1a1a1" not in facts["message"]


@pytest.mark.django_db
def test_worker_sends_a_mail_under_the_id_of_its_request(at, settings, monkeypatch):
    settings.WORKER = True
    with with_request_id("r-2"):
        queue(at)
    assert OutgoingMail.objects.get().request_id == "r-2"
    settings.EMAIL_BACKEND = f"{__name__}.SeesRequestId"
    send_due_mails(at=at)
    assert (SeesRequestId.seen, current_request_id()) == (["r-2"], "")


class SeesRequestId:
    """An email backend that notes under which id it sends."""

    seen: list[str] = []

    def __init__(self, **_options):
        pass

    def send_messages(self, messages):
        self.seen.append(current_request_id())
        return len(messages)
