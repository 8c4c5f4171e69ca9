"""`manage.py reconcile_payments`: make this shop and Stripe agree."""

import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from payments.flows.reconciliation import Reconciliation, reconcile, reconcile_dry_run
from payments.monitoring.incidents import report_incident
from payments.stripe.errors import StripeError

DAYS = 3
KINDS = ("sessions", "events", "refunds", "disputes")


def day(text: str) -> datetime:
    """Parse a date such as 2026-11-25, or a number of days such as 7."""
    try:
        if text.isdigit():
            return timezone.now() - timedelta(days=int(text))
        begin = date.fromisoformat(text)
    except (ValueError, OverflowError):
        raise ArgumentTypeError("use a date such as 2026-11-25, or a number of days") from None
    return datetime(begin.year, begin.month, begin.day, tzinfo=UTC)


class Command(BaseCommand):
    """Exits with 0 if all agrees, 1 if a person must decide, 2 if Stripe was not reached."""

    help = (
        "Compare sessions, events, refunds, and disputes with Stripe, and correct any "
        "differences. Run it every few minutes if webhooks cannot reach this site."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--since",
            type=day,
            default=None,
            help=f"a date, or a number of days to look back (default {DAYS})",
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="show what would be done, without writing anything",
        )

    def handle(self, *_args: Any, since: datetime | None, dry_run: bool, **_options: Any) -> None:
        at = timezone.now()
        span = {"since": since or at - timedelta(days=DAYS), "at": at}
        try:
            if dry_run:
                result = reconcile_dry_run(mode=settings.STRIPE_MODE, **span)
            else:
                result = reconcile(mode=settings.STRIPE_MODE, **span, events_since=since)
        except StripeError as error:
            raise CommandError(self._why(error, at, dry_run=dry_run), returncode=2) from error
        self._print(result, span["since"], dry_run=dry_run)
        if result.needs_a_person:
            sys.exit(1)

    def _why(self, error: StripeError, at: datetime, *, dry_run: bool) -> str:
        doctor = "Run `manage.py doctor` to find out why."
        if dry_run:
            return f"Could not connect to Stripe. {doctor}"
        incident = report_incident(error, subject="reconciliation", at=at)
        return (
            f"Could not connect to Stripe (incident {incident.code}, details in the log). {doctor} "
            "Changes made so far are saved."
        )

    def _print(self, result: Reconciliation, since: datetime, *, dry_run: bool) -> None:
        account = f", account {settings.STRIPE_ACCOUNT}" if settings.STRIPE_ACCOUNT else ""
        title = "Dry run" if dry_run else "Reconciled"
        self.stdout.write(f"{title}: {result.mode}{account}, since {since:%Y-%m-%d %H:%M %Z}")
        self._rows("Received from Stripe", ((kind, result.seen[kind]) for kind in KINDS))
        if result.foreign:
            self.stdout.write(f"  {'from other programs':<20}{result.foreign:>8}")
        words = "Orders that would move to" if dry_run else "Orders that moved to"
        self._rows(words, sorted(result.moves.items()))
        if result.granted:
            self.stdout.write(f"  {'granted access':<20}{result.granted:>8}")
        self.stdout.write(f"\nNeeds attention: {len(result.for_a_person) or 'nothing'}")
        for words in result.for_a_person:
            self.stdout.write(f"  {words}")

    def _rows(self, title: str, rows: Iterable[tuple[str, int]]) -> None:
        self.stdout.write(f"\n{title}")
        lines = [f"  {name.replace('_', ' '):<20}{count:>8}" for name, count in rows]
        self.stdout.write("\n".join(lines or ["  no changes"]))
