"""`manage.py maintenance on|off`: show people a maintenance page."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from operations.maintenance import turn_off, turn_on


class Command(BaseCommand):
    """Turns maintenance mode on or off for the processes of this machine, without a restart."""

    help = "Show visitors a maintenance page. Webhooks from Stripe are still received."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add on or off."""
        parser.add_argument("state", choices=["on", "off"])

    def handle(self, *_args: Any, state: str, **_options: Any) -> None:
        if state == "on":
            turn_on(at=timezone.now(), ends_at_restart=False)
        else:
            turn_off()
        self.stdout.write(f"Maintenance mode is {state}.")
