"""`manage.py runserver`, which also says how Stripe will be reached."""

from whitenoise.runserver_nostatic.management.commands.runserver import Command as Runserver

from testbank.processes import way_in_words


class Command(Runserver):  # type: ignore[misc] # whitenoise has no types
    """Django's development server."""

    def on_bind(self, server_port: int) -> None:
        """Called once the address is taken: one line more than Django's own."""
        super().on_bind(server_port)
        self.stdout.write(f"Stripe: {way_in_words()}")
