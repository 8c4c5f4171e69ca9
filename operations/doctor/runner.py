"""Run all checks in the order of the report, and find a fix for the first that failed."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from django.utils import timezone

from operations.doctor.backups import backup_checks
from operations.doctor.configuration import settings_checks
from operations.doctor.curl import curl_line
from operations.doctor.environment import environment_checks
from operations.doctor.fixes import (
    AlternativeResult,
    alternatives,
    find_fix,
    permanent_fix,
    probe_alternative,
)
from operations.doctor.mail import mail_checks, skipped_mail_checks
from operations.doctor.path import ROUTE, decide_route, path_checks, skipped_path_checks, via
from operations.doctor.processes import process_checks
from operations.doctor.report import Check, Fix, Report, Status
from operations.doctor.setup import Setup
from operations.doctor.shop import shop_checks
from operations.doctor.sizes import size_checks
from operations.doctor.stripe_account import account_checks, skipped_account_checks
from operations.doctor.verification import verification_checks
from outbound.diagnosis.probe import ProbeReport
from outbound.route import Route

OFFLINE = "not tested (--offline)"
NOT_REACHED = "not reached"


@dataclass(frozen=True, slots=True)
class _NetworkChecks:
    """The results of all network calls: over the route in use, and over the alternatives.

    `fallback` is the direct route, if STRIPE_PROXY_FALLBACK uses it because the proxy failed.
    """

    report: ProbeReport | None
    fallback: AlternativeResult | None
    account: list[Check]
    mail: list[Check]
    results: list[AlternativeResult]

    @property
    def reached(self) -> ProbeReport | None:
        """The call that decides whether payment works."""
        return self.fallback.report if self.fallback else self.report

    def checks(self) -> list[Check]:
        path = path_checks(self.report) if self.report else skipped_path_checks(NOT_REACHED)
        if self.fallback:
            path = [_fallback_check(self.fallback), *map(_as_warning, path)]
        others = [result.check(number) for number, result in enumerate(self.results, 1)]
        return [*path, *self.account, *others, *self.mail]


OnProgress = Callable[[Sequence[Check]], None]


def run_checks(setup: Setup, *, sessions: list[Check] | None = None) -> Report:
    """Run every check, probe the API over every route, and find a fix.

    Creates nothing at Stripe, and works without a database. Ends soon after `setup.ends_at`.
    `sessions` are the checks of a test purchase.
    """
    return _run_checks(setup, _local_checks, sessions=sessions or [], on_progress=_ignore)


def run_network_checks(setup: Setup, *, on_progress: OnProgress) -> Report:
    """Run the checks without the database; `on_progress` gets the checks done so far."""
    return _run_checks(setup, list, sessions=[], on_progress=on_progress)


def _ignore(_checks: Sequence[Check]) -> None: ...


def _run_checks(
    setup: Setup,
    local: Callable[[], list[Check]],
    *,
    sessions: list[Check],
    on_progress: OnProgress,
) -> Report:
    route, decided = decide_route(setup)
    known = [*settings_checks(setup), *environment_checks(setup, route), *decided]
    on_progress(known)
    calls = _network_checks(setup, route, on_progress=lambda checks: on_progress([*known, *checks]))
    verified = verification_checks(
        setup, route, calls.reached, not_called=NOT_REACHED, sessions=sessions
    )
    checks = (*known, *calls.checks(), *local(), *verified)
    report = _report(setup, checks, _fix(setup, route, checks, calls.results))
    return replace(report, curl=_curl(setup, route, calls.report))


def run_offline_checks(setup: Setup) -> Report:
    """Run the checks that need no network; the others are skipped."""
    route, decided = decide_route(setup)
    known = [*settings_checks(setup), *environment_checks(setup, route), *decided]
    not_tried = [
        *skipped_path_checks(OFFLINE),
        *skipped_account_checks(OFFLINE),
        *skipped_mail_checks(OFFLINE),
    ]
    verified = verification_checks(setup, route, None, not_called=OFFLINE, sessions=[])
    checks = (*known, *not_tried, *_local_checks(), *verified)
    report = _report(setup, checks, _fix(setup, route, checks, []), offline=True)
    return replace(report, curl=_curl(setup, route, None))


def _local_checks() -> list[Check]:
    at = timezone.now()
    return [
        *shop_checks(at=at),
        *size_checks(at=at),
        *backup_checks(at=at),
        *process_checks(at=at),
    ]


def _report(
    setup: Setup, checks: tuple[Check, ...], fix: Fix | None, *, offline: bool = False
) -> Report:
    return Report(
        api_base=setup.api_base,
        env_file=setup.env_file,
        offline=offline,
        checks=checks,
        fix=fix,
    )


def _network_checks(
    setup: Setup, route: Route | None, *, on_progress: OnProgress
) -> _NetworkChecks:
    """Probe all routes at once, so that several timeouts take the time of one."""
    others = alternatives(setup, route)
    with ThreadPoolExecutor(max_workers=len(others) + 2) as pool:
        mail = pool.submit(mail_checks, setup)
        probing = [pool.submit(probe_alternative, setup, other) for other in others]
        report = setup.probe_route(route) if route else None
        on_progress(path_checks(report) if report else [])
        reached = route is not None and report is not None and report.reached
        if reached and route:
            account = account_checks(setup, route)
            return _NetworkChecks(
                report, None, account, mail.result(), [each.result() for each in probing]
            )
        results = [each.result() for each in probing]
        fallback = _fallback_result(setup, report, results)
        account = skipped_account_checks(NOT_REACHED)
        if fallback:
            account = account_checks(setup, fallback.alternative.route)
        return _NetworkChecks(report, fallback, account, mail.result(), results)


def _fallback_result(
    setup: Setup, report: ProbeReport | None, results: list[AlternativeResult]
) -> AlternativeResult | None:
    """Return the direct route if STRIPE_PROXY_FALLBACK=direct would use it now."""
    diagnosis = report.diagnosis if report else None
    if not (setup.falls_back and diagnosis):
        return None
    if not diagnosis.proxy_failed:
        return None
    around = (each for each in results if each.alternative.route.is_direct and each.report.reached)
    return next(around, None)


def _fallback_check(fallback: AlternativeResult) -> Check:
    return Check(
        "route.fallback",
        ROUTE,
        "Fallback",
        Status.WARN,
        f"is in use: the proxy is failing, so calls go {via(fallback.alternative.route)}",
        detail="STRIPE_PROXY_FALLBACK=direct is set. Each call tries the proxy first.",
        fix="Fix the proxy, or set STRIPE_PROXY=direct.",
    )


def _as_warning(check: Check) -> Check:
    """Downgrade a failed stage of a route that the fallback bypasses."""
    if check.status is not Status.FAIL:
        return check
    detail = check.cause.operator if check.cause else check.detail
    return replace(check, status=Status.WARN, cause=None, fix="", detail=detail)


def _curl(setup: Setup, route: Route | None, report: ProbeReport | None) -> str:
    if route is None:
        return ""
    needs_bundle = report is None or not report.reached or report.intercepted
    return curl_line(setup, route, needs_bundle=needs_bundle)


def _fix(
    setup: Setup, route: Route | None, checks: tuple[Check, ...], results: list[AlternativeResult]
) -> Fix | None:
    failed = next((check for check in checks if check.cause), None)
    if failed is None:
        return permanent_fix(setup, results)
    return find_fix(setup, route, failed, results)
