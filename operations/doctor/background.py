"""Run the doctor's network checks in a background thread of a server process.

A page starts them and shows their progress, since a request should not wait that long. The
result is a file in RUN_DIR, shared by all processes of this machine. One check runs at a time.
"""

import json
import logging
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from operations.doctor.report import Check, Report
from operations.doctor.runner import run_network_checks
from operations.doctor.setup import Setup
from payments.stripe.outage import record_recovery
from testbank.private_files import write_private

logger = logging.getLogger("operations.doctor")

SECONDS_A_CALL = 5.0
# A check that is still unfinished after this time has ended with its process.
LOST_AFTER = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class NetworkCheck:
    """A check that is running or done. `checks` are `Check.as_data()` of those done so far."""

    started_at: datetime
    finished_at: datetime | None
    checks: list[dict[str, Any]]
    ok: bool = False
    cause: dict[str, str] | None = None
    fix: dict[str, Any] | None = None
    curl: str = ""

    def is_running(self, at: datetime) -> bool:
        """Return False once the check or its process has ended."""
        return self.finished_at is None and at - self.started_at < LOST_AFTER


def last_network_check() -> NetworkCheck | None:
    """Return this machine's last check; None if there is none or it is unreadable."""
    try:
        data = json.loads(_file().read_text(encoding="utf-8"))
        finished = data.pop("finished_at")
        return NetworkCheck(
            started_at=datetime.fromisoformat(data.pop("started_at")),
            finished_at=datetime.fromisoformat(finished) if finished else None,
            **data,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def start_network_check(*, at: datetime) -> bool:
    """Start a check in the background; return False if one is running."""
    before = last_network_check()
    if before and before.is_running(at):
        return False
    check = NetworkCheck(started_at=at, finished_at=None, checks=[])
    _save(check)
    threading.Thread(target=_run, args=(check,), name="payment-health", daemon=True).start()
    return True


def _run(check: NetworkCheck) -> None:
    """Never use the database: no request would close the connection of this thread."""

    def on_progress(checks: Sequence[Check]) -> None:
        _save(replace(check, checks=[each.as_data() for each in checks]))

    try:
        report = run_network_checks(
            Setup.of_site(route_override=None, seconds=SECONDS_A_CALL), on_progress=on_progress
        )
    except Exception:
        logger.exception("the network check failed")
        _save(replace(check, finished_at=timezone.now()))
        return
    if report.ok:
        record_recovery()
    _save(_finished(check, report))


def _finished(check: NetworkCheck, report: Report) -> NetworkCheck:
    data = report.as_data()
    return replace(
        check,
        finished_at=timezone.now(),
        checks=data["checks"],
        ok=report.ok,
        cause=data["cause"],
        fix=data["fix"],
        curl=report.curl,
    )


def _save(check: NetworkCheck) -> None:
    """Replace the file atomically. If RUN_DIR cannot be written, the page shows no result."""
    data = asdict(check) | {
        "started_at": check.started_at.isoformat(),
        "finished_at": check.finished_at.isoformat() if check.finished_at else None,
    }
    with suppress(OSError):
        write_private(_file(), json.dumps(data))


def _file() -> Path:
    run_dir: Any = settings.RUN_DIR
    return Path(run_dir) / "network-check.json"
