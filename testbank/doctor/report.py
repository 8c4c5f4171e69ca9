"""What the doctor says: checks, the cause of the first failure, and what mends it."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from outbound.diagnosis import Diagnosis
from outbound.redaction import scrub

SCHEMA_VERSION = 1


class Status(StrEnum):
    """`SKIP`: not tried, not part of this route, or without effect here; never counted."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Cause:
    """Why payment cannot go through: a stable id, and a sentence for the operator."""

    id: str
    operator: str
    advice: str = ""

    @classmethod
    def of(cls, diagnosis: Diagnosis) -> "Cause":
        """The cause that a diagnosis names; here the other routes are tested."""
        return cls(diagnosis.id, diagnosis.operator, diagnosis.advice)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `summary` is one line; `fix` a line for `.env` or a sentence.

    A check that failed has a `cause`.
    """

    id: str
    group: str
    title: str
    status: Status
    summary: str
    detail: str = ""
    fix: str = ""
    milliseconds: float | None = None
    cause: Cause | None = None

    def as_data(self) -> dict[str, Any]:
        """The check in plain types, for JSON and pages; free of secrets."""
        data = {
            "id": self.id,
            "group": self.group,
            "title": self.title,
            "status": self.status.value,
            "summary": self.summary,
            "detail": self.detail,
            "fix": self.fix,
            "milliseconds": None if self.milliseconds is None else round(self.milliseconds, 1),
            "cause": self.cause.id if self.cause else None,
        }
        scrubbed: dict[str, Any] = _scrubbed(data)
        return scrubbed


@dataclass(frozen=True, slots=True)
class Fix:
    """What mends the cause.

    `line` can be pasted as it stands and is only given when `tested`: the call was made as
    it would be made with that line. `example` is a line whose values are the operator's to
    fill in. `instruction` is for people. `in_process`: the setting stands in the environment
    of the process, which wins over `.env`, so it must be changed there.
    """

    line: str = ""
    example: str = ""
    instruction: str = ""
    tested: bool = False
    in_process: bool = False

    def as_data(self) -> dict[str, Any]:
        """The fix in plain types, for JSON."""
        return {
            "line": self.line,
            "example": self.example,
            "instruction": self.instruction,
            "tested": self.tested,
            "where": "process" if self.in_process else ".env",
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The whole examination of the way to `api_base`. Free of secrets.

    `curl` is the line that makes the same call; empty where no route could be decided.
    """

    api_base: str
    env_file: Path
    offline: bool
    checks: tuple[Check, ...]
    fix: Fix | None = None
    curl: str = ""

    @property
    def ok(self) -> bool:
        """True where payment can go through; warnings do not count."""
        return all(check.status is not Status.FAIL for check in self.checks)

    @property
    def warnings(self) -> int:
        """How many checks warn."""
        return sum(check.status is Status.WARN for check in self.checks)

    @property
    def cause(self) -> Cause | None:
        """The cause of the first check that failed."""
        return next((check.cause for check in self.checks if check.cause), None)

    def as_data(self) -> dict[str, Any]:
        """The report in plain types, for JSON."""
        cause = self.cause
        data = {
            "schema_version": SCHEMA_VERSION,
            "ok": self.ok,
            "warnings": self.warnings,
            "api_base": self.api_base,
            "env_file": str(self.env_file),
            "offline": self.offline,
            "cause": {"id": cause.id, "operator": cause.operator, "advice": cause.advice}
            if cause
            else None,
            "fix": self.fix.as_data() if self.fix else None,
            "curl": self.curl,
            "checks": [check.as_data() for check in self.checks],
        }
        scrubbed: dict[str, Any] = _scrubbed(data)
        return scrubbed


def length(span: timedelta) -> str:
    """A span of time in its largest unit: `12 s`, `5 min`, `3 h`, `2 days`."""
    seconds = max(0, int(span.total_seconds()))
    units = ((86400, "days"), (3600, "h"), (60, "min"))
    for size, name in units:
        if seconds >= 2 * size:
            return f"{seconds // size} {name}"
    return f"{seconds} s"


def _scrubbed(value: Any) -> Any:
    """The last net: no text leaves with a key or a password in it."""
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, dict):
        return {name: _scrubbed(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_scrubbed(each) for each in value]
    return value
