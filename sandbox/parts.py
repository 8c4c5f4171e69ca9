"""The parts that all requests share, and how they are put together."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import time

from sandbox.checkout import expire_due
from sandbox.faults import Faults
from sandbox.idempotency import InProgress
from sandbox.journal import Journal
from sandbox.store import Store, Transaction


@dataclass(slots=True)
class Clock:
    """The time of day, which tests may move forward."""

    ahead_seconds: float = 0.0

    def __call__(self) -> float:
        """Seconds since 1970."""
        return time() + self.ahead_seconds


@dataclass(slots=True)
class Endpoint:
    """Where events are told, signed with which secret. No address: nowhere."""

    url: str | None
    secret: str
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """What the program was started with. `public_url` begins every payment page's address."""

    secret_keys: tuple[str, ...]
    public_url: str
    webhook_backoff_seconds: float
    idempotency_seconds: int


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that a request may need."""

    settings: Settings
    clock: Clock
    store: Store
    endpoint: Endpoint
    journal: Journal = field(default_factory=Journal)
    faults: Faults = field(default_factory=Faults)
    in_progress: InProgress = field(default_factory=InProgress)
    stopping: threading.Event = field(default_factory=threading.Event)
    news: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def transaction(
        self, request_id: str | None = None, idempotency_key: str | None = None
    ) -> Iterator[Transaction]:
        """All or nothing; sessions whose time is over have expired when it begins."""
        with self.store.transaction(
            request_id=request_id,
            idempotency_key=idempotency_key,
            notifies=self.endpoint.url is not None,
        ) as transaction:
            expire_due(transaction)
            yield transaction
