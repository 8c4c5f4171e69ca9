"""The data of a report: checks, the cause of the first failure, and its fix."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from outbound.diagnosis import Diagnosis
from outbound.redaction import scrub

SCHEMA_VERSION = 1


class Status(StrEnum):
    """`SKIP` is not tried, not part of this route, or without effect; it is never counted."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Cause:
    """Why payment does not work: a stable id, and a sentence for the operator."""

    id: str
    operator: str
    advice: str = ""

    @classmethod
    def of(cls, diagnosis: Diagnosis) -> "Cause":
        """Return the cause that a diagnosis names."""
        return cls(diagnosis.id, diagnosis.operator, diagnosis.advice)


@dataclass(frozen=True, slots=True)
class Check:
    """One result. `summary` is one line; `fix` is a line for `.env` or a sentence.

    Only a check that failed because payment does not work has a `cause`.
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
        """Return plain types for JSON and pages, with secrets masked."""
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
    """How to fix the cause.

    `line` can be pasted unchanged and is only given if `tested`: a call succeeded with that
    setting. `example` is a line whose value the operator fills in. `instruction` is a sentence.
    `in_process`: the setting is in the process environment, which wins over `.env`.
    """

    line: str = ""
    example: str = ""
    instruction: str = ""
    tested: bool = False
    in_process: bool = False

    def as_data(self) -> dict[str, Any]:
        """Return plain types, for JSON."""
        return {
            "line": self.line,
            "example": self.example,
            "instruction": self.instruction,
            "tested": self.tested,
            "where": "process" if self.in_process else ".env",
        }


@dataclass(frozen=True, slots=True)
class Report:
    """All checks of the connection to `api_base`. Secrets are masked.

    `curl` is the equivalent command; empty if no route could be decided.
    """

    api_base: str
    env_file: Path
    offline: bool
    checks: tuple[Check, ...]
    fix: Fix | None = None
    curl: str = ""

    @property
    def ok(self) -> bool:
        """True if no check failed; warnings do not count."""
        return all(check.status is not Status.FAIL for check in self.checks)

    @property
    def ok_after_fix(self) -> bool:
        """True if no check failed, except those with the cause that `fix` removes."""
        failed = (check for check in self.checks if check.status is Status.FAIL)
        return all(check.cause is not None and check.cause == self.cause for check in failed)

    @property
    def warnings(self) -> int:
        """The number of checks that warn."""
        return sum(check.status is Status.WARN for check in self.checks)

    @property
    def cause(self) -> Cause | None:
        """The cause of the first check that failed."""
        return next((check.cause for check in self.checks if check.cause), None)

    def as_data(self) -> dict[str, Any]:
        """Return plain types for JSON, with secrets masked."""
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


def format_duration(span: timedelta) -> str:
    """Return a duration in its largest unit: `12 s`, `5 min`, `3 h`, `2 days`."""
    seconds = max(0, int(span.total_seconds()))
    units = ((86400, "days"), (3600, "h"), (60, "min"))
    for size, name in units:
        if seconds >= 2 * size:
            return f"{seconds // size} {name}"
    return f"{seconds} s"


def _scrubbed(value: Any) -> Any:
    """Mask keys and passwords in every string, as a safety net."""
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, dict):
        return {name: _scrubbed(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_scrubbed(each) for each in value]
    return value
