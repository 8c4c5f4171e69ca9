"""The state file: SQLite, one connection, one transaction at a time.

Each table belongs to the module in `resources/` that reads and writes it.
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

# A file with another number was written by another version of the sandbox.
SCHEMA_VERSION = 2
RESOURCE_COLUMNS = """
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL,
    body TEXT NOT NULL
"""
# Tables of JSON bodies, with the fields that lists filter by.
RESOURCE_TABLES = {
    "payment_intent": (),
    "charge": ("payment_intent",),
    "refund": ("charge", "payment_intent"),
    "dispute": ("charge", "payment_intent"),
    "coupon": (),
    "promotion_code": ("code",),
}
SCHEMA = f"""
CREATE TABLE IF NOT EXISTS account (id TEXT PRIMARY KEY, created INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS checkout_session (
    {RESOURCE_COLUMNS},
    expires_at INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('open', 'complete', 'expired')),
    payment_intent TEXT UNIQUE,
    payment_intent_data TEXT NOT NULL,
    line_items TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS checkout_session_due ON checkout_session (expires_at)
    WHERE status = 'open';
CREATE TABLE IF NOT EXISTS settlement (
    session_id TEXT PRIMARY KEY,
    due_at INTEGER NOT NULL,
    succeeds INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS settlement_due ON settlement (due_at);
CREATE TABLE IF NOT EXISTS webhook_endpoint (
    {RESOURCE_COLUMNS},
    secret TEXT NOT NULL,
    url TEXT,
    is_default INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX IF NOT EXISTS webhook_endpoint_default ON webhook_endpoint (is_default)
    WHERE is_default;
CREATE TABLE IF NOT EXISTS event (
    {RESOURCE_COLUMNS},
    type TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS delivery (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL REFERENCES event (id),
    endpoint_id TEXT NOT NULL REFERENCES webhook_endpoint (id) ON DELETE CASCADE,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at REAL,
    delivered INTEGER NOT NULL DEFAULT 0,
    last_result TEXT
);
CREATE INDEX IF NOT EXISTS delivery_event ON delivery (event_id);
CREATE INDEX IF NOT EXISTS delivery_due ON delivery (sequence) WHERE next_attempt_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS idempotent_response (
    api_key_hash TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    created INTEGER NOT NULL,
    request TEXT NOT NULL,
    request_id TEXT NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (api_key_hash, idempotency_key)
);
CREATE INDEX IF NOT EXISTS idempotent_response_created ON idempotent_response (created);
"""
# What payments leave behind, referring tables first. Endpoints, coupons, and codes are settings.
TEST_DATA = (
    "delivery",
    "event",
    "settlement",
    "dispute",
    "refund",
    "charge",
    "payment_intent",
    "checkout_session",
    "idempotent_response",
)


class StateError(Exception):
    """The state file cannot be opened, is in use, or is of another version."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """One unit of work: its connection, its time, and the API request that caused it."""

    connection: sqlite3.Connection
    now: int
    request_id: str | None
    idempotency_key: str | None

    def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
        return self.connection.execute(statement, values)

    def row(self, statement: str, *values: Any) -> sqlite3.Row | None:
        """Return the first row, or None."""
        row: sqlite3.Row | None = self.execute(statement, *values).fetchone()
        return row


class Store:
    """The state file. Thread-safe: a lock serializes transactions."""

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        """Open the file, and create it if needed. Raises StateError."""
        self.clock = clock
        self._lock = threading.RLock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = open_connection(path)
        except (OSError, sqlite3.Error) as error:
            raise StateError(explain_open_error(path, error)) from error

    @contextmanager
    def transaction(
        self,
        *,
        request_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> Iterator[Transaction]:
        """Commit everything in the block, or nothing."""
        with self._lock, self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            now = int(self.clock())
            yield Transaction(self._connection, now, request_id, idempotency_key)

    def close(self) -> None:
        """Wait for the running transaction, then close the file for good.

        Keeps the lock, so that other threads block until the process exits instead of failing.
        """
        self._lock.acquire()
        self._connection.close()


def open_connection(path: Path) -> sqlite3.Connection:
    """Return a connection that locks out other processes, with all tables in place."""
    connection = sqlite3.connect(path, timeout=2, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    refuse_other_version(path, connection)
    version = f"PRAGMA user_version = {SCHEMA_VERSION};"
    connection.executescript(f"BEGIN;{SCHEMA}{resource_tables()}{version}COMMIT;")
    return connection


def refuse_other_version(path: Path, connection: sqlite3.Connection) -> None:
    """Raise StateError if another version of the sandbox wrote the file."""
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if tables and version != SCHEMA_VERSION:
        connection.close()
        raise StateError(
            f"{path} was written by another version of the sandbox. Delete it, or choose "
            "another --state."
        )


def resource_tables() -> str:
    """Return the statements that create RESOURCE_TABLES, with an index on each filter."""
    statements = []
    for table, filters in RESOURCE_TABLES.items():
        generated = "".join(
            f", {name} TEXT AS (json_extract(body, '$.{name}'))" for name in filters
        )
        statements.append(f"CREATE TABLE IF NOT EXISTS {table} ({RESOURCE_COLUMNS}{generated});")
        statements += [
            f"CREATE INDEX IF NOT EXISTS {table}_{name} ON {table} ({name});" for name in filters
        ]
    return "".join(statements)


def delete_test_data(transaction: Transaction) -> None:
    """Delete all sessions and what came of them."""
    for table in TEST_DATA:
        transaction.execute(f"DELETE FROM {table}")  # noqa: S608 - a constant


def explain_open_error(path: Path, error: OSError | sqlite3.Error) -> str:
    """Return why the state file cannot be opened, and what to do about it."""
    if isinstance(error, sqlite3.Error) and error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
        return f"{path} is in use by another sandbox. Stop that one, or choose another --state."
    return f"The state file {path} cannot be used: {error}."


def new_id(prefix: str, length: int = 24) -> str:
    """Return an id that cannot be guessed: the prefix, then random letters and digits."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    return prefix + "".join(secrets.choice(letters) for _ in range(length))


def to_json(value: Any) -> str:
    """Return compact JSON, as the state file stores it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
