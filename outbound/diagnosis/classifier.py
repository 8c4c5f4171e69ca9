"""Why a call failed: one of a closed set of causes, with what an operator can do.

The words stand in `causes.py`. The buyer's words stand in `payments`: nothing here is for
them, since host names and proxies are none of their business.
"""

import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from outbound.diagnosis import causes
from outbound.diagnosis.causes import Finding
from outbound.route.decision import Route, RouteError
from outbound.transport.client import Answer, AnswerTooLongError, BusyError, CallFailed
from outbound.transport.connector import ProxyTLSError
from outbound.transport.resolver import SilentResolverError
from outbound.transport.trace import CallRecord, Stage
from outbound.transport.trust import CABundleError
from outbound.transport.tunnel import (
    NotSocksError,
    SocksAuthenticationError,
    SocksRefusedError,
    TunnelRefusedError,
)

# Source: OpenSSL's x509_vfy.h
NOT_YET_VALID, EXPIRED = 9, 10
UNTRUSTED = {2, 18, 19, 20, 21}
OTHER_NAME, OTHER_ADDRESS = 62, 64
API_CAUSES = {
    401: causes.api_401,
    403: causes.api_403,
    409: causes.api_409,
    429: causes.api_429,
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
    sentence otherwise, `advice` what to know before following it. `retry_safe`: sending
    the same request again cannot have a second effect; `retry_useful`: it may help.
    """

    id: str
    stage: Stage
    operator: str
    fix: str
    acted: Acted
    retry_safe: bool
    retry_useful: bool
    advice: str = ""


def diagnose(failure: CallFailed, *, presented_issuer: str = "") -> Diagnosis:
    """This will name the cause of a failed call.

    `presented_issuer` is who signed a certificate that was refused, where that was read.
    """
    record = failure.record
    finding = _finding(failure, presented_issuer)
    return _diagnosis(finding, record, _acted(record))


def diagnose_route_error(error: RouteError) -> Diagnosis:
    """This will put a route that cannot be decided among the causes: nothing was sent."""
    return Diagnosis(
        id="NET-PROXY-ADDRESS",
        stage=Stage.ROUTE,
        operator=str(error),
        fix="Correct the address of the proxy as said.",
        acted=Acted.NO,
        retry_safe=True,
        retry_useful=False,
    )


def diagnose_answer(answer: Answer) -> Diagnosis | None:
    """This will tell whether an answer is the API's and means trouble; None where all is well.

    The API's answers about the request itself (400, 402, 404) are the caller's to judge.
    """
    record = answer.record
    if _is_shortened(answer):
        acted = Acted.YES if answer.status < 300 else Acted.UNKNOWN
        return _diagnosis(causes.cut(answer.route), record, acted)
    if not _is_from_the_api(answer):
        finding = causes.somebody_between(answer.route, answer.status, answer.body)
        return _diagnosis(finding, record, Acted.UNKNOWN)
    if answer.status < 500 and answer.status not in API_CAUSES:
        return None
    return diagnose_refusal(
        answer.status,
        host=answer.route.host,
        wish=answer.headers.get("Stripe-Should-Retry", ""),
        repeatable=record.repeatable,
    )


def diagnose_refusal(status: int, *, host: str, wish: str = "", repeatable: bool) -> Diagnosis:
    """This will say what the API's own answer of 400 or above means.

    `wish` is the API's word on trying again, `true` or `false`, which wins over ours.
    Source: stripe-python's HTTPClient._should_retry
    """
    otherwise = causes.api_5xx if status >= 500 else causes.api_400
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


def _finding(failure: CallFailed, presented_issuer: str) -> Finding:
    route, record, chain = failure.route, failure.record, list(_chain(failure))
    early = _early(route, chain)
    if early is not None:
        return early
    by_stage = {
        Stage.ROUTE: _before_anything,
        Stage.RESOLVE: _at_resolve,
        Stage.CONNECT: _at_connect,
        Stage.TUNNEL: _at_tunnel,
        Stage.SENT: _at_sent,
        Stage.ANSWERED: _at_answered,
    }
    if record.stage is Stage.TLS:
        return _at_tls(route, chain, presented_issuer)
    find = by_stage.get(record.stage)
    return find(route, record, chain) if find else _unknown(route, record, chain)


def _early(route: Route, chain: list[BaseException]) -> Finding | None:
    """What has nothing to do with the stage."""
    bundle = _first(chain, CABundleError)
    if bundle is not None:
        return causes.ca_bundle(str(bundle))
    if _first(chain, BusyError) is not None:
        return causes.busy(route)
    return None


def _before_anything(route: Route, record: CallRecord, chain: list[BaseException]) -> Finding:
    if _first(chain, TimeoutError) is not None:
        return causes.no_time(route)
    return _unknown(route, record, chain)


def _at_resolve(route: Route, _record: CallRecord, chain: list[BaseException]) -> Finding:
    if _first(chain, SilentResolverError) is not None:
        return causes.resolver_silent(route)
    error = _first(chain, socket.gaierror)
    may_pass = error is not None and error.errno == socket.EAI_AGAIN
    return causes.name_not_found(route, may_pass=may_pass)


def _at_connect(route: Route, record: CallRecord, chain: list[BaseException]) -> Finding:
    if _first(chain, ConnectionRefusedError) is not None:
        return causes.refused(route)
    if _first(chain, TimeoutError) is not None:
        return causes.silent_at_connect(route)
    if _first(chain, ConnectionError) is not None:
        return causes.proxy_closed(route) if route.proxy else causes.cut_before_sending(route)
    if _first(chain, OSError) is not None:
        return causes.unreachable(route)
    return _unknown(route, record, chain)


def _at_tunnel(route: Route, record: CallRecord, chain: list[BaseException]) -> Finding:
    refusal = _first(chain, TunnelRefusedError)
    if refusal is not None:
        return causes.connect_refused(route, refusal.answer)
    socks = _first(chain, SocksRefusedError)
    if socks is not None:
        return causes.socks_refused(route, str(socks))
    for kind, find in (
        (SocksAuthenticationError, causes.socks_authentication),
        (NotSocksError, causes.not_socks),
        (SilentResolverError, causes.resolver_silent),
        (TimeoutError, causes.proxy_silent),
    ):
        if _first(chain, kind) is not None:
            return find(route)
    return _broken_tunnel(route, record, chain)


def _broken_tunnel(route: Route, record: CallRecord, chain: list[BaseException]) -> Finding:
    if _first(chain, ProxyTLSError) is not None:
        untrusted = _first(chain, ssl.SSLCertVerificationError) is not None
        return causes.proxy_tls(route, untrusted=untrusted)
    if _first(chain, socket.gaierror) is not None:
        return causes.target_not_found_beside_socks(route)
    # RemoteDisconnected is a BadStatusLine too.
    if _first(chain, ConnectionError) is not None:
        return causes.proxy_closed(route)
    if _first(chain, http.client.HTTPException) is not None:
        return causes.proxy_not_http(route)
    return _unknown(route, record, chain)


def _at_tls(route: Route, chain: list[BaseException], presented_issuer: str) -> Finding:
    refused = _first(chain, ssl.SSLCertVerificationError)
    if refused is not None:
        return _about_certificate(route, refused, presented_issuer)
    if _first(chain, TimeoutError) is not None:
        return causes.silent_at_tls(route)
    # A closed connection shows as an SSLEOFError, which is a ConnectionError to nobody.
    if _first(chain, ssl.SSLEOFError) is not None or _first(chain, ConnectionError) is not None:
        return causes.cut_before_sending(route)
    error = _first(chain, ssl.SSLError)
    return causes.tls_other(route, (error.reason if error else None) or "")


def _about_certificate(
    route: Route, refused: ssl.SSLCertVerificationError, presented_issuer: str
) -> Finding:
    code = refused.verify_code
    if code in {NOT_YET_VALID, EXPIRED}:
        return causes.certificate_dates(route, not_yet=code == NOT_YET_VALID)
    if code in {OTHER_NAME, OTHER_ADDRESS}:
        return causes.certificate_name(route)
    if code in UNTRUSTED:
        return causes.certificate_untrusted(route, presented_issuer)
    return causes.tls_other(route, refused.verify_message)


def _at_sent(route: Route, record: CallRecord, chain: list[BaseException]) -> Finding:
    if record.bytes_sent == 0:
        return _before_anything(route, record, chain)
    if _first(chain, TimeoutError) is not None:
        dripped = record.bytes_received > 0 and record.deadline_passed
        return causes.deadline(route, record) if dripped else causes.no_answer(route, record)
    # RemoteDisconnected is a ConnectionError; SSLEOFError is none.
    if any(_first(chain, kind) for kind in (ConnectionError, ssl.SSLEOFError)):
        return causes.closed_without_answer(route, reused=record.reused)
    if _first(chain, http.client.HTTPException) is not None:
        return causes.answer_not_http(route)
    return _unknown(route, record, chain)


def _at_answered(route: Route, record: CallRecord, chain: list[BaseException]) -> Finding:
    if _first(chain, AnswerTooLongError) is not None:
        return _unknown(route, record, chain)
    if record.deadline_passed:
        return causes.deadline(route, record)
    return causes.cut(route)


def _unknown(route: Route, record: CallRecord, chain: list[BaseException]) -> Finding:
    # The class says what is safe to say; a text may hold what a far side sent.
    return causes.unknown(route, record.stage, type(chain[0]).__name__ if chain else "")


Fault = TypeVar("Fault", bound=BaseException)


def _first(chain: list[BaseException], kind: type[Fault]) -> Fault | None:
    return next((error for error in chain if isinstance(error, kind)), None)


def _chain(failure: BaseException) -> Iterator[BaseException]:
    """All that led to a failure, also what libraries keep in `reason` and `args`."""
    waiting, seen = [failure.__cause__ or failure], set[int]()
    while waiting:
        error = waiting.pop(0)
        if id(error) in seen:
            continue
        seen.add(id(error))
        yield error
        inner = (error.__cause__, error.__context__, getattr(error, "reason", None), *error.args)
        waiting += [each for each in inner if isinstance(each, BaseException)]
