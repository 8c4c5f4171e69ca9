"""The look over the network from inside a server: in a thread of its own, its course shared.

A page can ask for it and show how far it is, since no request should wait that long. What was
found stands in RUN_DIR for all processes of this machine, whose way it is. One look at a time.
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

from operations.doctor.examination import examine_way
from operations.doctor.report import Check, Report
from operations.doctor.setup import Setup
from payments.stripe.outage import record_recovery

logger = logging.getLogger("operations.doctor")

SECONDS_A_CALL = 5.0
# A thread that has not written for so long has ended with its process.
LOST_AFTER = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Look:
    """A look under way or done. `checks` are those of its report, as plain data."""

    started_at: datetime
    finished_at: datetime | None
    checks: list[dict[str, Any]]
    ok: bool = False
    cause: dict[str, str] | None = None
    fix: dict[str, Any] | None = None
    curl: str = ""

    def is_under_way(self, at: datetime) -> bool:
        """False once it has ended, or its process has."""
        return self.finished_at is None and at - self.started_at < LOST_AFTER


def last_look() -> Look | None:
    """The last look of this machine; None where there was none, or it cannot be read."""
    try:
        data = json.loads(_file().read_text(encoding="utf-8"))
        finished = data.pop("finished_at")
        return Look(
            started_at=datetime.fromisoformat(data.pop("started_at")),
            finished_at=datetime.fromisoformat(finished) if finished else None,
            **data,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def start_look(*, at: datetime) -> bool:
    """Begin a look; False where one is under way. Returns at once."""
    before = last_look()
    if before and before.is_under_way(at):
        return False
    look = Look(started_at=at, finished_at=None, checks=[])
    _keep(look)
    threading.Thread(target=_run, args=(look,), name="payment-health", daemon=True).start()
    return True


def _run(look: Look) -> None:
    """Never touches the database: the page that asked shows what stands there."""

    def told(checks: Sequence[Check]) -> None:
        _keep(replace(look, checks=[check.as_data() for check in checks]))

    try:
        report = examine_way(Setup.of_site(asked=None, seconds=SECONDS_A_CALL), told=told)
    except Exception:
        logger.exception("the connection check failed with an error")
        _keep(replace(look, finished_at=timezone.now()))
        return
    if report.ok:
        record_recovery()
    _keep(_finished(look, report))


def _finished(look: Look, report: Report) -> Look:
    data = report.as_data()
    return replace(
        look,
        finished_at=timezone.now(),
        checks=data["checks"],
        ok=report.ok,
        cause=data["cause"],
        fix=data["fix"],
        curl=report.curl,
    )


def _keep(look: Look) -> None:
    """Whole or not at all. Where it cannot be written, the page says that nothing is known."""
    data = asdict(look) | {
        "started_at": look.started_at.isoformat(),
        "finished_at": look.finished_at.isoformat() if look.finished_at else None,
    }
    with suppress(OSError):
        _file().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = _file().with_suffix(f".{threading.get_ident()}")
        draft.write_text(json.dumps(data), encoding="utf-8")
        draft.replace(_file())


def _file() -> Path:
    run_dir: Any = settings.RUN_DIR
    return Path(run_dir) / "last-look.json"
