"""The groups "Route" and "Path": the route of a call, and the stages that it completed.

`outbound/diagnosis/probe.py` makes the call, without a key.
"""

from operations.doctor.report import Cause, Check, Status
from operations.doctor.setup import Setup
from outbound.diagnosis import Diagnosis, diagnose_route_error
from outbound.diagnosis.causes import SET_THE_CLOCK
from outbound.diagnosis.probe import STAGES, ProbeReport, Step, StepStatus
from outbound.redaction import mask_url
from outbound.route import Route, RouteError
from outbound.transport import Stage, TLSFacts
from outbound.transport.happy_eyeballs import ATTEMPT_DELAY_SECONDS
from outbound.transport.trace import NO_RESPONSE

ROUTE, PATH = "Route", "Path"
TITLES = {
    Stage.RESOLVE: "Name lookup",
    Stage.CONNECT: "Connection",
    Stage.TUNNEL: "Proxy tunnel",
    Stage.TLS: "TLS",
    Stage.SENT: "Request",
    Stage.ANSWERED: "Response",
}
STATUSES = {
    StepStatus.OK: Status.OK,
    StepStatus.FAILED: Status.FAIL,
    StepStatus.SKIPPED: Status.SKIP,
    StepStatus.UNUSED: Status.SKIP,
}
# Stripe's signatures are refused when they seem older than 300 s.
WARN_SKEW_SECONDS, FAIL_SKEW_SECONDS = 60, 300


def decide_route(setup: Setup) -> tuple[Route | None, list[Check]]:
    """Return the route of a call, or None if it cannot be decided, and its checks."""
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


def via(route: Route) -> str:
    """Return `directly`, or `through http://proxy:3128`."""
    return f"through {route.proxy}" if route.proxy else "directly"


def _route(setup: Setup, route: Route) -> Check:
    reason = route.reason
    if setup.route_override is not None:
        reason = f"Set by --route {mask_url(setup.route_override)} for this run only. {reason}"
    summary = f"{route.endpoint} {via(route)}"
    return Check("route.decision", ROUTE, "Route", Status.OK, summary, detail=reason)


def _route_warnings(route: Route) -> list[Check]:
    return [
        Check(f"route.warning.{number}", ROUTE, "Note", Status.WARN, warning)
        for number, warning in enumerate(route.warnings, 1)
    ]


def skipped_path_checks(why: str) -> list[Check]:
    """Return the checks of all stages as skipped."""
    return [_skipped(f"path.{stage}", PATH, TITLES[stage], why) for stage in STAGES]


def path_checks(report: ProbeReport) -> list[Check]:
    """Return a check for each stage of the probe, and one for the clock."""
    checks = [_step(step, report) for step in report.steps]
    if report.diagnosis and not any(check.cause for check in checks):
        # The call failed before its first stage: its CA bundle cannot be read.
        checks.insert(0, _failed("path.start", "Start", report.diagnosis, detail=""))
    # A failed call may have been answered by a proxy or another device.
    whose = "the responding server's" if report.diagnosis else "Stripe's"
    return [*checks, clock_check(report.clock_skew_seconds, whose=whose)]


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
    if step.stage is Stage.CONNECT and len(report.record.attempts) > 1:
        return _some_address_is_dead(step, report)
    return Check(
        name, PATH, title, Status.OK, step.detail or "open", milliseconds=step.milliseconds
    )


def _some_address_is_dead(step: Step, report: ProbeReport) -> Check:
    """Warn that one of several addresses of the name does not answer; calls still succeed."""
    route = report.route
    silent = NO_RESPONSE in {each.outcome for each in report.record.attempts}
    name = route.proxy.host if route.proxy else route.host
    costs = f"Each new connection takes {ATTEMPT_DELAY_SECONDS:g} s longer, because an address does not respond."
    return Check(
        f"path.{step.stage}",
        PATH,
        TITLES[step.stage],
        Status.WARN,
        step.detail,
        detail=costs if silent else "The first address that the site tries cannot be reached.",
        fix=f"Fix the network route to the address that cannot be reached. If you manage the DNS records of {name}, you can remove the address instead.",
        milliseconds=step.milliseconds,
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
    reads = (
        "intercepted: trusted only because of STRIPE_CA_BUNDLE, so the CA's owner can read the key"
    )
    found = reads if intercepted else "not intercepted"
    return Check(
        f"path.{step.stage}",
        PATH,
        TITLES[step.stage],
        Status.WARN if intercepted else Status.OK,
        f"{facts.version}, issued by {facts.issuer}",
        detail=f"{found}; valid until {facts.expires}",
        milliseconds=step.milliseconds,
    )


def clock_check(skew: float | None, *, whose: str = "Stripe's") -> Check:
    """Check the clock skew in seconds, positive if ours is ahead; None if unknown."""
    if skew is None:
        return _skipped("path.clock", PATH, "Clock", "the server's time is not known")
    direction = "ahead of" if skew > 0 else "behind"
    summary = f"{abs(skew):.0f} s {direction} {whose}"
    if abs(skew) <= WARN_SKEW_SECONDS:
        return Check("path.clock", PATH, "Clock", Status.OK, f"within {WARN_SKEW_SECONDS} s")
    if abs(skew) <= FAIL_SKEW_SECONDS:
        return Check("path.clock", PATH, "Clock", Status.WARN, summary, fix=SET_THE_CLOCK)
    cause = Cause(
        "CLOCK-SKEW",
        f"This machine's clock is {summary}. Valid webhooks may be rejected, and old webhooks may be accepted.",
    )
    return Check("path.clock", PATH, "Clock", Status.FAIL, summary, fix=SET_THE_CLOCK, cause=cause)


def _skipped(name: str, group: str, title: str, why: str) -> Check:
    return Check(name, group, title, Status.SKIP, why)
