"""`manage.py doctor`: prints the examination. What is examined stands in `operations/doctor/`."""

import argparse
import json
import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.management.color import Style, no_style

from operations.doctor.env_file import CannotWrite, plan
from operations.doctor.examination import examine, examine_offline
from operations.doctor.page import MARKS, PLAIN_MARKS, Page
from operations.doctor.report import Check, Report, Status
from operations.doctor.setup import Setup
from outbound.redaction import scrub
from outbound.route import DIRECT, ENVIRONMENT, ProxyAddressError, parse_proxy

DEFAULT_SECONDS, LEAST_SECONDS, MOST_SECONDS = 5.0, 0.5, 25.0


def seconds(text: str) -> float:
    """The number in --timeout. Raises: argparse.ArgumentTypeError."""
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not LEAST_SECONDS <= value <= MOST_SECONDS:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a number of seconds from {LEAST_SECONDS:g} to {MOST_SECONDS:g}"
        )
    return value


class Command(BaseCommand):
    """Exit code 0 where payment can go through, 1 where a check failed, 2 for wrong usage.

    With `--fail-on warning` a warning counts as failed. Where `--write-env` has written the
    tested fix, what it mends does not count any more.
    """

    help = (
        "Check the connection to Stripe stage by stage, try other routes, name the problem, "
        "and print the line for .env that fixes it. Read-only unless you use "
        "--create-test-session or --write-env."
    )
    # Whatever else is wrong with the site, this must work.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What is called, over what, what is written, and how it is printed."""
        parser.add_argument("--json", action="store_true", help="print a machine-readable report")
        parser.add_argument("--offline", action="store_true", help="make no network calls")
        parser.add_argument(
            "--route",
            metavar="environment|direct|URL",
            help="use this instead of STRIPE_PROXY, for this run only",
        )
        parser.add_argument(
            "--fail-on",
            choices=("failure", "warning"),
            default="failure",
            help="which results exit with code 1 (default %(default)s)",
        )
        parser.add_argument(
            "--timeout",
            type=seconds,
            default=DEFAULT_SECONDS,
            metavar="SECONDS",
            help="maximum duration of one call (default %(default)g)",
        )
        parser.add_argument(
            "--write-env",
            action="store_true",
            help="offer to write the tested fix to .env",
        )
        parser.add_argument("--yes", action="store_true", help="write it without asking")
        parser.add_argument(
            "--create-test-session",
            metavar="BANK",
            help="create a Checkout session for this bank and expire it immediately; test keys only",
        )

    def handle(
        self,
        *_args: Any,
        json: bool,
        offline: bool,
        route: str | None,
        timeout: float,
        fail_on: str,
        write_env: bool,
        yes: bool,
        create_test_session: str | None,
        **options: Any,
    ) -> None:
        """Examine, print, write where that was asked for, and tell by the exit code."""
        if offline and create_test_session:
            raise CommandError(
                "--offline makes no network calls, so no session can be created.", returncode=2
            )
        setup = Setup.of_site(asked=readable_route(route), seconds=timeout)
        sessions = sessions_of(create_test_session) if create_test_session else None
        report = examine_offline(setup) if offline else examine(setup, sessions=sessions)
        if json:
            self._write(as_json(report))
        else:
            page = Page(report, style=self._chosen_style(options), marks=self._marks())
            for line in page.lines():
                self._write(line)
        mended = write_env and self._mend(report, yes=yes, quiet=json)
        failed = not report.ok and not mended
        if failed or (fail_on == "warning" and report.warnings):
            sys.exit(1)

    def _mend(self, report: Report, *, yes: bool, quiet: bool) -> bool:
        """Show the change, ask, and write it; True where it was written.

        `quiet`: JSON is the whole output, so what is said here goes to the other stream.
        """
        say = self._complain if quiet else self._write
        fix = report.fix
        if fix is None or not fix.line or not fix.tested or fix.in_process:
            say("Nothing to write: there is no tested line for .env.")
            return False
        try:
            change = plan(report.env_file, fix.line)
            say("")
            for line in change.diff():
                say(line)
            if not (yes or self._agreed()):
                say("Nothing was written.")
                return False
            change.write()
        except CannotWrite as error:
            say(f"Nothing was written. {error}")
            return False
        say(f"Written to {report.env_file}. Restart the site to apply it.")
        return True

    def _agreed(self) -> bool:
        """Asked on a terminal only: a script says --yes."""
        if not sys.stdin.isatty():
            self._complain("Cannot ask for confirmation. Use --yes to write it.")
            return False
        self.stdout.write("Write it? [y/N] ", ending="")
        self.stdout.flush()
        return sys.stdin.readline().strip().lower() in {"y", "yes"}

    def _complain(self, text: str) -> None:
        self.stderr.write(scrub(text), style_func=str)

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


def sessions_of(slug: str) -> list[Check]:
    """What came of making a session. Raises: CommandError (2) where none can be made."""
    # Django's test client comes with it, which no other run needs.
    from operations.doctor.purchase import (  # noqa: PLC0415 - as said
        CannotTry,
        bank_to_try,
        purchase_checks,
    )

    try:
        test_bank = bank_to_try(slug)
    except CannotTry as error:
        raise CommandError(str(error), returncode=2) from None
    return purchase_checks(test_bank)


def as_json(report: Report) -> str:
    """The report for programs."""
    return json.dumps(report.as_data(), indent=2, ensure_ascii=False)
