"""The group "Processes": whether what runs reaches Stripe as this process would.

A server keeps the environment it was started with. One that was started before a variable
was changed goes on with the old one, and everything looks right from the shell.
"""

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings

from operations.doctor.configuration import PRIVATE_BIND, PUBLIC_BIND
from operations.doctor.report import Check, Status, length
from operations.processes import WORKER, RunningProcess, Way, own_way, running_processes
from payments.stripe.outage import last_fallback, outage_is_known
from testbank.server import is_public

GROUP = "Processes"


def process_checks(*, at: datetime) -> list[Check]:
    """Every process of this site on this machine, against this one. Calls nobody."""
    here = own_way()
    running = running_processes()
    checks = [_process(number, each, here, at) for number, each in enumerate(running, 1)]
    if not running:
        checks.append(
            _check("none", "Servers", Status.SKIP, "no server of this site is running here")
        )
    return [*checks, *_public_binds(running), *_missing_worker(running), *_marks(at)]


def _process(number: int, process: RunningProcess, here: Way, at: datetime) -> Check:
    title = process.kind.capitalize()
    known = f"pid {process.pid}, for {length(at - process.started_at)}"
    if process.way.fingerprint == here.fingerprint:
        return _check(str(number), title, Status.OK, f"{known}: has the same route to Stripe")
    return _check(
        str(number),
        title,
        Status.WARN,
        f"{known}: {_difference(process.way, here)}",
        detail="It was started with different settings.",
        fix=f"Restart it: {_how_to_end(process)}",
    )


def _difference(there: Way, here: Way) -> str:
    if there.route != here.route:
        return there.route
    if there.key != here.key:
        return f"has a different key, {there.key}"
    if there.ca_bundle != here.ca_bundle:
        return f"trusts {there.ca_bundle or 'only public roots'}"
    return "has different credentials or settings"


def _how_to_end(process: RunningProcess) -> str:
    return f"kill {process.pid}, then start it again (or its service)"


def _public_binds(running: list[RunningProcess]) -> Iterator[Check]:
    """Web servers that other machines can reach without a server in front that ends TLS."""
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
            "WORKER=1, and no worker is running on this machine",
            detail="Check its last run under Shop to see whether one is running elsewhere.",
        )


def _marks(at: datetime) -> Iterator[Check]:
    """What the processes have met while serving."""
    if outage_is_known():
        summary = "the most recent purchases failed; buyers see a notice before they pay"
        yield _check("outage", "Payment", Status.WARN, summary)
    if detour := last_fallback():
        ago = length(at - detour.at)
        yield _check(
            "detour",
            "Fallback",
            Status.WARN,
            f"acted {ago} ago: a call bypassed the proxy ({detour.cause})",
            fix="Fix the proxy, or set STRIPE_PROXY=direct to make this permanent.",
        )


def _check(
    name: str, title: str, status: Status, summary: str, *, detail: str = "", fix: str = ""
) -> Check:
    return Check(f"processes.{name}", GROUP, title, status, summary, detail, fix)
