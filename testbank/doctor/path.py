"""The groups "Route", "Path" and "Key": how the call goes, how far it got, and whether the
key is accepted at its end. `outbound/probe.py` makes the call without a key."""

import json
from typing import Any

from outbound.client import Answer, CallFailed
from outbound.diagnosis import Diagnosis, diagnose, diagnose_answer, diagnose_route_error
from outbound.journey import Stage, TLSFacts
from outbound.probe import STAGES, ProbeReport, Step, StepStatus
from outbound.route import Route, RouteError
from outbound.secrets import mask_url, scrub
from testbank.doctor.report import Cause, Check, Status
from testbank.doctor.setup import Setup
from testbank.stripe_settings import LIVE

ROUTE, PATH, KEY = "Route", "Path", "Key"
TITLES = {
    Stage.RESOLVE: "Name",
    Stage.CONNECT: "Connection",
    Stage.TUNNEL: "Proxy's tunnel",
    Stage.TLS: "TLS",
    Stage.SENT: "Request",
    Stage.ANSWERED: "Answer",
}
STATUSES = {
    StepStatus.OK: Status.OK,
    StepStatus.FAILED: Status.FAIL,
    StepStatus.SKIPPED: Status.SKIP,
    StepStatus.UNUSED: Status.SKIP,
}
# Stripe's signatures are refused when they seem older than 300 s.
SKEW_WARNS_SECONDS, SKEW_FAILS_SECONDS = 60, 300
SET_THE_CLOCK = "Set the clock of this machine: timedatectl set-ntp true"


def decide_route(setup: Setup) -> tuple[Route | None, list[Check]]:
    """The route of a call, None where none can be decided, and what to say of it."""
    try:
        route = setup.decide()
    except RouteError as error:
        diagnosis = diagnose_route_error(error)
        check = Check(
            "route.decision",
            ROUTE,
            "Route",
            Status.FAIL,
            diagnosis.id,
            detail=diagnosis.operator,
            fix=diagnosis.fix,
            cause=Cause.of(diagnosis),
        )
        return None, [check]
    return route, [_route(setup, route), *_route_warnings(route)]


def way(route: Route) -> str:
    """`directly`, or `through http://proxy:3128`."""
    return f"through {route.proxy}" if route.proxy else "directly"


def _route(setup: Setup, route: Route) -> Check:
    reason = route.reason
    if setup.asked is not None:
        reason = f"For this run only, by --route {mask_url(setup.asked)}. {reason}"
    summary = f"{route.endpoint} {way(route)}"
    return Check("route.decision", ROUTE, "Route", Status.OK, summary, detail=reason)


def _route_warnings(route: Route) -> list[Check]:
    return [
        Check(f"route.warning.{number}", ROUTE, "Note", Status.WARN, warning)
        for number, warning in enumerate(route.warnings, 1)
    ]


def path_not_tried(why: str) -> list[Check]:
    """The path's checks where nothing was called."""
    return [_skipped(f"path.{stage}", PATH, TITLES[stage], why) for stage in STAGES]


def path_checks(report: ProbeReport) -> list[Check]:
    """Each stage as the probe found it, and the clock."""
    checks = [_step(step, report) for step in report.steps]
    if report.diagnosis and not any(check.cause for check in checks):
        # The call could not even begin: its CA bundle cannot be read.
        checks.insert(0, _failed("path.start", "Start", report.diagnosis, detail=""))
    return [*checks, clock_check(report.clock_skew_seconds)]


def _step(step: Step, report: ProbeReport) -> Check:
    name, title = f"path.{step.stage}", TITLES[step.stage]
    if step.status is StepStatus.UNUSED:
        why = "no proxy on this route" if step.stage is Stage.TUNNEL else "not used over http"
        return _skipped(name, PATH, title, why)
    if step.status is StepStatus.SKIPPED:
        return _skipped(name, PATH, title, "not reached")
    if step.status is StepStatus.FAILED and report.diagnosis:
        return _failed(
            name, title, report.diagnosis, detail=step.detail, milliseconds=step.milliseconds
        )
    if step.stage is Stage.TLS and report.record.tls:
        return _tls(step, report.record.tls, intercepted=report.intercepted)
    return Check(
        name, PATH, title, Status.OK, step.detail or "open", milliseconds=step.milliseconds
    )


def _failed(
    name: str, title: str, diagnosis: Diagnosis, *, detail: str, milliseconds: float | None = None
) -> Check:
    return Check(
        name,
        PATH,
        title,
        Status.FAIL,
        diagnosis.id,
        detail=detail,
        fix=diagnosis.fix,
        milliseconds=milliseconds,
        cause=Cause.of(diagnosis),
    )


