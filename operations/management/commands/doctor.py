"""`manage.py doctor`: run the checks of `operations/doctor/` and print the report."""

import argparse
import json
import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.management.color import Style, no_style

from operations.doctor.console import MARKS, PLAIN_MARKS, Page
from operations.doctor.env_file import CannotWrite, plan_change
from operations.doctor.mail import send_test_mail
from operations.doctor.report import Check, Report, Status
from operations.doctor.runner import run_checks, run_offline_checks
from operations.doctor.setup import Setup
from outbound.redaction import scrub
from outbound.route import DIRECT, ENVIRONMENT, ProxyAddressError, parse_proxy

DEFAULT_SECONDS, MIN_SECONDS, MAX_SECONDS = 5.0, 0.5, 25.0


def seconds(text: str) -> float:
    """Parse --timeout. Raises: argparse.ArgumentTypeError."""
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not MIN_SECONDS <= value <= MAX_SECONDS:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a number of seconds from {MIN_SECONDS:g} to {MAX_SECONDS:g}"
        )
    return value


class Command(BaseCommand):
    """Exit with 0 if payment works, 1 if a check failed, 2 for a usage error.

    With `--fail-on warning` a warning counts as failed. Failures with the cause that
    `--write-env` fixed do not count.
    """

    help = (
        "Check the connection to Stripe stage by stage, try other routes, name the problem, "
        "and print the line for .env that fixes it. Read-only unless you use "
        "--create-test-session or --write-env."
    )
    # The doctor must run even if Django's system checks fail.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What is called, over what, what is written, and how it is printed."""
        parser.add_argument("--json", action="store_true", help="print a machine-readable report")
        parser.add_argument("--offline", action="store_true", help="make no network calls")
        parser.add_argument(
            "--route",
            metavar="environment|direct|URL",
            help="use this route instead of STRIPE_PROXY, for this run only",
        )
        parser.add_argument(
            "--fail-on",
            choices=("failure", "warning"),
            default="failure",
            help="results that cause exit code 1 (default %(default)s)",
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
        parser.add_argument("--yes", action="store_true", help="write the fix without asking")
        parser.add_argument(
            "--create-test-session",
            metavar="BANK",
            help="create a Checkout session for this bank and expire it immediately; test keys only",
        )

        parser.add_argument(
            "--test-mail", metavar="ADDRESS", help="send a test email to this address"
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
        test_mail: str | None,
        **options: Any,
    ) -> None:
        """Run the checks, print the report, and write `.env` if requested."""
        if offline and (create_test_session or test_mail):
            raise CommandError(
                "--offline makes no network calls, so the doctor cannot create a session or "
                "send an email.",
                returncode=2,
            )
        setup = Setup.of_site(route_override=parse_route(route), seconds=timeout)
        sessions = session_checks(create_test_session) if create_test_session else []
        sessions += send_test_mail(test_mail) if test_mail else []
        report = run_offline_checks(setup) if offline else run_checks(setup, sessions=sessions)
        if json:
            self._print(as_json(report))
        else:
            page = Page(report, style=self._chosen_style(options), marks=self._status_marks())
            for line in page.lines():
                self._print(line)
        fixed = write_env and self._apply_fix(report, yes=yes, quiet=json)
        failed = not (report.ok_after_fix if fixed else report.ok)
        if failed or (fail_on == "warning" and report.warnings):
            sys.exit(1)

    def _apply_fix(self, report: Report, *, yes: bool, quiet: bool) -> bool:
        """Show the change, ask for confirmation, and write it; return True if it was written.

        `quiet` prints to stderr, since stdout is JSON.
        """
        say = self._print_error if quiet else self._print
        fix = report.fix
        if fix is None or not fix.line or not fix.tested or fix.in_process:
            say("Nothing to write: there is no tested line for .env.")
            return False
        try:
            change = plan_change(report.env_file, fix.line)
            say("")
            for line in change.diff():
                say(line)
            if not (yes or self._confirm()):
                say("Nothing was written.")
                return False
            change.write()
        except CannotWrite as error:
            say(f"Nothing was written. {error}")
            return False
        say(f"The change was written to {report.env_file}. Restart the site to apply it.")
        return True

    def _confirm(self) -> bool:
        """Ask on a terminal; without one, return False, since scripts pass --yes."""
        if not sys.stdin.isatty():
            self._print_error(
                "Cannot ask for confirmation without a terminal. To write the fix, use --yes."
            )
            return False
        self.stdout.write("Write this change? [y/N] ", ending="")
        self.stdout.flush()
        return sys.stdin.readline().strip().lower() in {"y", "yes"}

    def _print_error(self, text: str) -> None:
        self.stderr.write(scrub(text), style_func=str)

    def _print(self, text: str) -> None:
        """Print with secrets masked, and with characters that the encoding lacks replaced."""
        encoding = self._encoding()
        self.stdout.write(scrub(text).encode(encoding, "replace").decode(encoding))

    def _encoding(self) -> str:
        return getattr(self.stdout, "encoding", None) or "utf-8"

    def _status_marks(self) -> dict[Status, str]:
        try:
            "".join(MARKS.values()).encode(self._encoding())
        except UnicodeEncodeError:
            return PLAIN_MARKS
        return MARKS

    def _chosen_style(self, options: dict[str, Any]) -> Style:
        """Return colors for a terminal only. Source: https://no-color.org"""
        wanted = self.stdout.isatty() and not os.environ.get("NO_COLOR")
        return self.style if wanted or options.get("force_color") else no_style()


def parse_route(text: str | None) -> str | None:
    """Parse --route. Raises: CommandError (exit code 2) if it is not a route."""
    if text is None:
        return None
    word = text.strip()
    if word.lower() in {ENVIRONMENT, DIRECT}:
        return word.lower()
    try:
        parse_proxy(word)
    except ProxyAddressError as error:
        raise CommandError(
            f"--route must be environment, direct, or the address of a proxy. {error}", returncode=2
        ) from None
    return word


def session_checks(slug: str) -> list[Check]:
    """Create a test session. Raises: CommandError (exit code 2) if none can be created."""
    # Imports Django's test client, which no other run needs.
    from operations.doctor.purchase import (  # noqa: PLC0415 - see above
        PurchaseTestRefused,
        purchasable_bank,
        purchase_checks,
    )

    try:
        test_bank = purchasable_bank(slug)
    except PurchaseTestRefused as error:
        raise CommandError(str(error), returncode=2) from None
    return purchase_checks(test_bank)


def as_json(report: Report) -> str:
    """Return the report as JSON."""
    return json.dumps(report.as_data(), indent=2, ensure_ascii=False)
