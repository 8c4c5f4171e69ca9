"""The state that all request handlers and delivery threads share."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import time

from sandbox.faults.queue import DeliveryFault, FaultQueue, RequestFault
from sandbox.faults.rates import RandomFaults
from sandbox.http.request_log import RequestLog
from sandbox.idempotency import KeysInUse
from sandbox.resources.checkout_payments import settle_due
from sandbox.resources.checkout_sessions import expire_due
from sandbox.settings import Settings
from sandbox.store import Store, Transaction


@dataclass(slots=True)
class Clock:
    """The sandbox's clock, which tests may advance."""

    offset_seconds: float = 0.0

    def __call__(self) -> float:
        """Return seconds since 1970."""
        return time() + self.offset_seconds


@dataclass(slots=True)
class DeliveryState:
    """Whether deliveries are paused, and the `delivery.sequence` of those being sent.

    Read and change `in_flight` inside a transaction only: the store's lock guards it.
    """

    paused: bool = False
    in_flight: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Everything that a request handler may need.

    Set `wake_deliveries` after anything that can make a delivery due.
    """

    settings: Settings
    clock: Clock
    store: Store
    request_log: RequestLog = field(default_factory=RequestLog)
    request_faults: FaultQueue[RequestFault] = field(default_factory=FaultQueue[RequestFault])
    delivery_faults: FaultQueue[DeliveryFault] = field(default_factory=FaultQueue[DeliveryFault])
    random_faults: RandomFaults = field(default_factory=RandomFaults)
    keys_in_use: KeysInUse = field(default_factory=KeysInUse)
    delivery_state: DeliveryState = field(default_factory=DeliveryState)
    wake_deliveries: threading.Event = field(default_factory=threading.Event)
    stopping: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def transaction(
        self, request_id: str | None = None, idempotency_key: str | None = None
    ) -> Iterator[Transaction]:
        """Commit everything or nothing, after expiring sessions and settling debits that are due."""
        with self.store.transaction(
            request_id=request_id, idempotency_key=idempotency_key
        ) as transaction:
            expire_due(transaction)
            settle_due(transaction)
            yield transaction
