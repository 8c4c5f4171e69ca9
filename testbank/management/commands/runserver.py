"""`manage.py runserver`, which also says how Stripe will be reached."""

from django.conf import settings
from whitenoise.runserver_nostatic.management.commands.runserver import Command as Runserver

from outbound.route import RouteError, Surroundings, decide


class Command(Runserver):  # type: ignore[misc] # whitenoise has no types
    """Django's development server."""

    def on_bind(self, server_port: int) -> None:
        """Called once the address is taken: one line more than Django's own."""
        super().on_bind(server_port)
        self.stdout.write(f"Stripe: {self._way_to_stripe()}")

    def _way_to_stripe(self) -> str:
        surroundings = Surroundings.of_process(settings.OUTBOUND_DOTENV)
        try:
            route = decide(
                settings.STRIPE_API_BASE, setting=settings.STRIPE_PROXY, surroundings=surroundings
            )
        except RouteError as error:
            return f"cannot be reached. {error} `manage.py doctor` says more."
        return f"{settings.STRIPE_MODE} mode, {route.describe()}"
