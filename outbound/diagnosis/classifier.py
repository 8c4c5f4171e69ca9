"""Say why a call failed: one of a closed set of causes, with what an operator can do.

`payments` has the buyer's words: host names and proxies are none of a buyer's business.
"""

import http.client
import json
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from outbound.diagnosis import (
    api_causes,
    network_causes,
    proxy_causes,
    tls_causes,
)
from outbound.diagnosis.causes import Finding
from outbound.diagnosis.certificates import (
    CertificateFault,
    find_fault,
    signer_and_fingerprint,
    utc_now,
)
from outbound.route import Route, RouteError
from outbound.transport import Answer, CallFailed, CallRecord, Stage
from outbound.transport.ca_bundle import CABundleError
from outbound.transport.concurrency_limit import BusyError
from outbound.transport.connection_pool import AnswerTooLongError
from outbound.transport.connector import CertificateRefusedError, ProxyTLSError
from outbound.transport.deadline import NotTLSError
from outbound.transport.http_answer import NotHTTPError, location_of, title_of
from outbound.transport.http_tunnel import PortalError, TunnelRefusedError
from outbound.transport.resolver import SilentResolverError
from outbound.transport.socks import NotSocksError, SocksAuthenticationError, SocksRefusedError

NETWORK_AUTHENTICATION_REQUIRED, PROXY_AUTHENTICATION_REQUIRED = 511, 407
API_CAUSES = {
    401: api_causes.api_401,
    403: api_causes.api_403,
    409: api_causes.api_409,
    429: api_causes.api_429,
}


class Acted(StrEnum):
    """Whether the far side can have acted on the request."""

    NO = "no"
    YES = "yes"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A cause and its remedy. Free of secrets.

    `operator` says what is wrong, `fix` is a line for `.env` where there is one and a
    sentence otherwise. `advice` is certain; `untested` may help, and nobody has tried it.
    `retry_safe`: sending the same request again cannot have a second effect;
    `retry_useful`: it may help. `proxy_failed`: the proxy, or somebody in its place, is why
    nothing was sent, so that a call around it can have no second effect.
    """

    id: str
    stage: Stage
    operator: str
    fix: str
    acted: Acted
    retry_safe: bool
    retry_useful: bool
    advice: str = ""
    untested: str = ""
    proxy_failed: bool = False

    @property
    def hints(self) -> str:
        """What to know before following `fix`, where nobody tries the other ways."""
        return f"{self.advice} {self.untested}".strip()


def diagnose(failure: CallFailed, *, now: Callable[[], datetime] = utc_now) -> Diagnosis:
    """Return the cause of a failed call."""
    record = failure.record
    diagnosis = _diagnosis(_finding(failure, now), record, _acted(record))
    by_proxy = diagnosis.id.startswith("NET-PROXY-") or (
        diagnosis.id == "NET-CAPTIVE" and failure.route.proxy is not None
    )
    return replace(diagnosis, proxy_failed=by_proxy and diagnosis.acted is Acted.NO)


def diagnose_route_error(error: RouteError) -> Diagnosis:
    """Return the cause of a route that cannot be decided: nothing was sent."""
    return Diagnosis(
        id="NET-PROXY-ADDRESS",
        stage=Stage.ROUTE,
        operator=str(error),
        fix="Correct the proxy's address.",
        acted=Acted.NO,
        retry_safe=True,
        retry_useful=False,
        proxy_failed=True,
    )


def diagnose_answer(answer: Answer) -> Diagnosis | None:
    """Return what is wrong with an answer, or None for one of the API that means no trouble.

    The API's answers about the request itself (400, 402, 404) are the caller's to judge.
    """
    record = answer.record
    if _is_shortened(answer):
        acted = Acted.YES if answer.status < 300 else Acted.UNKNOWN
        return _diagnosis(network_causes.cut(answer.route), record, acted)
    if not _is_from_the_api(answer):
        return _diagnosis(_somebody_else(answer), record, Acted.UNKNOWN)
    if answer.status < 500 and answer.status not in API_CAUSES:
        return None
    return diagnose_refusal(
        answer.status,
        host=answer.route.host,
        wish=answer.headers.get("Stripe-Should-Retry", ""),
        repeatable=record.repeatable,
    )


def diagnose_refusal(status: int, *, host: str, wish: str = "", repeatable: bool) -> Diagnosis:
    """Return what the API's own answer of 400 or above means.

    `wish` is the API's word on trying again, `true` or `false`, which wins over ours.
    Source: stripe-python's HTTPClient._should_retry
    """
    otherwise = api_causes.api_5xx if status >= 500 else api_causes.api_400
    finding = API_CAUSES.get(status, otherwise)(host, status)
    acted = Acted.UNKNOWN if status == 409 or status >= 500 else Acted.NO
    useful = {"true": True, "false": False}.get(wish, finding.retry_useful)
    return _judged(
        replace(finding, retry_useful=useful), Stage.ANSWERED, acted, repeatable=repeatable
    )


def _diagnosis(finding: Finding, record: CallRecord, acted: Acted) -> Diagnosis:
    return _judged(finding, record.stage, acted, repeatable=record.repeatable)


def _judged(finding: Finding, stage: Stage, acted: Acted, *, repeatable: bool) -> Diagnosis:
    return Diagnosis(
        id=finding.id,
        stage=stage,
        operator=finding.operator,
        fix=finding.fix,
        acted=acted,
        retry_safe=acted is Acted.NO or repeatable,
        retry_useful=finding.retry_useful,
        advice=finding.advice,
        untested=finding.untested,
    )


def _acted(record: CallRecord) -> Acted:
    if record.bytes_sent == 0:
        return Acted.NO
    return Acted.YES if record.stage is Stage.ANSWERED else Acted.UNKNOWN


def _is_shortened(answer: Answer) -> bool:
    """The API named its answer, of which something on the way took the end and the length."""
    if not answer.record.request_id or answer.body[:1] not in {b"", b"{"}:
        return False
    try:
        json.loads(answer.body)
    except ValueError:
        return True
    return False


def _is_from_the_api(answer: Answer) -> bool:
    """JSON with a request's id; a proxy that drops headers leaves the shape of the body."""
    try:
        content = json.loads(answer.body)
    except ValueError:
        return False
    if not isinstance(content, dict):
        return False
    return bool(answer.record.request_id) or "object" in content or "error" in content


