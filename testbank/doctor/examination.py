"""The whole examination, in the order in which it is read: settings first, verdict last."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from django.utils import timezone

from outbound.probe import ProbeReport
from outbound.route import Route
from testbank.doctor.configuration import settings_checks
from testbank.doctor.environment import environment_checks
from testbank.doctor.path import (
    decide_route,
    key_checks,
    key_not_tried,
    path_checks,
    path_not_tried,
)
from testbank.doctor.remedy import Trial, alternatives, lasting, remedy, try_alternative
from testbank.doctor.report import Check, Fix, Report
from testbank.doctor.setup import Setup
from testbank.doctor.shop import shop_checks

OFFLINE = "not tried (--offline)"
NOT_REACHED = "not reached"


@dataclass(frozen=True, slots=True)
class _Calls:
    """What came of calling: over the route in use, and over the others."""

    report: ProbeReport | None
    key: list[Check]
    trials: list[Trial]

    def checks(self) -> list[Check]:
        path = path_checks(self.report) if self.report else path_not_tried(NOT_REACHED)
        others = [trial.check(number) for number, trial in enumerate(self.trials, 1)]
        return [*path, *self.key, *others]


def examine(setup: Setup) -> Report:
    """This will look at everything, call the API over every route, and say what mends a fault.

    Creates nothing at Stripe, and works without a database. Ends within four times
    `setup.seconds`.
    """
    route, decided = decide_route(setup)
    calls = _call(setup, route)
    known = [*settings_checks(setup), *environment_checks(setup, route), *decided]
    checks = (*known, *calls.checks(), *shop_checks(at=timezone.now()))
    return _report(setup, checks, _fix(setup, route, checks, calls.trials))


def examine_offline(setup: Setup) -> Report:
    """The part of it that needs no network."""
    route, decided = decide_route(setup)
    known = [*settings_checks(setup), *environment_checks(setup, route), *decided]
    not_tried = (*path_not_tried(OFFLINE), *key_not_tried(OFFLINE))
    checks = (*known, *not_tried, *shop_checks(at=timezone.now()))
    return _report(setup, checks, _fix(setup, route, checks, []), offline=True)


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


def _call(setup: Setup, route: Route | None) -> _Calls:
    """All routes at once, so that a black hole costs its time only once."""
    others = alternatives(setup, route)
    with ThreadPoolExecutor(max_workers=len(others) + 1) as pool:
        trying = [pool.submit(try_alternative, setup, other) for other in others]
        report = setup.try_route(route) if route else None
        reached = route is not None and report is not None and report.reached
        key = key_checks(setup, route) if reached and route else key_not_tried(NOT_REACHED)
        return _Calls(report, key, [trial.result() for trial in trying])


def _fix(
    setup: Setup, route: Route | None, checks: tuple[Check, ...], trials: list[Trial]
) -> Fix | None:
    failed = next((check for check in checks if check.cause), None)
    if failed is None:
        return lasting(setup, trials)
    return remedy(setup, route, failed, trials)
