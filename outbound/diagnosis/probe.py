"""Try a route stage by stage, and tell what was found at each: what the doctor does.

A probe makes the call that the shop makes, with the same client, but without a key: the
API answers 401 with a request's id, which proves that it is the API. It creates nothing.
"""

import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from outbound.diagnosis.certificates import utc_now
from outbound.diagnosis.classifier import Diagnosis, diagnose, diagnose_answer, presented_by
from outbound.route import Route
from outbound.transport import Answer, CallFailed, Client
from outbound.transport.client import FAULTS
from outbound.transport.connector import Connector, secure
from outbound.transport.resolver import LookUp, Override, Resolver
from outbound.transport.trace import CallRecord, ProxyAnswer, Stage, Trace
from outbound.transport.trust import client_context

STAGES = (
    Stage.RESOLVE, Stage.CONNECT, Stage.TUNNEL, Stage.TLS, Stage.SENT, Stage.ANSWERED,
)  # fmt: skip
# The API's answer to a call without a key; 403 is its answer to some of the same.
EXPECTED = {"API-401", "API-403"}
LEAST_SECONDS = 0.5


class StepStatus(StrEnum):
    """How a stage went. `SKIPPED`: an earlier one failed. `UNUSED`: the route has none."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNUSED = "unused"


@dataclass(frozen=True, slots=True)
class Step:
    """One stage as it was found; `detail` is for people, and free of secrets."""

    stage: Stage
    status: StepStatus
    milliseconds: float
    detail: str


@dataclass(frozen=True, slots=True)
class Presented:
    """A certificate as the far side showed it, whether or not it is trusted."""

    issuer: str = ""
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """What a probe found. `diagnosis` is None where the API was reached.

    `clock_skew_seconds` is how far this machine's clock is ahead of whoever answered, None
    where nobody did. `intercepted` tells that only the operator's CA bundle makes the
    certificate trusted: somebody on the way opens TLS, and can read the key.
    """

    route: Route
    steps: tuple[Step, ...]
    diagnosis: Diagnosis | None
    record: CallRecord
    presented: Presented
    clock_skew_seconds: float | None
    intercepted: bool

    @property
    def reached(self) -> bool:
        """True where the API itself answered."""
        return self.diagnosis is None


def probe(
    url: str,
    *,
    route: Route,
    ca_bundle: Path | None = None,
    overrides: tuple[Override, ...] = (),
    deadline_seconds: float = 5.0,
    look_up: LookUp | None = None,
    now: Callable[[], datetime] = utc_now,
) -> ProbeReport:
    """Call `url` over `route` without a key, and tell what happened at each stage.

    Ends within twice the deadline, of which the second half is spent only to compare a
    certificate with the public roots. Raises: ValueError, where `route` is for another address.
    """
    prober = _Prober(
        route=route,
        connector=Connector(
            ca_bundle=ca_bundle,
            resolver=Resolver(overrides, look_up),
            connect_timeout_seconds=deadline_seconds,
        ),
        deadline_seconds=deadline_seconds,
    )
    client = Client(
        ca_bundle=ca_bundle,
        deadline_seconds=deadline_seconds,
        connect_timeout_seconds=deadline_seconds,
        overrides=overrides,
        look_up=look_up,
    )
    try:
        answer = client.request(
            "GET", url, headers={"Accept": "application/json"}, body=None, route=route
        )
    except CallFailed as failure:
        return prober.report_failure(failure, now())
    finally:
        client.close()
    return prober.report_answer(answer, now(), private_authority=ca_bundle is not None)


@dataclass(frozen=True, slots=True)
class _Prober:
    route: Route
    connector: Connector
    deadline_seconds: float

    def report_failure(self, failure: CallFailed, at: datetime) -> ProbeReport:
        issuer, fingerprint = presented_by(failure)
        presented = Presented(issuer, fingerprint)
        diagnosis = diagnose(failure, now=lambda: at)
        answer = failure.record.proxy_answer
        return self._report(
            failure.record, diagnosis, presented, _skew(answer.date if answer else "", at)
        )

    def report_answer(
        self, answer: Answer, at: datetime, *, private_authority: bool
    ) -> ProbeReport:
        diagnosis = diagnose_answer(answer)
        if diagnosis and diagnosis.id in EXPECTED:
            diagnosis = None
        skew = _skew(answer.headers.get("Date", ""), at)
        report = self._report(answer.record, diagnosis, Presented(), skew)
        if private_authority and self.route.scheme == "https":
            return replace(report, intercepted=not self.is_publicly_trusted())
        return report

    def _report(
        self,
        record: CallRecord,
        diagnosis: Diagnosis | None,
        presented: Presented,
        skew: float | None,
    ) -> ProbeReport:
        return ProbeReport(
            route=self.route,
            steps=_steps(self.route, record, diagnosis, presented),
            diagnosis=diagnosis,
            record=record,
            presented=presented,
            clock_skew_seconds=skew,
            intercepted=False,
        )

    def is_publicly_trusted(self) -> bool:
        """False where the public roots alone would refuse the certificate."""
        try:
            self._shake_hands(client_context())
        except ssl.SSLCertVerificationError:
            return False
        except FAULTS:
            return True
        return True

    def _shake_hands(self, context: ssl.SSLContext) -> None:
        trace = self._trace()
        wire = self.connector.reach(self.route, trace)
        secure(wire, context, self.route.host, trace).close()

    def _trace(self) -> Trace:
        return Trace(
            method="",
            host=self.route.host,
            port=self.route.port,
            path="",
            route=self.route.describe(),
            deadline_seconds=max(LEAST_SECONDS, self.deadline_seconds),
            silence_seconds=float("inf"),
        )


def _steps(
    route: Route, record: CallRecord, diagnosis: Diagnosis | None, presented: Presented
) -> tuple[Step, ...]:
    return tuple(
        Step(
            stage=stage,
            status=(status := _status(stage, route, record, diagnosis)),
            milliseconds=record.milliseconds.get(stage, 0.0),
            detail=_detail(stage, status, record, presented),
        )
        for stage in STAGES
    )


def _status(
    stage: Stage, route: Route, record: CallRecord, diagnosis: Diagnosis | None
) -> StepStatus:
    unused = (stage is Stage.TUNNEL and route.is_direct) or (
        stage is Stage.TLS and route.scheme == "http"
    )
    if unused:
        return StepStatus.UNUSED
    order = list(Stage)
    if order.index(stage) < order.index(record.stage):
        return StepStatus.OK
    if stage is record.stage:
        return StepStatus.FAILED if diagnosis else StepStatus.OK
    return StepStatus.SKIPPED


def _detail(stage: Stage, status: StepStatus, record: CallRecord, presented: Presented) -> str:
    if status in {StepStatus.SKIPPED, StepStatus.UNUSED}:
        return ""
    details: dict[Stage, Callable[[], str]] = {
        Stage.RESOLVE: lambda: _addresses(record),
        Stage.CONNECT: lambda: _attempts(record),
        Stage.TUNNEL: lambda: _proxy_words(record.proxy_answer),
        Stage.TLS: lambda: _tls_words(record, presented),
        Stage.SENT: lambda: f"GET {urlsplit(record.path).path}",
        Stage.ANSWERED: lambda: _answer_words(record),
    }
    return details[stage]()


def _addresses(record: CallRecord) -> str:
    addresses = ", ".join(attempt.address for attempt in record.attempts)
    return (
        f"{addresses} (found with this machine's search domains)" if record.searched else addresses
    )


def _attempts(record: CallRecord) -> str:
    return ", ".join(
        f"{attempt.address} port {attempt.port}: {attempt.outcome}" for attempt in record.attempts
    )


def _proxy_words(answer: ProxyAnswer | None) -> str:
    if answer is None:
        return ""
    words = [f"{answer.status} {answer.reason}".strip(), answer.squid_error, answer.answered_by]
    if answer.authentication_schemes:
        words.append(f"offers {', '.join(answer.authentication_schemes)}")
    return "; ".join(word for word in words if word)


def _tls_words(record: CallRecord, presented: Presented) -> str:
    if record.tls:
        facts = record.tls
        return f"{facts.version}, issued by {facts.issuer}, valid until {facts.expires}"
    if presented.fingerprint:
        return f"signed by {presented.issuer or 'an unnamed CA'}, SHA-256 {presented.fingerprint}"
    return ""


def _answer_words(record: CallRecord) -> str:
    known = f", Request-Id {record.request_id}" if record.request_id else ""
    return f"{record.status}{known}"


def _skew(date: str, at: datetime) -> float | None:
    """Seconds by which this machine's clock is ahead of a Date header."""
    try:
        told = parsedate_to_datetime(date)
    except ValueError:
        return None
    return (at - (told if told.tzinfo else told.replace(tzinfo=UTC))).total_seconds()
