"""The group "Processes": whether running processes use the same route and key as this one.

A server keeps the environment that it was started with. If a variable changed later, everything
looks right from the shell while the server still uses the old value.
"""

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings

from operations.doctor.configuration import PRIVATE_BIND, PUBLIC_BIND
from operations.doctor.report import Check, Status, format_duration
from operations.processes import (
    WORKER,
    RunningProcess,
    StripeRoute,
    current_stripe_route,
    running_processes,
)
from payments.stripe.outage import last_fallback, outage_is_known
from testbank.server import is_public

GROUP = "Processes"


def process_checks(*, at: datetime) -> list[Check]:
    """Compare every process of this site on this machine with this one. No network call."""
    here = current_stripe_route()
    running = running_processes()
    checks = [_process(number, each, here, at) for number, each in enumerate(running, 1)]
    if not running:
        checks.append(
            _check(
                "none", "Servers", Status.SKIP, "no server of this site is running on this machine"
            )
        )
    return [*checks, *_public_binds(running), *_missing_worker(running), *_status_marks(at)]


def _process(number: int, process: RunningProcess, here: StripeRoute, at: datetime) -> Check:
    title = process.kind.capitalize()
    known = f"pid {process.pid}, running for {format_duration(at - process.started_at)}"
    if process.stripe_route.fingerprint == here.fingerprint:
        return _check(str(number), title, Status.OK, f"{known}: same route to Stripe")
    return _check(
        str(number),
        title,
        Status.WARN,
        f"{known}: {_difference(process.stripe_route, here)}",
        detail="This process was started with different settings.",
        fix=f"Restart it: {_how_to_end(process)}",
    )


def _difference(there: StripeRoute, here: StripeRoute) -> str:
    if there.route != here.route:
        return there.route
    if there.key != here.key:
        return f"different key, {there.key}"
    if there.ca_bundle != here.ca_bundle:
        return f"trusts {there.ca_bundle or 'only public root certificates'}"
    return "different credentials or settings"


def _how_to_end(process: RunningProcess) -> str:
    return f"run `kill {process.pid}`, and then start it or its service again"


def _public_binds(running: list[RunningProcess]) -> Iterator[Check]:
    """Warn of web servers that other machines can reach without TLS."""
    for process in running:
        if process.bind and is_public(process.bind):
            yield _check(
                f"bind.{process.pid}",
                "Public server",
                Status.WARN,
                f"pid {process.pid} listens on {process.bind}, which other machines can reach",
                detail=PUBLIC_BIND,
                fix=PRIVATE_BIND,
            )


def _missing_worker(running: list[RunningProcess]) -> Iterator[Check]:
    if settings.WORKER and not any(process.kind == WORKER for process in running):
        yield _check(
            "worker",
            "Worker",
            Status.SKIP,
            "WORKER=1, but no worker is running on this machine",
            detail="To see whether a worker is running on another machine, check its last run in the Shop section.",
        )


def _status_marks(at: datetime) -> Iterator[Check]:
    """Yield the outage and the fallback that processes recorded in RUN_DIR."""
    if outage_is_known():
        summary = "the most recent purchases failed; buyers see a notice before they pay"
        yield _check("outage", "Payment", Status.WARN, summary)
    if fallback := last_fallback():
        ago = format_duration(at - fallback.at)
        yield _check(
            "detour",
            "Fallback",
            Status.WARN,
            f"used {ago} ago: a call bypassed the proxy ({fallback.cause})",
            fix="Fix the proxy, or set STRIPE_PROXY=direct to always bypass it.",
        )


def _check(
    name: str, title: str, status: Status, summary: str, *, detail: str = "", fix: str = ""
) -> Check:
    return Check(f"processes.{name}", GROUP, title, status, summary, detail, fix)
