"""The adapter between stripe-python and `outbound`: one HTTP client, one diagnosis.

stripe-python builds requests and reads answers; how a call leaves this machine, how long
it may take and when it is tried again is decided here and below.
"""

import functools
import json
import logging
import random
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, ParamSpec, TypeVar, cast

import stripe
from django.conf import settings

from outbound.circuit_breaker import CircuitBreaker
from outbound.diagnosis import Diagnosis, diagnose, diagnose_answer, diagnose_route_error
from outbound.one_at_a_time import aside
from outbound.route import ProxyEnvironment, RouteError, decide
from outbound.transport import Answer, CallFailed, CallRecord, Client
from payments.outage import (
    marks_can_be_left,
    note_detour,
    note_outage,
    note_recovery,
    outage_is_known,
)

logger = logging.getLogger("payments.stripe_client")

# Stripe would otherwise get a file of its own under the service's home, and timings.
stripe.enable_telemetry = False

# Of the API, as stripe-python speaks it; Stripe's events come in an endpoint's own version.
API_VERSION: str = stripe.api_version

MOST_TRIES = 3
FIRST_PAUSE_SECONDS = 0.25
LEAST_SECONDS_FOR_A_TRY = 1.0

P = ParamSpec("P")
T = TypeVar("T")


class OneOfAProcess(Generic[P, T]):
    """Builds a thing when it is first asked for, and keeps it. Thread-safe.

    functools.cache builds several where several threads ask first: each would keep
    connections and count calls of its own, and all but one would be lost unclosed.
    """

    def __init__(self, build: Callable[P, T]) -> None:
        functools.update_wrapper(self, build)
        self._build = build
        self._lock = threading.Lock()
        self.cache_clear()

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """The one thing for these arguments."""
        with self._lock:
            return self._kept(*args, **kwargs)

    def cache_clear(self) -> None:
        """Build anew when asked again: for tests, which change the settings."""
        self._kept = cast(Callable[P, T], functools.cache(self._build))


class NoAnswer(stripe.APIConnectionError):
    """No usable answer of Stripe came back; `diagnosis` says why, `record` how far it got.

    There is no record where no call was made, because no route could be decided.
    """

    def __init__(self, diagnosis: Diagnosis, record: CallRecord | None) -> None:
        self.diagnosis = diagnosis
        self.record = record
        super().__init__(  # type: ignore[no-untyped-call] # stripe gives it no types
            f"{diagnosis.id}: {diagnosis.operator}", should_retry=False
        )


