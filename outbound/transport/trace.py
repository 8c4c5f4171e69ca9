"""The trace of one call: stages, times, bytes, and how long it may still take.

`Trace` is written while the call is under way. `CallRecord` is what remains of it, for logs,
incidents and the doctor. Neither ever holds a header, a body or a password.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from outbound.redaction import scrub

DETAIL_CHARACTERS = 300


# The outcome of an address that did not answer in time, or before another one did.
NO_RESPONSE = "no response"


class Stage(StrEnum):
    """The stage that a call reached, and in which a failed call failed.

    No byte of the request is handed to a socket before `SENT`: a call that failed earlier
    cannot have had an effect on the far side. From `SENT` on, it can.
    """

    ROUTE = "route"  # nothing has left: the call waits for the limit, or cannot be made
    RESOLVE = "resolve"  # look up the name of the first hop: the proxy, or the far side
    CONNECT = "connect"  # TCP to the first hop
    TUNNEL = "tunnel"  # everything said to the proxy: TLS to it, CONNECT, SOCKS
    TLS = "tls"  # the handshake with the far side
    SENT = "sent"  # the request is on its way, or its answer is awaited
    ANSWERED = "answered"  # status and headers are here; the body may still be coming


@dataclass(frozen=True, slots=True)
class AddressAttempt:
    """One address of the first hop that was tried.

    `outcome` is `connected`, `connection refused`, `no response`, or what the system says.
    """

    address: str
    port: int
    outcome: str
    milliseconds: float


@dataclass(frozen=True, slots=True)
class ProxyAnswer:
    """What a proxy said to CONNECT.

    `answered_by` is what Via and Server tell of it. `hops` are the proxies that the answer
    came through, the one that wrote it first: more than one tells of a chain of proxies.
    `marks` tell one proxy from another. `is_of_another`: a second proxy, behind the one that
    was asked, wrote the answer. `title` and `location` are those of a page that came in place
    of a tunnel.
    """

    status: int
    reason: str
    authentication_schemes: tuple[str, ...] = ()
    answered_by: str = ""
    hops: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    is_of_another: bool = False
    squid_error: str = ""
    date: str = ""
    title: str = ""
    location: str = ""


@dataclass(frozen=True, slots=True)
class TLSFacts:
    """The far side's verified certificate, and what was negotiated."""

    version: str
    cipher: str
    subject: str
    issuer: str
    expires: str


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call, without secrets by construction: no header, body, query or password.

    `milliseconds` has one entry for each stage that was reached. `bytes_sent` counts the
    bytes of the request that were handed over; 0 means that the far side cannot have acted.
    `status` is 0 where no answer came. `searched`: the name was found only with the help of
    this machine's search domains. `reused`: the connection was kept from an earlier call;
    `resent`: such a connection ended as the request was sent, and it was sent once more.
    `repeatable`: the request may be sent again, since it only reads or has an
    Idempotency-Key.
    """

    method: str
    host: str
    port: int
    path: str
    route: str
    repeatable: bool
    stage: Stage
    milliseconds: dict[Stage, float]
    elapsed_seconds: float
    deadline_seconds: float
    deadline_passed: bool
    bytes_sent: int
    bytes_received: int
    attempts: tuple[AddressAttempt, ...]
    proxy_answer: ProxyAnswer | None
    tls: TLSFacts | None
    searched: bool
    reused: bool
    resent: bool
    status: int
    request_id: str

    @property
    def log_line(self) -> str:
        """The route, each stage that was reached with its time, and the bytes."""
        stages = " ".join(f"{stage}={ms:.0f}ms" for stage, ms in self.milliseconds.items())
        resent = " resent=yes" if self.resent else ""
        return (
            f"route={self.route!r} sent_bytes={self.bytes_sent} "
            f"received_bytes={self.bytes_received}{resent} {stages}"
        )


class DeadlineError(TimeoutError):
    """The time for the whole call is used up."""


@dataclass(slots=True)
class Trace:
    """A call under way. Every socket operation asks it how much time is left."""

    method: str
    host: str
    port: int
    path: str
    route: str
    deadline_seconds: float
    silence_seconds: float
    repeatable: bool = False
    clock: Callable[[], float] = time.monotonic
    stage: Stage = Stage.ROUTE
    milliseconds: dict[Stage, float] = field(default_factory=dict)
    bytes_sent: int = 0
    bytes_received: int = 0
    attempts: list[AddressAttempt] = field(default_factory=list)
    proxy_answer: ProxyAnswer | None = None
    tls: TLSFacts | None = None
    searched: bool = False
    reused: bool = False
    resent: bool = False
    status: int = 0
    request_id: str = ""
    _began_at: float = field(init=False)
    _stage_began_at: float = field(init=False)

    def __post_init__(self) -> None:
        self._began_at = self._stage_began_at = self.clock()

    def enter(self, stage: Stage) -> None:
        """Begin a stage: the time from now on counts for it."""
        now = self.clock()
        self._close_stage(now)
        self.stage, self._stage_began_at = stage, now

    def remaining_seconds(self) -> float:
        """Return the time that is left. Raises: DeadlineError where there is none."""
        left = self._began_at + self.deadline_seconds - self.clock()
        if left <= 0:
            raise DeadlineError(f"{self.deadline_seconds:g} seconds have passed")
        return left

    def patience_seconds(self) -> float:
        """Return how long the far side may be silent now. Raises: DeadlineError."""
        return min(self.silence_seconds, self.remaining_seconds())

    @contextmanager
    def silence_of_at_most(self, seconds: float) -> Iterator[None]:
        """Wait less long for the far side while the block runs."""
        usual, self.silence_seconds = self.silence_seconds, min(self.silence_seconds, seconds)
        try:
            yield
        finally:
            self.silence_seconds = usual

    def count_sent(self, count: int) -> None:
        """Count bytes of the request; bytes said to a proxy before it do not count."""
        if self.stage in {Stage.SENT, Stage.ANSWERED}:
            self.bytes_sent += count

    def count_received(self, count: int) -> None:
        """Count bytes of the answer."""
        if self.stage in {Stage.SENT, Stage.ANSWERED}:
            self.bytes_received += count

    def record(self) -> CallRecord:
        """Return the record of the call as it stands now."""
        now = self.clock()
        elapsed = now - self._began_at
        self._close_stage(now)
        self._stage_began_at = now
        return CallRecord(
            method=self.method,
            host=self.host,
            port=self.port,
            path=scrub(self.path),
            route=self.route,
            repeatable=self.repeatable,
            stage=self.stage,
            milliseconds=dict(self.milliseconds),
            elapsed_seconds=elapsed,
            deadline_seconds=self.deadline_seconds,
            deadline_passed=elapsed >= self.deadline_seconds,
            bytes_sent=self.bytes_sent,
            bytes_received=self.bytes_received,
            attempts=tuple(self.attempts),
            proxy_answer=self.proxy_answer,
            tls=self.tls,
            searched=self.searched,
            reused=self.reused,
            resent=self.resent,
            status=self.status,
            request_id=self.request_id,
        )

    def _close_stage(self, now: float) -> None:
        spent = (now - self._stage_began_at) * 1000
        self.milliseconds[self.stage] = self.milliseconds.get(self.stage, 0.0) + spent


def short(text: str) -> str:
    """Return a far side's words masked, on one line, and cut to a length that fits a log."""
    return scrub(" ".join(text.split()))[:DETAIL_CHARACTERS]
