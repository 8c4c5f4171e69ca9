"""The sandbox's memory: one SQLite file, one connection, one transaction at a time.

What the rows mean stands in the modules that write them.
"""

import json
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = dict[str, Any]

SCHEMA = """
CREATE TABLE IF NOT EXISTS account (id TEXT PRIMARY KEY, created INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS checkout_session (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('open', 'complete', 'expired')),
    payment_intent TEXT UNIQUE,
    payment_intent_data TEXT NOT NULL,
    line_items TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS checkout_session_due ON checkout_session (expires_at)
    WHERE status = 'open';
CREATE TABLE IF NOT EXISTS payment_intent (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS charge (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL,
    body TEXT NOT NULL,
    payment_intent TEXT AS (json_extract(body, '$.payment_intent'))
);
CREATE INDEX IF NOT EXISTS charge_payment_intent ON charge (payment_intent);
CREATE TABLE IF NOT EXISTS refund (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL,
    body TEXT NOT NULL,
    charge TEXT AS (json_extract(body, '$.charge')),
    payment_intent TEXT AS (json_extract(body, '$.payment_intent'))
);
CREATE INDEX IF NOT EXISTS refund_charge ON refund (charge);
CREATE INDEX IF NOT EXISTS refund_payment_intent ON refund (payment_intent);
CREATE TABLE IF NOT EXISTS dispute (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL,
    body TEXT NOT NULL,
    charge TEXT AS (json_extract(body, '$.charge')),
    payment_intent TEXT AS (json_extract(body, '$.payment_intent'))
);
CREATE INDEX IF NOT EXISTS dispute_charge ON dispute (charge);
CREATE INDEX IF NOT EXISTS dispute_payment_intent ON dispute (payment_intent);
CREATE TABLE IF NOT EXISTS coupon (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS promotion_code (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL,
    body TEXT NOT NULL,
    code TEXT AS (json_extract(body, '$.code'))
);
CREATE TABLE IF NOT EXISTS settlement (
    session_id TEXT PRIMARY KEY,
    due_at INTEGER NOT NULL,
    comes INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS settlement_due ON settlement (due_at);
CREATE TABLE IF NOT EXISTS webhook_endpoint (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL,
    secret TEXT NOT NULL,
    url TEXT,
    is_own INTEGER NOT NULL DEFAULT 0,
    body TEXT NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS webhook_endpoint_own ON webhook_endpoint (is_own) WHERE is_own;
CREATE TABLE IF NOT EXISTS event (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL,
    type TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS delivery (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL REFERENCES event (id),
    endpoint_id TEXT REFERENCES webhook_endpoint (id) ON DELETE CASCADE,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at REAL,
    delivered INTEGER NOT NULL DEFAULT 0,
    last_outcome TEXT
);
CREATE INDEX IF NOT EXISTS delivery_event ON delivery (event_id);
CREATE INDEX IF NOT EXISTS delivery_due ON delivery (sequence) WHERE next_attempt_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS idempotent_result (
    account_key TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    created INTEGER NOT NULL,
    request TEXT NOT NULL,
    request_id TEXT NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (account_key, idempotency_key)
);
CREATE INDEX IF NOT EXISTS idempotent_result_created ON idempotent_result (created);
"""
# The first form of the file had intents without a place in lists, and deliveries that named
# no endpoint. Before the schema, and after it.
UPGRADE = (
    """
ALTER TABLE payment_intent RENAME TO former_payment_intent;
ALTER TABLE delivery ADD COLUMN endpoint_id TEXT
    REFERENCES webhook_endpoint (id) ON DELETE CASCADE;
""",
    """
INSERT INTO payment_intent (sequence, id, created, body)
    SELECT rowid, id, json_extract(body, '$.created'), body FROM former_payment_intent;
DROP TABLE former_payment_intent;
""",
)
VERSION = 1


class StateError(Exception):
    """The state file cannot be opened, or another sandbox has it."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """One unit of work: its connection, its moment, and the request that caused it."""

    connection: sqlite3.Connection
    now: int
    request_id: str | None
    idempotency_key: str | None

    def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
        """Run one statement."""
        return self.connection.execute(statement, values)

    def row(self, statement: str, *values: Any) -> sqlite3.Row | None:
        """The first row, or None."""
        row: sqlite3.Row | None = self.execute(statement, *values).fetchone()
        return row


class Store:
    """The state file. Safe to use from many threads; transactions wait for each other."""

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        """Open the file, making it if needed. Raises StateError."""
        self.clock = clock
        self._lock = threading.RLock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = connected(path)
        except (OSError, sqlite3.Error) as error:
            raise StateError(unusable(path, error)) from error

    @contextmanager
    def transaction(
        self,
        *,
        request_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> Iterator[Transaction]:
        """All or nothing."""
        with self._lock, self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            now = int(self.clock())
            yield Transaction(self._connection, now, request_id, idempotency_key)

    def close(self) -> None:
        """Wait for the transaction at work and close the file; no other one ever begins.

        Threads that still want one wait until the program ends, instead of failing.
        """
        self._lock.acquire()
        self._connection.close()


def unusable(path: Path, error: OSError | sqlite3.Error) -> str:
    """Why the state file cannot be used, and what to do about it."""
    if isinstance(error, sqlite3.Error) and error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
        return f"{path} is in use by another sandbox. End that one, or choose another --state."
    return f"The state file {path} cannot be used: {error}."


def connected(path: Path) -> sqlite3.Connection:
    """A connection that keeps other processes out, with all tables in place."""
    connection = sqlite3.connect(path, timeout=2, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    before, after = UPGRADE if is_of_first_form(connection) else ("", "")
    versioned = f"PRAGMA user_version = {VERSION};"
    connection.executescript(f"BEGIN;{before}{SCHEMA}{after}{versioned}COMMIT;")
    return connection


def is_of_first_form(connection: sqlite3.Connection) -> bool:
    """True for a file that was made before its form had a number."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    made = "SELECT count(*) FROM sqlite_schema WHERE name = 'payment_intent'"
    return bool(version == 0 and connection.execute(made).fetchone()[0])


def new_id(prefix: str, length: int = 24) -> str:
    """A name that cannot be guessed: the prefix and so many letters and digits."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    return prefix + "".join(secrets.choice(letters) for _ in range(length))


def dumped(value: Any) -> str:
    """JSON as it is stored."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
