"""Faults on demand, as stripe-python sees them, and the journal of what arrived."""

import time

import pytest
import requests
import stripe

from sandbox.tests.conftest import bank, client_of
from testing.sandbox import RunningSandbox

CREATE = "POST /v1/checkout/sessions"


def create(running: RunningSandbox) -> stripe.checkout.Session:
    """One attempt to make the same session."""
    return client_of(running).v1.checkout.sessions.create(bank(), {"idempotency_key": "order-1"})


def made(running: RunningSandbox) -> int:
    """How many sessions there are."""
    return len(client_of(running).v1.checkout.sessions.list().data)


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
def test_status_is_stripes_error(
    own_sandbox: RunningSandbox, status: int, kind: type[stripe.StripeError]
) -> None:
    own_sandbox.control.fault("status", status=status)
    with pytest.raises(kind) as caught:
        create(own_sandbox)
    assert caught.value.http_status == status
    assert caught.value.request_id is not None
    assert made(own_sandbox) == 0


def test_refusal_before_execution_leaves_the_key_free(own_sandbox: RunningSandbox) -> None:
    own_sandbox.control.fault("status", status=429)
    with pytest.raises(stripe.RateLimitError):
        create(own_sandbox)
    assert create(own_sandbox).status == "open"


def test_server_error_is_kept_for_its_key(own_sandbox: RunningSandbox) -> None:
    own_sandbox.control.fault("status", status=500)
    for _ in range(2):
        with pytest.raises(stripe.APIError) as caught:
            create(own_sandbox)
    assert caught.value.headers is not None
    assert caught.value.headers["Idempotent-Replayed"] == "true"


def test_server_error_that_is_not_saved_passes(own_sandbox: RunningSandbox) -> None:
    own_sandbox.control.fault("status", status=500, saved=False)
    with pytest.raises(stripe.APIError):
        create(own_sandbox)
    assert create(own_sandbox).status == "open"


def test_cut_before_acting_makes_nothing(own_sandbox: RunningSandbox) -> None:
    own_sandbox.control.fault("cut_before")
    with pytest.raises(stripe.APIConnectionError):
        create(own_sandbox)
    assert made(own_sandbox) == 0


def test_cut_after_acting_gives_the_same_session_again(own_sandbox: RunningSandbox) -> None:
    own_sandbox.control.fault("cut_after")
    with pytest.raises(stripe.APIConnectionError):
        create(own_sandbox)
    assert made(own_sandbox) == 1
    create(own_sandbox)
    assert made(own_sandbox) == 1
    cut = own_sandbox.control.requests()[0]
    assert (cut["status"], cut["answered"]) == (200, False)


def test_hang_acts_all_the_same(own_sandbox: RunningSandbox) -> None:
    own_sandbox.control.fault("hang", seconds=0.3)
    started = time.monotonic()
    create(own_sandbox)
    assert time.monotonic() - started >= 0.3


def test_page_instead_of_json(own_sandbox: RunningSandbox) -> None:
    own_sandbox.control.fault("page")
    with pytest.raises(stripe.APIError) as caught:
        create(own_sandbox)
    assert (caught.value.http_status, caught.value.request_id) == (200, None)
    assert made(own_sandbox) == 0


def test_fault_is_for_requests_that_match(own_sandbox: RunningSandbox) -> None:
    control = own_sandbox.control
    control.fault("cut_before", method="POST", path="/v1/checkout/sessions*", times=2)
    assert made(own_sandbox) == 0
    for _ in range(2):
        with pytest.raises(stripe.APIConnectionError):
            create(own_sandbox)
    assert control.call("GET", "faults") == []
    assert create(own_sandbox).status == "open"


def test_faults_can_be_called_off(own_sandbox: RunningSandbox) -> None:
    own_sandbox.control.fault("cut_before", times=99)
    own_sandbox.control.clear_faults()
    assert create(own_sandbox).status == "open"


@pytest.mark.parametrize("asked", [{"kind": "flood"}, {"kind": "page", "times": 0}, {"when": 1}])
def test_unknown_fault_is_refused(own_sandbox: RunningSandbox, asked: dict[str, object]) -> None:
    with pytest.raises(AssertionError):
        own_sandbox.control.call("POST", "faults", asked)


def test_requests_are_counted_and_kept_without_secrets(own_sandbox: RunningSandbox) -> None:
    session = create(own_sandbox)
    client_of(own_sandbox).v1.checkout.sessions.retrieve(session.id)
    control = own_sandbox.control
    assert control.count(CREATE) == 1
    assert control.count("GET /v1/checkout/sessions/{id}") == 1
    first = control.requests()[0]
    assert (first["method"], first["path"], first["status"]) == (
        "POST",
        "/v1/checkout/sessions",
        200,
    )
    assert "line_items[0][quantity]=1" in first["body"]
    assert first["headers"]["Authorization"] == "(hidden)"
    assert own_sandbox.secret_key not in str(control.requests())
    control.forget_requests()
    assert control.requests() == []


def test_control_changes_need_json(own_sandbox: RunningSandbox) -> None:
    with requests.Session() as session:
        session.trust_env = False
        url = f"{own_sandbox.url}/_sandbox/faults"
        response = session.post(url, data='{"kind": "page"}', timeout=10)
    assert response.status_code == 400
    assert own_sandbox.control.call("GET", "faults") == []
