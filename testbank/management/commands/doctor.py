"""`manage.py doctor`: prints the examination. What is examined stands in `testbank/doctor/`."""

import argparse
import json
import os
import sys
import textwrap
from argparse import ArgumentParser
from collections.abc import Iterator
from itertools import groupby
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError
from django.core.management.color import Style, no_style

from outbound.route import DIRECT, ENVIRONMENT, ProxyAddressError, parse_proxy
from outbound.secrets import scrub
from testbank.doctor.examination import examine, examine_offline
from testbank.doctor.report import Cause, Check, Fix, Report, Status
from testbank.doctor.setup import Setup

MARKS = {Status.OK: "✓", Status.WARN: "!", Status.FAIL: "✗", Status.SKIP: "–"}
PLAIN_MARKS = {Status.OK: "+", Status.WARN: "!", Status.FAIL: "x", Status.SKIP: "-"}
STYLES = {Status.OK: "SUCCESS", Status.WARN: "WARNING", Status.FAIL: "ERROR"}
WIDTH = 100
TIME_WIDTH = 9
INDENT = "      "
DEFAULT_SECONDS, LEAST_SECONDS, MOST_SECONDS = 5.0, 0.5, 25.0


def seconds(text: str) -> float:
    """The number in --timeout. Raises: argparse.ArgumentTypeError."""
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not LEAST_SECONDS <= value <= MOST_SECONDS:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number of seconds from {LEAST_SECONDS:g} to {MOST_SECONDS:g}"
        )
    return value


class Command(BaseCommand):
    """Exit code 0 where payment can go through, 1 where a check failed, 2 for wrong usage.

    With `--fail-on warning` a warning counts as failed.
    """

    help = (
        "Shows how Stripe is reached from here, stage by stage, tries the other routes too, "
        "names what is wrong, and prints the line for .env that mends it. Creates nothing."
    )
    # Whatever else is wrong with the site, this must work.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What is called, over what, and how it is printed."""
        parser.add_argument("--json", action="store_true", help="print a report for programs")
        parser.add_argument("--offline", action="store_true", help="call nobody")
        parser.add_argument(
            "--route",
            metavar="environment|direct|URL",
            help="take this in place of STRIPE_PROXY, for this run only",
        )
        parser.add_argument(
            "--fail-on",
            choices=("failure", "warning"),
            default="failure",
            help="what ends with exit code 1 (default %(default)s)",
        )
        parser.add_argument(
            "--timeout",
            type=seconds,
            default=DEFAULT_SECONDS,
            metavar="SECONDS",
            help="how long one call may take (default %(default)g)",
        )

    def handle(
        self,
        *_args: Any,
        json: bool,
        offline: bool,
        route: str | None,
        timeout: float,
        fail_on: str,
        **options: Any,
    ) -> None:
        """Examine, print, and tell by the exit code."""
        setup = Setup.of_site(asked=readable_route(route), seconds=timeout)
        report = examine_offline(setup) if offline else examine(setup)
        if json:
            self._write(as_json(report))
        else:
            page = Page(report, style=self._chosen_style(options), marks=self._marks())
            for line in page.lines():
                self._write(line)
        if not report.ok or (fail_on == "warning" and report.warnings):
            sys.exit(1)

    def _write(self, text: str) -> None:
        """A terminal that lacks a sign gets another; a secret has no way out."""
        encoding = self._encoding()
        self.stdout.write(scrub(text).encode(encoding, "replace").decode(encoding))

    def _encoding(self) -> str:
        return getattr(self.stdout, "encoding", None) or "utf-8"

    def _marks(self) -> dict[Status, str]:
        try:
            "".join(MARKS.values()).encode(self._encoding())
        except UnicodeEncodeError:
            return PLAIN_MARKS
        return MARKS

    def _chosen_style(self, options: dict[str, Any]) -> Style:
        """Colours on a terminal. Source: https://no-color.org"""
        wanted = self.stdout.isatty() and not os.environ.get("NO_COLOR")
        return self.style if wanted or options.get("force_color") else no_style()


def readable_route(text: str | None) -> str | None:
    """What --route says. Raises: CommandError (2) where that is no route."""
    if text is None:
        return None
    word = text.strip()
    if word.lower() in {ENVIRONMENT, DIRECT}:
        return word.lower()
    try:
        parse_proxy(word)
    except ProxyAddressError as error:
        raise CommandError(
            f"--route must be environment, direct, or a proxy's address. {error}", returncode=2
        ) from None
    return word


def as_json(report: Report) -> str:
    """The report for programs."""
    return json.dumps(report.as_data(), indent=2, ensure_ascii=False)


class Page:
    """The report for people: groups, marks, times, and the verdict last."""

    def __init__(self, report: Report, *, style: Style, marks: dict[Status, str]) -> None:
        self._report = report
        self._style = style
        self._marks = marks
        self._title_width = max(len(check.title) for check in report.checks)
        timed = (
            len(self._left(check)) for check in report.checks if check.milliseconds is not None
        )
        self._time_column = min(max(timed, default=0), WIDTH - TIME_WIDTH)

    def lines(self) -> Iterator[str]:
        """Every line, from the first group to the verdict."""
        for group, checks in groupby(self._report.checks, key=lambda check: check.group):
            yield self._style.MIGRATE_HEADING(group)
            for check in checks:
                yield from self._check(check)
            yield ""
        yield from self._verdict()

    def _left(self, check: Check) -> str:
        return f"  {self._marks[check.status]} {check.title:<{self._title_width}}  {check.summary}"

    def _check(self, check: Check) -> Iterator[str]:
        line = self._left(check)
        if check.milliseconds is not None:
            line = f"{line:<{self._time_column}}{check.milliseconds:>{TIME_WIDTH - 3}.0f} ms"
        yield self._coloured(check.status, line)
        if check.detail:
            yield from _wrapped(check.detail)
        if check.fix and check.status is Status.WARN:
            yield from _wrapped(f"→ {check.fix}")

    def _coloured(self, status: Status, line: str) -> str:
        if status not in STYLES:
            return line
        paint = getattr(self._style, STYLES[status])
        mark = self._marks[status]
        if status is Status.FAIL:
            return str(paint(line))
        return line.replace(mark, paint(mark), 1)

    def _verdict(self) -> Iterator[str]:
        cause = self._report.cause
        if cause is not None:
            yield from self._fault(cause)
        elif self._report.offline:
            yield "Nothing was called, so whether payment can go through was not found out."
        else:
            count = self._report.warnings
            noted = f" ({count} warning{'s' if count > 1 else ''})" if count else ""
            host = urlsplit(self._report.api_base).hostname
            yield self._style.SUCCESS(
                f"Payment can go through: {host} answers and takes the key{noted}."
            )
        if self._report.fix is not None:
            yield from self._remedy(self._report.fix)

    def _fault(self, cause: Cause) -> Iterator[str]:
        yield self._style.ERROR(f"Payment cannot go through: {cause.id}")
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
            yield f"Put a line like this into .env ({self._report.env_file}), with the right value:"
            yield fix.example
        if fix.tested:
            restart = " Restart the site afterwards." if fix.line else ""
            yield f"It was tested just now: Stripe answers that way.{restart}"

    def _where_to_put(self, fix: Fix) -> str:
        if not fix.in_process:
            return f"Put this line into .env ({self._report.env_file}):"
        name = fix.line.partition("=")[0]
        return f"{name} is set in the environment of the process, which wins over .env. Set there:"


def _wrapped(text: str) -> Iterator[str]:
    yield from textwrap.wrap(
        text, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT, break_on_hyphens=False
    )