def _somebody_else(answer: Answer) -> Finding:
    status, title = answer.status, title_of(answer.body)
    if status >= 500 and status != NETWORK_AUTHENTICATION_REQUIRED:
        return network_causes.gateway(answer.route, status=status, title=title)
    location = location_of(answer.headers.get("Location", ""))
    return network_causes.portal(answer.route, status=status, title=title, location=location)


def _finding(failure: CallFailed, now: Callable[[], datetime]) -> Finding:
    route, record, chain = failure.route, failure.record, list(_chain(failure))
    early = _whatever_the_stage(route, chain, now)
    if early is not None:
        return early
    by_stage = {
        Stage.ROUTE: _before_anything,
        Stage.RESOLVE: _at_resolve,
        Stage.CONNECT: _at_connect,
        Stage.TUNNEL: _at_tunnel,
        Stage.TLS: _at_tls,
        Stage.SENT: _at_sent,
        Stage.ANSWERED: _at_answered,
    }
    return by_stage[record.stage](route, record, chain)


def _whatever_the_stage(
    route: Route, chain: list[BaseException], now: Callable[[], datetime]
) -> Finding | None:
    bundle = _first(chain, CABundleError)
    if bundle is not None:
        return network_causes.ca_bundle(str(bundle), bundle.converted)
    if _first(chain, BusyError) is not None:
        return network_causes.busy(route)
    refused = _first(chain, CertificateRefusedError)
    if refused is not None:
        return tls_causes.certificate(route, _fault(chain, refused.chain, refused.ca_bundle, now()))
    proxy = _first(chain, ProxyTLSError)
    if proxy is not None and _first(chain, ssl.SSLCertVerificationError) is not None:
        fault = _fault(chain, proxy.chain, proxy.ca_bundle, now())
        return proxy_causes.proxy_certificate(route, fault)
    return None


def _fault(
    chain: list[BaseException],
    presented: tuple[bytes, ...],
    ca_bundle: Path | None,
    at: datetime,
) -> CertificateFault:
    error = _first(chain, ssl.SSLCertVerificationError)
    return find_fault(
        presented,
        code=error.verify_code if error else 0,
        message=error.verify_message if error else "",
        ca_bundle=ca_bundle,
        at=at,
    )


def presented_by(failure: CallFailed) -> tuple[str, str]:
    """Return who signed a certificate that was refused, and its SHA-256; empty where unknown."""
    chain = list(_chain(failure))
    refused = _first(chain, CertificateRefusedError) or _first(chain, ProxyTLSError)
    return signer_and_fingerprint(refused.chain[0]) if refused and refused.chain else ("", "")


def _before_anything(route: Route, record: CallRecord, chain: list[BaseException]) -> Finding:
    if _first(chain, TimeoutError) is not None:
        return network_causes.no_time(route)
    return _unknown(route, record, chain)


def _at_resolve(route: Route, _record: CallRecord, chain: list[BaseException]) -> Finding:
    if _first(chain, SilentResolverError) is not None:
        return network_causes.resolver_silent(route)
    error = _first(chain, socket.gaierror)
    may_pass = error is not None and error.errno == socket.EAI_AGAIN
    return network_causes.name_not_found(route, may_pass=may_pass)


