"""Faults injected into API requests on demand, and the request log."""

import time

import pytest
import requests
import stripe

from sandbox.tests.factories import (
    client_for,
    session_params,
)
from testing.sandbox import RunningSandbox

CREATE = "POST /v1/checkout/sessions"


def create_session(running: RunningSandbox) -> stripe.checkout.Session:
    """Attempt to create the same session, with the same idempotency key."""
    return client_for(running).v1.checkout.sessions.create(
        session_params(), {"idempotency_key": "order-1"}
    )


def count_sessions(running: RunningSandbox) -> int:
    """Count the sessions."""
    return len(client_for(running).v1.checkout.sessions.list().data)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, stripe.AuthenticationError),
        (403, stripe.PermissionError),
        (429, stripe.RateLimitError),
        (500, stripe.APIError),
        (503, stripe.APIError),
    ],
)
def test_status_fault_raises_stripes_error(
    empty_sandbox: RunningSandbox, status: int, kind: type[stripe.StripeError]
) -> None:
    empty_sandbox.control.fault("status", status=status)
    with pytest.raises(kind) as caught:
        create_session(empty_sandbox)
    assert caught.value.http_status == status
    assert caught.value.request_id is not None
    assert count_sessions(empty_sandbox) == 0


def test_client_error_leaves_the_key_unused(empty_sandbox: RunningSandbox) -> None:
    empty_sandbox.control.fault("status", status=429)
    with pytest.raises(stripe.RateLimitError):
        create_session(empty_sandbox)
    assert create_session(empty_sandbox).status == "open"


def test_server_error_is_saved_for_its_key(empty_sandbox: RunningSandbox) -> None:
    empty_sandbox.control.fault("status", status=500)
    for _ in range(2):
        with pytest.raises(stripe.APIError) as caught:
            create_session(empty_sandbox)
    assert caught.value.headers is not None
    assert caught.value.headers["Idempotent-Replayed"] == "true"


def test_unsaved_server_error_can_be_retried(empty_sandbox: RunningSandbox) -> None:
    empty_sandbox.control.fault("status", status=500, saved=False)
    with pytest.raises(stripe.APIError):
        create_session(empty_sandbox)
    assert create_session(empty_sandbox).status == "open"


def test_cut_before_execution_creates_nothing(empty_sandbox: RunningSandbox) -> None:
    empty_sandbox.control.fault("cut_before")
    with pytest.raises(stripe.APIConnectionError):
        create_session(empty_sandbox)
    assert count_sessions(empty_sandbox) == 0


def test_cut_after_execution_replays_the_same_session(empty_sandbox: RunningSandbox) -> None:
    empty_sandbox.control.fault("cut_after")
    with pytest.raises(stripe.APIConnectionError):
        create_session(empty_sandbox)
    assert count_sessions(empty_sandbox) == 1
    create_session(empty_sandbox)
    assert count_sessions(empty_sandbox) == 1
    cut = empty_sandbox.control.requests()[0]
    assert (cut["status"], cut["response_sent"]) == (200, False)


def test_hang_delays_the_response(empty_sandbox: RunningSandbox) -> None:
    empty_sandbox.control.fault("hang", seconds=0.3)
    started = time.monotonic()
    create_session(empty_sandbox)
    assert time.monotonic() - started >= 0.3


def test_page_fault_returns_html(empty_sandbox: RunningSandbox) -> None:
    empty_sandbox.control.fault("page")
    with pytest.raises(stripe.APIError) as caught:
        create_session(empty_sandbox)
    assert (caught.value.http_status, caught.value.request_id) == (200, None)
    assert count_sessions(empty_sandbox) == 0


def test_fault_applies_to_matching_requests(empty_sandbox: RunningSandbox) -> None:
    control = empty_sandbox.control
    control.fault("cut_before", method="POST", path="/v1/checkout/sessions*", times=2)
    assert count_sessions(empty_sandbox) == 0
    for _ in range(2):
        with pytest.raises(stripe.APIConnectionError):
            create_session(empty_sandbox)
    assert control.call("GET", "faults") == []
    assert create_session(empty_sandbox).status == "open"


def test_faults_can_be_cleared(empty_sandbox: RunningSandbox) -> None:
    empty_sandbox.control.fault("cut_before", times=99)
    empty_sandbox.control.clear_faults()
    assert create_session(empty_sandbox).status == "open"


@pytest.mark.parametrize("asked", [{"kind": "flood"}, {"kind": "page", "times": 0}, {"when": 1}])
def test_invalid_fault_is_refused(empty_sandbox: RunningSandbox, asked: dict[str, object]) -> None:
    with pytest.raises(AssertionError):
        empty_sandbox.control.call("POST", "faults", asked)


def test_requests_are_counted_and_logged_without_secrets(empty_sandbox: RunningSandbox) -> None:
    session = create_session(empty_sandbox)
    client_for(empty_sandbox).v1.checkout.sessions.retrieve(session.id)
    control = empty_sandbox.control
    assert control.count(CREATE) == 1
    assert control.count("GET /v1/checkout/sessions/{id}") == 1
    first = control.requests()[0]
    assert (first["method"], first["path"], first["status"]) == (
        "POST",
        "/v1/checkout/sessions",
        200,
    )
    assert "line_items[0][quantity]=1" in first["body"]
    assert first["headers"]["Authorization"] == "(redacted)"
    assert empty_sandbox.secret_key not in str(control.requests())
    control.forget_requests()
    assert control.requests() == []


def test_control_api_requires_json(empty_sandbox: RunningSandbox) -> None:
    with requests.Session() as session:
        session.trust_env = False
        url = f"{empty_sandbox.url}/_sandbox/faults"
        response = session.post(url, data='{"kind": "page"}', timeout=10)
    assert response.status_code == 400
    assert empty_sandbox.control.call("GET", "faults") == []
