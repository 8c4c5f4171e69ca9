"""`manage.py incident CODE`: show the details of an incident that a buyer reports."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from payments.models import Incident, Order


class Command(BaseCommand):
    """Exits with 2 if no incident has the code."""

    help = "Show an incident with its cause, route, stages, and order."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("code", help="eight letters and digits, case-insensitive")

    def handle(self, *_args: Any, code: str, **_options: Any) -> None:
        incident = Incident.objects.select_related("order").filter(code=code.upper()).first()
        if incident is None:
            raise CommandError(f"There is no incident with the code {code.upper()}.", returncode=2)
        self.stdout.write(f"incident  {incident.code}")
        self.stdout.write(f"at        {incident.at:%Y-%m-%d %H:%M:%S %Z}")
        self.stdout.write(f"cause     {incident.cause}")
        self.stdout.write(f"action    {incident.subject}")
        self.stdout.write(f"report    {incident.report}")
        if incident.order:
            self._print_order(incident.order)

    def _print_order(self, order: Order) -> None:
        self.stdout.write(f"order     {order.pk} is {order.status}, {order.price}, {order.mode}")
        for event in order.events.order_by("at", "pk"):
            moved = f"{event.from_status} → {event.to_status}"
            self.stdout.write(f"          {event.at:%Y-%m-%d %H:%M:%S} {event.kind} {moved}")