def _at_connect(route: Route, record: CallRecord, chain: list[BaseException]) -> Finding:
    if _first(chain, ConnectionRefusedError) is not None:
        return network_causes.refused(route)
    if _first(chain, TimeoutError) is not None:
        return network_causes.silent_at_connect(route)
    if _first(chain, ConnectionError) is not None:
        return (
            proxy_causes.proxy_closed(route)
            if route.proxy
            else tls_causes.cut_before_sending(route)
        )
    if _first(chain, OSError) is not None:
        return network_causes.unreachable(route)
    return _unknown(route, record, chain)


def _at_tunnel(route: Route, record: CallRecord, chain: list[BaseException]) -> Finding:
    portal = _first(chain, PortalError)
    if portal is not None:
        answer = portal.answer
        return network_causes.portal(
            route, status=answer.status, title=answer.title, location=answer.location
        )
    refusal = _first(chain, TunnelRefusedError)
    if refusal is not None:
        return proxy_causes.connect_refused(route, refusal.answer)
    socks = _first(chain, SocksRefusedError)
    if socks is not None:
        return proxy_causes.socks_refused(route, str(socks))
    for kind, find in (
        (SocksAuthenticationError, proxy_causes.socks_authentication),
        (NotSocksError, proxy_causes.not_socks),
        (SilentResolverError, network_causes.resolver_silent),
        (TimeoutError, proxy_causes.proxy_silent),
        (ProxyTLSError, proxy_causes.proxy_tls),
        (socket.gaierror, network_causes.target_not_found_beside_socks),
        (ConnectionError, proxy_causes.proxy_closed),
        (NotHTTPError, proxy_causes.proxy_not_http),
    ):
        if _first(chain, kind) is not None:
            return find(route)
    return _unknown(route, record, chain)


def _at_tls(route: Route, _record: CallRecord, chain: list[BaseException]) -> Finding:
    plain = _first(chain, NotTLSError)
    if plain is not None:
        return _without_tls(route, plain)
    if _first(chain, TimeoutError) is not None:
        return tls_causes.silent_at_tls(route)
    # A closed connection shows as an SSLEOFError, which is not a ConnectionError.
    if _first(chain, ssl.SSLEOFError) is not None or _first(chain, ConnectionError) is not None:
        return tls_causes.cut_before_sending(route)
    error = _first(chain, ssl.SSLError)
    return tls_causes.tls_other(route, (error.reason if error else None) or "")


def _without_tls(route: Route, plain: NotTLSError) -> Finding:
    answer = plain.answer
    if answer.status == PROXY_AUTHENTICATION_REQUIRED and route.proxy:
        return proxy_causes.second_proxy_wants_credentials(route, "", answer.status)
    return network_causes.portal(
        route, status=answer.status, title=answer.title, location=answer.location
    )


def _at_sent(route: Route, record: CallRecord, chain: list[BaseException]) -> Finding:
    if record.bytes_sent == 0:
        return _before_anything(route, record, chain)
    if _first(chain, TimeoutError) is not None:
        dripped = record.bytes_received > 0 and record.deadline_passed
        slow = network_causes.deadline if dripped else network_causes.no_answer
        return slow(route, record)
    # RemoteDisconnected is a ConnectionError; SSLEOFError is not.
    if any(_first(chain, kind) for kind in (ConnectionError, ssl.SSLEOFError)):
        return network_causes.closed_without_answer(route)
    if _first(chain, http.client.HTTPException) is not None:
        return network_causes.answer_not_http(route)
    return _unknown(route, record, chain)


def _at_answered(route: Route, record: CallRecord, chain: list[BaseException]) -> Finding:
    if _first(chain, AnswerTooLongError) is not None:
        return _unknown(route, record, chain)
    if record.deadline_passed:
        return network_causes.deadline(route, record)
    return network_causes.cut(route)


def _unknown(route: Route, record: CallRecord, chain: list[BaseException]) -> Finding:
    # The class is safe to show; its text may hold what a far side sent.
    return network_causes.unknown(route, record.stage, type(chain[0]).__name__ if chain else "")


Fault = TypeVar("Fault", bound=BaseException)


def _first(chain: list[BaseException], kind: type[Fault]) -> Fault | None:
    return next((error for error in chain if isinstance(error, kind)), None)


def _chain(failure: BaseException) -> Iterator[BaseException]:
    """Everything that led to a failure, also what libraries keep in `reason` and `args`."""
    waiting, seen = [failure.__cause__ or failure], set[int]()
    while waiting:
        error = waiting.pop(0)
        if id(error) in seen:
            continue
        seen.add(id(error))
        yield error
        inner = (error.__cause__, error.__context__, getattr(error, "reason", None), *error.args)
        waiting += [each for each in inner if isinstance(each, BaseException)]
