"""Idempotency keys: replays, conflicts, expiry."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

from sandbox.tests.factories import (
    client_for,
    session_params,
)
from testing.sandbox import RunningSandbox, running_sandbox

CREATE = "POST /v1/checkout/sessions"


def test_same_key_and_request_replay_the_response(client: stripe.StripeClient) -> None:
    first, second = (
        client.v1.checkout.sessions.create(session_params(), {"idempotency_key": "same"})
        for _ in range(2)
    )
    assert second.to_dict() == first.to_dict()
    assert first.last_response is not None
    assert second.last_response is not None
    assert "Idempotent-Replayed" not in first.last_response.headers
    assert second.last_response.headers["Idempotent-Replayed"] == "true"
    assert second.last_response.headers["Original-Request"] == first.last_response.request_id


def test_replay_returns_the_session_as_it_was(
    client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    options = {"idempotency_key": "as-it-was"}
    first = client.v1.checkout.sessions.create(session_params(), options)  # type: ignore[arg-type] # a plain dict does
    sandbox.control.pay(first.id)
    again = client.v1.checkout.sessions.create(session_params(), options)  # type: ignore[arg-type] # a plain dict does
    assert (again.id, again.status) == (first.id, "open")


def test_different_parameters_are_an_error(client: stripe.StripeClient) -> None:
    client.v1.checkout.sessions.create(session_params(), {"idempotency_key": "changed"})
    with pytest.raises(stripe.IdempotencyError) as caught:
        client.v1.checkout.sessions.create(session_params(2999), {"idempotency_key": "changed"})
    assert caught.value.http_status == 400


def test_refused_parameters_leave_the_key_unused(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.create(session_params(1), {"idempotency_key": "refused"})
    assert client.v1.checkout.sessions.create(session_params(), {"idempotency_key": "refused"}).id


def test_execution_errors_are_saved(client: stripe.StripeClient) -> None:
    session = client.v1.checkout.sessions.create(session_params())
    client.v1.checkout.sessions.expire(session.id)
    request_ids = set()
    for _ in range(2):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            client.v1.checkout.sessions.expire(session.id, {}, {"idempotency_key": "twice"})
        assert caught.value.headers is not None
        request_ids.add(caught.value.headers.get("Original-Request"))
    assert len(request_ids - {None}) == 1


def test_long_key_is_refused(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.IdempotencyError):
        client.v1.checkout.sessions.create(session_params(), {"idempotency_key": "k" * 256})


@pytest.mark.slow
def test_keys_belong_to_an_api_key(tmp_path_factory: pytest.TempPathFactory) -> None:
    keys = ("sk_sandbox_first_one", "sk_test_second_one")
    directory = tmp_path_factory.mktemp("two")
    with running_sandbox(directory, tls=False, secret_keys=keys) as running:
        names = {
            client_for(running, key)
            .v1.checkout.sessions.create(session_params(), {"idempotency_key": "k"})
            .id
            for key in keys
        }
    assert len(names) == 2


def test_key_is_forgotten_after_a_day(own_sandbox: RunningSandbox) -> None:
    sessions = client_for(own_sandbox).v1.checkout.sessions
    first = sessions.create(session_params(), {"idempotency_key": "old"})
    own_sandbox.control.advance_clock(23 * 3600)
    assert sessions.create(session_params(), {"idempotency_key": "old"}).id == first.id
    own_sandbox.control.advance_clock(2 * 3600)
    assert sessions.create(session_params(), {"idempotency_key": "old"}).id != first.id


def test_key_in_use_is_409_and_creates_one_session(empty_sandbox: RunningSandbox) -> None:
    empty_sandbox.control.fault("hang", seconds=0.5)

    def attempt(_: int) -> str:
        try:
            sessions = client_for(empty_sandbox).v1.checkout.sessions
            return sessions.create(session_params(), {"idempotency_key": "at once"}).id
        except stripe.APIError as error:
            assert error.http_status == 409
            return "busy"

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(attempt, range(8)))
    created = client_for(empty_sandbox).v1.checkout.sessions.list().data
    assert len(created) == 1
    assert set(outcomes) == {created[0].id, "busy"}
    assert empty_sandbox.control.count(CREATE) == 8


def test_concurrent_requests_with_different_keys_all_succeed(empty_sandbox: RunningSandbox) -> None:
    def attempt(number: int) -> str:
        sessions = client_for(empty_sandbox).v1.checkout.sessions
        return sessions.create(session_params(), {"idempotency_key": f"key {number}"}).id

    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(attempt, range(40)))
    listed = client_for(empty_sandbox).v1.checkout.sessions.list({"limit": 100}).data
    assert {session.id for session in listed} == set(names)
    assert len(set(names)) == 40


def test_forgotten_key_creates_another_session(empty_sandbox: RunningSandbox) -> None:
    sessions = client_for(empty_sandbox).v1.checkout.sessions
    first = sessions.create(session_params(), {"idempotency_key": "k"}).id
    empty_sandbox.control.forget_keys()
    assert sessions.create(session_params(), {"idempotency_key": "k"}).id != first
