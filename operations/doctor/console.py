"""Format the report for a terminal."""

import textwrap
from collections.abc import Iterable, Iterator
from itertools import groupby
from urllib.parse import urlsplit

from django.core.management.color import Style

from operations.doctor.report import Cause, Check, Fix, Report, Status

MARKS = {Status.OK: "✓", Status.WARN: "!", Status.FAIL: "✗", Status.SKIP: "–"}
PLAIN_MARKS = {Status.OK: "+", Status.WARN: "!", Status.FAIL: "x", Status.SKIP: "-"}
STYLES = {Status.OK: "SUCCESS", Status.WARN: "WARNING", Status.FAIL: "ERROR"}
WIDTH = 100
TIME_WIDTH = 9
INDENT = "      "
MARK_WIDTH = 4


class Page:
    """The report as lines of text: groups, marks, times, and the verdict last."""

    def __init__(self, report: Report, *, style: Style, marks: dict[Status, str]) -> None:
        self._report = report
        self._style = style
        self._status_marks = marks
        self._title_width = max(len(check.title) for check in report.checks)
        timed = (
            len(self._left(check)) for check in report.checks if check.milliseconds is not None
        )
        self._time_column = min(max(timed, default=0), WIDTH - TIME_WIDTH)

    def lines(self) -> Iterator[str]:
        """Yield every line, from the first group to the verdict."""
        for group, checks in groupby(self._report.checks, key=lambda check: check.group):
            yield self._style.MIGRATE_HEADING(group)
            for alike in _alike(checks):
                yield from self._folded(alike) if len(alike) > 1 else self._check(alike[0])
            yield ""
        if self._report.curl:
            yield (
                "To send the same request with curl, run this command. It prints 401 if the "
                "connection works:"
            )
            yield f"  {self._report.curl}"
            yield ""
        yield from self._verdict()

    def _left(self, check: Check) -> str:
        return f"  {self._status_marks[check.status]} {check.title:<{self._title_width}}  {check.summary}"

    def _folded(self, alike: list[Check]) -> Iterator[str]:
        """Yield one line for several checks with the same status and summary."""
        status, summary = alike[0].status, alike[0].summary
        titles = ", ".join(check.title for check in alike)
        for line in _within(f"  {self._status_marks[status]} {titles}: {summary}", MARK_WIDTH):
            yield self._colored(status, line)

    def _check(self, check: Check) -> Iterator[str]:
        line = self._left(check)
        if check.milliseconds is not None:
            line = f"{line:<{self._time_column}}{check.milliseconds:>{TIME_WIDTH - 3}.0f} ms"
            yield self._colored(check.status, line)
        else:
            for part in _within(line, self._title_width + MARK_WIDTH + 2):
                yield self._colored(check.status, part)
        if check.detail:
            yield from _wrapped(check.detail)
        if check.fix and not check.cause and check.status in {Status.WARN, Status.FAIL}:
            yield from _wrapped(f"→ {check.fix}")

    def _colored(self, status: Status, line: str) -> str:
        if status not in STYLES:
            return line
        paint = getattr(self._style, STYLES[status])
        mark = self._status_marks[status]
        if status is Status.FAIL:
            return str(paint(line))
        return line.replace(mark, paint(mark), 1)

    def _verdict(self) -> Iterator[str]:
        cause = self._report.cause
        if cause is not None:
            yield from self._fault(cause)
        elif self._report.offline:
            yield "No network calls were made, so the doctor cannot tell whether payments work."
        else:
            count = self._report.warnings
            noted = f" ({count} warning{'s' if count > 1 else ''})" if count else ""
            host = urlsplit(self._report.api_base).hostname
            yield self._style.SUCCESS(
                f"Payments are working: {host} responds and accepts the key{noted}."
            )
        if self._report.fix is not None:
            yield from self._remedy(self._report.fix)

    def _fault(self, cause: Cause) -> Iterator[str]:
        yield self._style.ERROR(f"Payments are not working: {cause.id}")
        yield from textwrap.wrap(cause.operator, WIDTH)
        tested = self._report.fix is not None and self._report.fix.tested
        if cause.advice and not tested:
            yield from textwrap.wrap(cause.advice, WIDTH)

    def _remedy(self, fix: Fix) -> Iterator[str]:
        yield ""
        if fix.instruction:
            yield from textwrap.wrap(fix.instruction, WIDTH)
        if fix.line:
            yield self._where_to_put(fix)
            yield self._style.SUCCESS(fix.line)
        if fix.example:
            yield f"Add a line like this to .env ({self._report.env_file}), with the correct value:"
            yield fix.example
        if fix.tested:
            restart = " Restart the site after the change." if fix.line else ""
            yield f"The doctor has just tested this fix, and Stripe can be reached.{restart}"

    def _where_to_put(self, fix: Fix) -> str:
        if not fix.in_process:
            return f"Add this line to .env ({self._report.env_file}):"
        name = fix.line.partition("=")[0]
        return f"{name} is set in the environment, which takes precedence over .env. Change it in the environment:"


def _alike(checks: Iterable[Check]) -> Iterator[list[Check]]:
    """Group consecutive checks with the same summary; yield all others one by one."""
    for (status, _summary, plain), run in groupby(checks, key=_said):
        alike = list(run)
        folds = plain and status in {Status.OK, Status.SKIP} and len(alike) > 1
        yield from [alike] if folds else ([check] for check in alike)


def _said(check: Check) -> tuple[Status, str, bool]:
    return check.status, check.summary, not check.detail and check.milliseconds is None


def _within(line: str, indent: int) -> list[str]:
    """Wrap a line with an indent; long words are not broken."""
    start = line[:indent]
    rest = textwrap.wrap(
        line[indent:], WIDTH - indent, break_long_words=False, break_on_hyphens=False
    )
    return (
        [f"{start}{rest[0]}", *(f"{'':<{indent}}{more}" for more in rest[1:])] if rest else [line]
    )


def _wrapped(text: str) -> Iterator[str]:
    yield from textwrap.wrap(
        text, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT, break_on_hyphens=False
    )