def _tls(step: Step, facts: TLSFacts, *, intercepted: bool) -> Check:
    reads = "; trusted because of STRIPE_CA_BUNDLE alone: its owner can read the key"
    return Check(
        f"path.{step.stage}",
        PATH,
        TITLES[step.stage],
        Status.WARN if intercepted else Status.OK,
        f"{facts.version}, issued by {facts.issuer}",
        detail=f"valid until {facts.expires}{reads if intercepted else ''}",
        milliseconds=step.milliseconds,
    )


def clock_check(skew: float | None) -> Check:
    """What a clock means that is so many seconds ahead of the far side's, None where unknown."""
    if skew is None:
        return _skipped("path.clock", PATH, "Clock", "nobody told the time")
    direction = "ahead of" if skew > 0 else "behind"
    summary = f"{abs(skew):.0f} s {direction} the far side's"
    if abs(skew) <= SKEW_WARNS_SECONDS:
        return Check("path.clock", PATH, "Clock", Status.OK, f"within {SKEW_WARNS_SECONDS} s")
    if abs(skew) <= SKEW_FAILS_SECONDS:
        return Check("path.clock", PATH, "Clock", Status.WARN, summary, fix=SET_THE_CLOCK)
    cause = Cause(
        "CLOCK-SKEW",
        f"The clock of this machine is {summary}: webhooks are refused, or old ones accepted.",
    )
    return Check("path.clock", PATH, "Clock", Status.FAIL, summary, fix=SET_THE_CLOCK, cause=cause)


def key_not_tried(why: str) -> list[Check]:
    """The key's checks where the API was not reached."""
    return [
        _skipped("key.accepted", KEY, "Key", why),
        _skipped("key.mode", KEY, "Mode", why),
    ]


def key_checks(setup: Setup, route: Route) -> list[Check]:
    """Whether the key is accepted, and of the mode that it says. Only reads at Stripe."""
    client = setup.client()
    headers = {"Accept": "application/json", "Authorization": f"Bearer {setup.secret_key}"}

    def ask(url: str) -> Answer:
        return client.request("GET", url, headers=headers, body=None, route=route)

    try:
        answer = ask(setup.url)
        if answer.status == 403:
            # A restricted key need not read the balance; it must see sessions.
            answer = ask(f"{setup.api_base}/v1/checkout/sessions?limit=1")
    except CallFailed as failure:
        return [_refused(Cause.of(diagnosis := diagnose(failure)), diagnosis.fix), _mode({}, setup)]
    finally:
        client.close()
    return _about_answer(answer, setup)


def _about_answer(answer: Answer, setup: Setup) -> list[Check]:
    diagnosis = diagnose_answer(answer)
    if diagnosis is not None:
        return [_refused(Cause.of(diagnosis), diagnosis.fix), _mode({}, setup)]
    if answer.status != 200:
        cause = Cause(
            "UNKNOWN", f"{answer.route.host} answered {answer.status} to a plain question."
        )
        return [_refused(cause, ""), _mode({}, setup)]
    accepted = Check(
        "key.accepted",
        KEY,
        "Key",
        Status.OK,
        f"{scrub(setup.secret_key)} is accepted",
        milliseconds=answer.record.elapsed_seconds * 1000,
    )
    return [accepted, _mode(_content(answer), setup)]


def _refused(cause: Cause, fix: str) -> Check:
    return Check(
        "key.accepted",
        KEY,
        "Key",
        Status.FAIL,
        cause.id,
        detail=cause.operator,
        fix=fix,
        cause=cause,
    )


def _content(answer: Answer) -> dict[str, Any]:
    content = json.loads(answer.body)
    if not isinstance(content, dict):
        return {}
    listed = content.get("data")
    first = listed[0] if isinstance(listed, list) and listed else {}
    return first if isinstance(first, dict) and "livemode" not in content else content


def _mode(content: dict[str, Any], setup: Setup) -> Check:
    live = content.get("livemode")
    if live is None:
        return _skipped("key.mode", KEY, "Mode", "not told")
    if live == (setup.mode == LIVE):
        return Check("key.mode", KEY, "Mode", Status.OK, f"{setup.mode}, as the key says")
    said = "live" if live else "test"
    cause = Cause("API-MODE", f"The key is a {setup.mode} key, but the answer is of {said} mode.")
    return Check(
        "key.mode",
        KEY,
        "Mode",
        Status.FAIL,
        f"{said}, but the key is a {setup.mode} key",
        fix="Find out what answers: it is not Stripe.",
        cause=cause,
    )


def _skipped(name: str, group: str, title: str, why: str) -> Check:
    return Check(name, group, title, Status.SKIP, why)
