"""The adapter between stripe-python and `outbound`: one HTTP client, one diagnosis.

stripe-python builds requests and reads answers. How a call leaves this machine, how long it may
take and when it is retried is decided here and in `outbound`.
"""

import itertools
import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import stripe

from outbound.circuit_breaker import CircuitBreaker
from outbound.diagnosis import Diagnosis, diagnose, diagnose_answer, diagnose_route_error
from outbound.route import ProxyEnvironment, RouteError, decide
from outbound.transport import Answer, CallFailed, CallRecord, Client
from payments.stripe.errors import NoAnswer
from payments.stripe.outage import (
    record_failed_call,
    record_fallback,
    record_outage,
    record_recovery,
)

logger = logging.getLogger(__name__)

MAX_TRIES = 3
FIRST_BACKOFF_SECONDS = 0.25
# While Stripe processes the same request for somebody else (409), its result is worth waiting for:
# creating a session takes Stripe longer than two pauses.
KEY_IN_USE = "API-409"
MAX_TRIES_WHILE_IN_USE = 8
FIRST_BACKOFF_WHILE_IN_USE_SECONDS = 0.1
MAX_BACKOFF_SECONDS = 1.0
MIN_SECONDS_FOR_A_TRY = 1.0


@dataclass(frozen=True)
class _Request:
    """What stripe-python wants to send, and its deadline on the client's clock."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    ends_at: float


class OutboundHTTPClient(stripe.HTTPClient):
    """stripe-python's transport, carried out by `outbound.Client`.

    One deadline covers all tries. A try is repeated only if that can help, with the same body
    and the same idempotency key. The route is decided for each call, so that code which sets a
    proxy variable later is honored.
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
        """Return body, status and headers of the answer. Raises: NoAnswer.

        While the circuit breaker is open, no call is made and the last failure is raised again.
        """
        if diagnosis := self._breaker.refusal():
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
            answer = self._send_with_retries(request)
        except NoAnswer as error:
            self._note_failure(error)
            raise
        self._breaker.note_success()
        record_recovery()
        return answer.body.decode("utf-8", "replace"), answer.status, answer.headers

    def _send_with_retries(self, request: _Request) -> Answer:
        for tries in itertools.count(1):
            try:
                answer = self._send(request)
            except NoAnswer as error:
                diagnosis = error.diagnosis
                if not self._is_worth_a_retry(diagnosis, request, tries):
                    raise
            else:
                of_answer = diagnose_answer(answer)
                if not (of_answer and self._is_worth_a_retry(of_answer, request, tries)):
                    return answer
                diagnosis = of_answer
            time.sleep(_backoff_seconds(diagnosis, tries))
        raise AssertionError("the last try returns or raises")

    def _send(self, request: _Request) -> Answer:
        """Send once; bypass a proxy that failed only if the operator has allowed it."""
        try:
            return self._send_by(self._setting, request)
        except NoAnswer as error:
            if not (self._falls_back and error.diagnosis.proxy_failed):
                raise
            logger.warning(
                "cause=%s the proxy failed; calling directly because STRIPE_PROXY_FALLBACK is set",
                error.diagnosis.id,
            )
            record_fallback(error.diagnosis.id)
            return self._send_by("direct", request)

    def _send_by(self, setting: str, request: _Request) -> Answer:
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
            # A device on the way answered in place of Stripe. A pooled connection to it would get
            # the same answer, even once new connections reach Stripe.
            self._client.close()
            raise NoAnswer(diagnosis, answer.record)
        return answer

    def _note_failure(self, error: NoAnswer) -> None:
        # A full concurrency limit says nothing about the network.
        if error.diagnosis.id != "NET-BUSY":
            self._breaker.note_failure(error.diagnosis)
            record_failed_call(error.diagnosis.id)
        if self._breaker.is_open:
            record_outage(error.diagnosis.id)

    def _is_worth_a_retry(self, diagnosis: Diagnosis, request: _Request, tries: int) -> bool:
        max_tries = MAX_TRIES_WHILE_IN_USE if diagnosis.id == KEY_IN_USE else MAX_TRIES
        time_left = request.ends_at - self._clock()
        is_possible = tries < max_tries and time_left > MIN_SECONDS_FOR_A_TRY
        return is_possible and diagnosis.retry_safe and diagnosis.retry_useful

    def close(self) -> None:
        """Close the pooled connections."""
        self._client.close()


def _log(record: CallRecord, cause: str) -> None:
    """Log each try: one that was retried leaves no other trace."""
    logger.info(
        "%s %s status=%d request=%s cause=%s %s",
        record.method,
        record.path,
        record.status,
        record.request_id or "none",
        cause,
        record.log_line,
    )


def _backoff_seconds(diagnosis: Diagnosis, tries: int) -> float:
    """Return the pause before the next try: exponential, with jitter."""
    in_use = diagnosis.id == KEY_IN_USE
    first = FIRST_BACKOFF_WHILE_IN_USE_SECONDS if in_use else FIRST_BACKOFF_SECONDS
    doubled: float = min(first * 2 ** (tries - 1), MAX_BACKOFF_SECONDS)
    return doubled * random.uniform(0.5, 1)  # noqa: S311 - a pause is no secret
