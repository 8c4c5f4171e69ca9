"""Error reports reach a server by the decided route, without secrets and people."""

import pytest
import sentry_sdk

from outbound.tests.servers import answer_with, far_side
from testbank.error_reports import start_error_reports
from testing.waiting import wait_until

KEY = "sk_live_51" + "Ab1" * 12


@pytest.fixture
def sentry():
    """A server that takes reports; yields it."""
    with far_side(None, answer_with(b"{}")) as server:
        start_error_reports(
            f"http://public@127.0.0.1:{server.port}/1", setting="direct", dotenv={}, ca_bundle=None
        )
        yield server
    sentry_sdk.init()


def test_error_is_reported_without_secrets(sentry, client, monkeypatch):
    def fail(*_arguments, **_options):
        raise RuntimeError(f"it broke with {KEY}")

    monkeypatch.setattr("testbank.health.HttpResponse", fail)
    client.raise_request_exception = False
    assert (
        client.get("/healthz", headers={"Cookie": "testbank_session=secret-session"}).status_code
        == 500
    )
    wait_until(lambda: sentry.requests)
    report = sentry.requests[0].decode()
    assert "POST /api/1/envelope/" in report
    assert "RuntimeError" in report
    assert "it broke with" in report
    for secret in (KEY, "secret-session"):
        assert secret not in report
