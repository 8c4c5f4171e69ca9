"""Idempotency keys: the first answer is kept and given again.

Kept once execution has begun, errors and 5xx included; what is refused before that
(parameters, key, rate) is not. Source: docs.stripe.com/api/idempotent_requests.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sandbox.errors import ApiError
from sandbox.store import Json, Transaction, dumped

LONGEST_KEY = 255
KIND = "idempotency_error"


@dataclass(frozen=True, slots=True)
class Saved:
    """The answer that a key stands for, and the request that got it first."""

    request_id: str
    status: int
    body: str


class InProgress:
    """The keys whose first request is still at work."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._claims: set[tuple[str, str]] = set()

    @contextmanager
    def claim(self, account_key: str, key: str) -> Iterator[None]:
        """Hold the key for one request. Raises ApiError 409 where another one holds it."""
        with self._lock:
            if (account_key, key) in self._claims:
                raise ApiError(
                    "Another request with this idempotency key is still in progress. "
                    "Try again in a moment.",
                    status=409,
                    kind=KIND,
                    code="idempotency_key_in_use",
                )
            self._claims.add((account_key, key))
        try:
            yield
        finally:
            with self._lock:
                self._claims.discard((account_key, key))


def refuse_long(key: str) -> None:
    """Keys have at most 255 characters."""
    if len(key) > LONGEST_KEY:
        raise ApiError(f"Idempotency keys have at most {LONGEST_KEY} characters.", kind=KIND)


def described(method: str, path: str, form: Json) -> str:
    """The request as it is compared: address and parameters, in any order."""
    return dumped([method, path, ordered(form)])


def ordered(form: Json) -> Json:
    """The form with all its keys sorted."""
    return {
        name: ordered(value) if isinstance(value, dict) else value
        for name, value in sorted(form.items())
    }


def find(
    transaction: Transaction, account_key: str, key: str, request: str, kept_seconds: int
) -> Saved | None:
    """The answer saved for the key, or None. Raises ApiError where the request differs."""
    prune(transaction, transaction.now - kept_seconds)
    row = transaction.row(
        "SELECT * FROM idempotent_result WHERE account_key = ? AND idempotency_key = ?",
        *(account_key, key),
    )
    if row is None:
        return None
    if row["request"] != request:
        raise ApiError(
            "This idempotency key was first used with other parameters or for another address. "
            f"Send the same ones, or another key than '{key}'.",
            kind=KIND,
        )
    return Saved(row["request_id"], row["status"], row["body"])


def prune(transaction: Transaction, until: int) -> None:
    """Forget the answers that were first given until then."""
    transaction.execute("DELETE FROM idempotent_result WHERE created <= ?", until)


def save(transaction: Transaction, account_key: str, key: str, request: str, saved: Saved) -> None:
    """Keep the answer; the first one kept stays."""
    transaction.execute(
        "INSERT INTO idempotent_result (account_key, idempotency_key, created, request,"
        " request_id, status, body) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        *(account_key, key, transaction.now, request),
        *(saved.request_id, saved.status, saved.body),
    )