@dataclass(frozen=True)
class _Request:
    """What stripe-python wants sent, and when its time is over by the client's clock."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    ends_at: float


class OutboundHTTPClient(stripe.HTTPClient):
    """stripe-python's transport, carried out by `outbound.transport.Client`.

    One deadline spans all tries. A try is repeated only where that can help, with the same
    body and the same idempotency key. The route is decided anew for each call, so that
    code which sets a proxy variable later is honoured.
    """

    name = "outbound"

    def __init__(
        self,
        *,
        client: Client,
        proxy_setting: str,
        dotenv: Mapping[str, str],
        deadline_seconds: float,
        breaker: CircuitBreaker,
        falls_back: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._breaker = breaker
        self._falls_back = falls_back
        self._client = client
        self._setting = proxy_setting
        self._dotenv = dotenv
        self._deadline_seconds = deadline_seconds
        self._clock = clock

    def request_with_retries(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        post_data: Any = None,
        max_network_retries: int | None = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        """Body, status and headers of the answer. Raises: NoAnswer.

        While the breaker rests, no call is made and the last failure is told again.
        """
        if diagnosis := self._breaker.resting():
            raise NoAnswer(diagnosis, None)
        body = post_data.encode() if isinstance(post_data, str) else post_data
        request = _Request(
            method=method.upper(),
            url=url,
            headers=headers,
            body=body,
            ends_at=self._clock() + self._deadline_seconds,
        )
        try:
            with aside():
                answer = self._repeated(request)
        except NoAnswer as error:
            self._breaks(error)
            raise
        self._breaker.note_success()
        note_recovery()
        return answer.body.decode("utf-8", "replace"), answer.status, answer.headers

    def _repeated(self, request: _Request) -> Answer:
        """The answer of the first try that gets one worth having, or of the last."""
        for tries_left in reversed(range(MOST_TRIES)):
            try:
                answer = self._call(request)
            except NoAnswer as error:
                if not (tries_left and self._worth_repeating(error.diagnosis, request)):
                    raise
            else:
                diagnosis = diagnose_answer(answer)
                if not (tries_left and diagnosis and self._worth_repeating(diagnosis, request)):
                    return answer
            time.sleep(self._pause(MOST_TRIES - tries_left))
        raise AssertionError("the last try returns or raises")

    def _call(self, request: _Request) -> Answer:
        """One try; around a proxy that failed only where the operator has said so."""
        try:
            return self._call_by(self._setting, request)
        except NoAnswer as error:
            if not (self._falls_back and error.diagnosis.proxy_failed):
                raise
            logger.warning(
                "cause=%s the proxy failed; going around it, as STRIPE_PROXY_FALLBACK says",
                error.diagnosis.id,
            )
            note_detour(error.diagnosis.id)
            return self._call_by("direct", request)

    def _call_by(self, setting: str, request: _Request) -> Answer:
        environment = ProxyEnvironment.of_process(self._dotenv)
        try:
            route = decide(request.url, setting=setting, environment=environment)
            answer = self._client.request(
                request.method,
                request.url,
                headers=request.headers,
                body=request.body,
                route=route,
                deadline_seconds=request.ends_at - self._clock(),
            )
        except RouteError as error:
            raise NoAnswer(diagnose_route_error(error), None) from error
        except CallFailed as failure:
            cause = diagnose(failure)
            _log(failure.record, cause.id)
            raise NoAnswer(cause, failure.record) from failure
        diagnosis = diagnose_answer(answer)
        _log(answer.record, diagnosis.id if diagnosis else "none")
        if diagnosis and diagnosis.id.startswith("NET-"):
            # Whoever is between would answer on this connection again, also after it has
            # let the others through.
            self._client.close()
            raise NoAnswer(diagnosis, answer.record)
        return answer

    def _breaks(self, error: NoAnswer) -> None:
        """A busy moment says nothing of the network."""
        if error.diagnosis.id != "NET-BUSY":
            self._breaker.note_failure(error.diagnosis)
        if self._breaker.is_open:
            note_outage(error.diagnosis.id)

    def _worth_repeating(self, diagnosis: Diagnosis, request: _Request) -> bool:
        time_left = request.ends_at - self._clock()
        return (
            diagnosis.retry_safe and diagnosis.retry_useful and time_left > LEAST_SECONDS_FOR_A_TRY
        )

    def _pause(self, tries: int) -> float:
        """Seconds before the next try: doubled each time, with jitter."""
        doubled: float = FIRST_PAUSE_SECONDS * 2 ** (tries - 1)
        return doubled * random.uniform(0.5, 1)  # noqa: S311 - a pause is no secret

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._client.close()


@OneOfAProcess
def outbound_client() -> Client:
    """The one client of this process: it keeps connections and bounds calls at once."""
    return Client(
        ca_bundle=settings.STRIPE_CA_BUNDLE,
        deadline_seconds=settings.STRIPE_DEADLINE_SECONDS,
        connect_timeout_seconds=settings.STRIPE_CONNECT_TIMEOUT_SECONDS,
        read_timeout_seconds=settings.STRIPE_READ_TIMEOUT_SECONDS,
        overrides=settings.STRIPE_RESOLVE,
        max_calls=settings.STRIPE_MAX_CALLS,
    )


def _log(record: CallRecord, cause: str) -> None:
    """A line for each call: a try that was repeated leaves no other trace."""
    logger.info(
        "%s %s status=%d request=%s cause=%s %s",
        record.method,
        record.path,
        record.status,
        record.request_id or "none",
        cause,
        record.course,
    )


@OneOfAProcess
def payment_breaker() -> CircuitBreaker:
    """The one breaker of this process."""
    return CircuitBreaker()


def payment_is_down() -> bool:
    """True where the last calls from this machine did not get through. Costs next to nothing."""
    return outage_is_known() or (payment_breaker().is_open and not marks_can_be_left())


@OneOfAProcess
def stripe_client(deadline_seconds: float | None = None) -> stripe.StripeClient:
    """stripe-python's client with our key, our address and our way out."""
    return stripe.StripeClient(
        settings.STRIPE_SECRET_KEY,
        base_addresses={"api": settings.STRIPE_API_BASE},
        http_client=OutboundHTTPClient(
            client=outbound_client(),
            proxy_setting=settings.STRIPE_PROXY,
            dotenv=settings.OUTBOUND_DOTENV,
            deadline_seconds=deadline_seconds or settings.STRIPE_DEADLINE_SECONDS,
            breaker=payment_breaker(),
            falls_back=settings.STRIPE_PROXY_FALLBACK == "direct",
        ),
    )


class BadWebhook(Exception):
    """What arrived is not a signed event: it is answered with 400 and not kept."""


# Source: stripe.Webhook.DEFAULT_TOLERANCE; older signatures may be replays.
SIGNATURE_TOLERANCE_SECONDS = 300
# What ids and types of events are made of, and as long as they are kept.
EVENT_WORD = re.compile(r"[A-Za-z0-9_.-]{1,100}")


def verified_event(body: bytes, signature: str, secrets: Sequence[str]) -> dict[str, Any]:
    """The event in a webhook's body, once one of the secrets has signed it.

    The raw body is checked, before anything in it is read. Raises: BadWebhook.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadWebhook("not UTF-8") from error
    if not any(_has_signed(text, signature, secret) for secret in secrets):
        raise BadWebhook("no valid signature")
    try:
        event = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadWebhook("not JSON") from error
    if not _is_snapshot(event):
        raise BadWebhook("not a snapshot event")
    return cast(dict[str, Any], event)


def _is_snapshot(event: object) -> bool:
    """True for an event that carries its object, unlike a thin one."""
    if not isinstance(event, dict) or event.get("object") != "event":
        return False
    data = event.get("data")
    words = [event.get("id"), event.get("type")]
    named = all(isinstance(word, str) and EVENT_WORD.fullmatch(word) for word in words)
    return named and isinstance(data, dict) and isinstance(data.get("object"), dict)


def _has_signed(text: str, signature: str, secret: str) -> bool:
    try:
        stripe.WebhookSignature.verify_header(text, signature, secret, SIGNATURE_TOLERANCE_SECONDS)
    except stripe.SignatureVerificationError:
        return False
    return True
