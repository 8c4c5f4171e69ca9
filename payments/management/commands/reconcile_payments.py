"""`manage.py reconcile_payments`: what Stripe says, against what stands here."""

import sys
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from payments.incidents import report_incident
from payments.reconciliation import Reconciliation, reconcile
from payments.stripe_integration import StripeError


class Command(BaseCommand):
    """Exit code 0 where all agrees, 1 where a person must look, 2 where Stripe was not reached."""

    help = (
        "Asks Stripe about every open order and every finished session, and gives the access "
        "that is missing. Run it every few minutes where webhooks cannot reach this site."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How far back finished sessions are looked at."""
        parser.add_argument("--days", type=int, default=3, help="days to look back (default 3)")

    def handle(self, *_args: Any, days: int, **_options: Any) -> None:
        """Reconcile, and print what was found."""
        at = timezone.now()
        try:
            result = reconcile(mode=settings.STRIPE_MODE, since=at - timedelta(days=days), at=at)
        except StripeError as error:
            incident = report_incident(error, subject="reconciliation", at=at)
            raise CommandError(
                f"Stripe could not be asked (incident {incident.code}, details in the log). "
                "`manage.py doctor` says why. What was settled before stays settled.",
                returncode=2,
            ) from error
        self._print(result)
        if result.needs_a_person:
            sys.exit(1)

    def _print(self, result: Reconciliation) -> None:
        self.stdout.write(f"looked at  {result.looked_at}")
        for status, count in sorted(result.moves.items()):
            self.stdout.write(f"now {status:<10} {count}")
        for session in result.unknown_sessions:
            self.stdout.write(f"a person must look: session {session} is paid, no order knows it")
        for order in result.held_orders:
            self.stdout.write(f"a person must look: order {order} is paid and held")
