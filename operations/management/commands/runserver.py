"""`manage.py runserver`, which also prints the route to Stripe."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from whitenoise.runserver_nostatic.management.commands.runserver import Command as Runserver

from operations.processes import describe_stripe_route


class Command(Runserver):  # type: ignore[misc] # whitenoise has no types
    """Django's development server."""

    def run(self, **options: Any) -> None:
        """Serve. Raises: CommandError if staff need no second factor on a public address."""
        if not settings.STAFF_SECOND_FACTOR and self.addr not in settings.LOOPBACK_HOSTS:
            raise CommandError(
                f"STAFF_SECOND_FACTOR is off, and other machines could connect to {self.addr}. "
                "Serve on 127.0.0.1, or remove STAFF_SECOND_FACTOR=0."
            )
        super().run(**options)

    def on_bind(self, server_port: int) -> None:
        """Print the route to Stripe after Django's own lines."""
        super().on_bind(server_port)
        self.stdout.write(f"Stripe: {describe_stripe_route()}")
