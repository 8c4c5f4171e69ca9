"""`manage.py bounces`: the addresses to which mail could not be delivered."""

from typing import Any

from django.core.management.base import BaseCommand

from outbox.models import BouncedAddress


class Command(BaseCommand):
    """Lists bounced addresses, the latest first."""

    help = "List the addresses that the email provider reported as bounced, with the reason."

    def handle(self, *_args: Any, **_options: Any) -> None:
        for bounce in BouncedAddress.objects.order_by("-at", "-pk"):
            self.stdout.write(f"{bounce.at:%Y-%m-%d %H:%M} {bounce.address} {bounce.reason}")
