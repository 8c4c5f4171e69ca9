"""The parts that all requests share, and how they are put together."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import time

from sandbox.checkout import expire_due
from sandbox.faults import Fault, Mishap, Waiting
from sandbox.idempotency import InProgress
from sandbox.journal import Journal
from sandbox.paying import settle_due
from sandbox.store import Store, Transaction
from sandbox.weather import Weather


@dataclass(slots=True)
class Clock:
    """The time of day, which tests may move forward."""

    ahead_seconds: float = 0.0

    def __call__(self) -> float:
        """Seconds since 1970."""
        return time() + self.ahead_seconds


@dataclass(slots=True)
class Webhooks:
    """What the program's own endpoint signs with, and how the telling of events stands.

    `at_work` has the deliveries that are on the wire now; it is read and changed inside of
    transactions only, which wait for each other.
    """

    own_secret: str
    paused: bool = False
    at_work: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the program was started with. `public_url` begins every payment page's address."""

    secret_keys: tuple[str, ...]
    public_url: str
    webhook_backoff_seconds: float
    idempotency_seconds: int
    settle_seconds: int


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that a request may need."""

    settings: Settings
    clock: Clock
    store: Store
    webhooks: Webhooks
    journal: Journal = field(default_factory=Journal)
    faults: Waiting[Fault] = field(default_factory=Waiting[Fault])
    mishaps: Waiting[Mishap] = field(default_factory=Waiting[Mishap])
    weather: Weather = field(default_factory=Weather)
    in_progress: InProgress = field(default_factory=InProgress)
    stopping: threading.Event = field(default_factory=threading.Event)
    news: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def transaction(
        self, request_id: str | None = None, idempotency_key: str | None = None
    ) -> Iterator[Transaction]:
        """All or nothing; what was to happen by time (sessions, money on its way) has happened."""
        with self.store.transaction(
            request_id=request_id, idempotency_key=idempotency_key
        ) as transaction:
            expire_due(transaction)
            settle_due(transaction)
            yield transaction
