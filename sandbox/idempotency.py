"""Idempotency keys: save the first response of a key, and replay it.

A response is saved once execution has begun, errors and 5xx included. A request that is
refused earlier (parameters, API key, rate limit) leaves its key unused.
Source: docs.stripe.com/api/idempotent_requests.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sandbox.errors import ApiError
from sandbox.store import Json, Transaction, to_json

MAX_KEY_LENGTH = 255
KIND = "idempotency_error"


@dataclass(frozen=True, slots=True)
class SavedResponse:
    """The response saved for a key, and the id of the request that got it first."""

    request_id: str
    status: int
    body: str


class KeysInUse:
    """The idempotency keys whose first request is still running."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: set[tuple[str, str]] = set()

    @contextmanager
    def hold(self, api_key_hash: str, key: str) -> Iterator[None]:
        """Hold the key for one request. Raises ApiError 409 if another request holds it."""
        with self._lock:
            if (api_key_hash, key) in self._held:
                raise ApiError(
                    "Another request with this idempotency key is still in progress. "
                    "Try again in a moment.",
                    status=409,
                    kind=KIND,
                    code="idempotency_key_in_use",
                )
            self._held.add((api_key_hash, key))
        try:
            yield
        finally:
            with self._lock:
                self._held.discard((api_key_hash, key))


def refuse_long_key(key: str) -> None:
    if len(key) > MAX_KEY_LENGTH:
        message = f"Idempotency keys can be at most {MAX_KEY_LENGTH} characters long."
        raise ApiError(message, kind=KIND)


def canonical_request(method: str, path: str, form: Json) -> str:
    """Return the request as requests are compared: URL and parameters, in any order."""
    return to_json([method, path, sort_keys(form)])


def sort_keys(form: Json) -> Json:
    """Return the form with its keys sorted at every level."""
    return {
        name: sort_keys(value) if isinstance(value, dict) else value
        for name, value in sorted(form.items())
    }


def find(
    transaction: Transaction, api_key_hash: str, key: str, request: str, max_age_seconds: int
) -> SavedResponse | None:
    """Return the response saved for the key, or None. Raises ApiError if the request differs."""
    prune(transaction, transaction.now - max_age_seconds)
    row = transaction.row(
        "SELECT * FROM idempotent_response WHERE api_key_hash = ? AND idempotency_key = ?",
        *(api_key_hash, key),
    )
    if row is None:
        return None
    if row["request"] != request:
        raise ApiError(
            "Keys for idempotent requests can only be used with the same URL and parameters "
            f"they were first used with. Use a key other than '{key}' for a new request.",
            kind=KIND,
        )
    return SavedResponse(row["request_id"], row["status"], row["body"])


def prune(transaction: Transaction, until: int) -> None:
    """Delete the responses saved at or before that time."""
    transaction.execute("DELETE FROM idempotent_response WHERE created <= ?", until)


def save(
    transaction: Transaction, api_key_hash: str, key: str, request: str, saved: SavedResponse
) -> None:
    """Save the response unless the key already has one."""
    transaction.execute(
        "INSERT INTO idempotent_response (api_key_hash, idempotency_key, created, request,"
        " request_id, status, body) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        *(api_key_hash, key, transaction.now, request),
        *(saved.request_id, saved.status, saved.body),
    )
