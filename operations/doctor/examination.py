"""The whole examination, in the order in which it is read: settings first, verdict last."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from django.utils import timezone

from operations.doctor.account import account_checks, account_not_tried
from operations.doctor.configuration import settings_checks
from operations.doctor.curl import curl_line
from operations.doctor.environment import environment_checks
from operations.doctor.mail import mail_checks, mail_not_tried
from operations.doctor.path import ROUTE, decide_route, path_checks, path_not_tried, way
from operations.doctor.processes import process_checks
from operations.doctor.remedy import Trial, alternatives, lasting, remedy, try_alternative
from operations.doctor.report import Check, Fix, Report, Status
from operations.doctor.setup import Setup
from operations.doctor.shop import shop_checks
from operations.doctor.verification import verification_checks
from outbound.diagnosis.probe import ProbeReport
from outbound.route import Route

OFFLINE = "not tested (--offline)"
NOT_REACHED = "not reached"


@dataclass(frozen=True, slots=True)
class _Calls:
    """What came of calling: over the route in use, and over the others.

    `detour` is the direct route, where the product takes it because the proxy failed.
    """

    report: ProbeReport | None
    detour: Trial | None
    account: list[Check]
    mail: list[Check]
    trials: list[Trial]

    @property
    def reached(self) -> ProbeReport | None:
        """The call that decides whether payment goes through."""
        return self.detour.report if self.detour else self.report

    def checks(self) -> list[Check]:
        """All of them."""
        path = path_checks(self.report) if self.report else path_not_tried(NOT_REACHED)
        if self.detour:
            path = [_gone_around(self.detour), *map(_only_warning, path)]
        others = [trial.check(number) for number, trial in enumerate(self.trials, 1)]
        return [*path, *self.account, *others, *self.mail]


Told = Callable[[Sequence[Check]], None]


def examine(setup: Setup, *, sessions: list[Check] | None = None) -> Report:
    """Look at everything, call the API over every route, and say what mends a fault.

    Creates nothing at Stripe, and works without a database. Ends soon after `setup.ends_at`.
    `sessions` are the checks of a purchase that was tried.
    """
    return _examine(setup, _local_checks, sessions=sessions or [], told=_nobody)


def examine_way(setup: Setup, *, told: Told) -> Report:
    """The same without a look into the database; `told` gets the checks as they are known."""
    return _examine(setup, list, sessions=[], told=told)


def _nobody(_checks: Sequence[Check]) -> None:
    """Nobody waits for a part of it."""


def _examine(
    setup: Setup, local: Callable[[], list[Check]], *, sessions: list[Check], told: Told
) -> Report:
    route, decided = decide_route(setup)
    known = [*settings_checks(setup), *environment_checks(setup, route), *decided]
    told(known)
    calls = _call(setup, route, told=lambda checks: told([*known, *checks]))
    verified = verification_checks(
        setup, route, calls.reached, not_called=NOT_REACHED, sessions=sessions
    )
    checks = (*known, *calls.checks(), *local(), *verified)
    report = _report(setup, checks, _fix(setup, route, checks, calls.trials))
    return replace(report, curl=_curl(setup, route, calls.report))


def examine_offline(setup: Setup) -> Report:
    """The part of it that needs no network."""
    route, decided = decide_route(setup)
    known = [*settings_checks(setup), *environment_checks(setup, route), *decided]
    not_tried = [*path_not_tried(OFFLINE), *account_not_tried(OFFLINE), *mail_not_tried(OFFLINE)]
    verified = verification_checks(setup, route, None, not_called=OFFLINE, sessions=[])
    checks = (*known, *not_tried, *_local_checks(), *verified)
    report = _report(setup, checks, _fix(setup, route, checks, []), offline=True)
    return replace(report, curl=_curl(setup, route, None))


def _local_checks() -> list[Check]:
    at = timezone.now()
    return [*shop_checks(at=at), *process_checks(at=at)]


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


def _call(setup: Setup, route: Route | None, *, told: Told) -> _Calls:
    """All routes at once, so that a black hole costs its time only once."""
    others = alternatives(setup, route)
    with ThreadPoolExecutor(max_workers=len(others) + 2) as pool:
        mail = pool.submit(mail_checks, setup)
        trying = [pool.submit(try_alternative, setup, other) for other in others]
        report = setup.try_route(route) if route else None
        told(path_checks(report) if report else [])
        reached = route is not None and report is not None and report.reached
        if reached and route:
            account = account_checks(setup, route)
            return _Calls(report, None, account, mail.result(), [each.result() for each in trying])
        trials = [each.result() for each in trying]
        detour = _detour(setup, report, trials)
        account = account_not_tried(NOT_REACHED)
        if detour:
            account = account_checks(setup, detour.alternative.route)
        return _Calls(report, detour, account, mail.result(), trials)


def _detour(setup: Setup, report: ProbeReport | None, trials: list[Trial]) -> Trial | None:
    """The way that the product takes by itself, as STRIPE_PROXY_FALLBACK=direct allows it."""
    diagnosis = report.diagnosis if report else None
    if not (setup.falls_back and diagnosis):
        return None
    if not diagnosis.proxy_failed:
        return None
    around = (each for each in trials if each.alternative.route.is_direct and each.report.reached)
    return next(around, None)


def _gone_around(detour: Trial) -> Check:
    return Check(
        "route.fallback",
        ROUTE,
        "Fallback",
        Status.WARN,
        f"is in use: the proxy fails, so calls go {way(detour.alternative.route)}",
        detail="STRIPE_PROXY_FALLBACK=direct is set. Each call tries the proxy first.",
        fix="Fix the proxy, or set STRIPE_PROXY=direct.",
    )


def _only_warning(check: Check) -> Check:
    """A stage that failed on a way that is gone around."""
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
    setup: Setup, route: Route | None, checks: tuple[Check, ...], trials: list[Trial]
) -> Fix | None:
    failed = next((check for check in checks if check.cause), None)
    if failed is None:
        return lasting(setup, trials)
    return remedy(setup, route, failed, trials)
