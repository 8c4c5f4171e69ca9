"""`manage.py serve`: run the production web server."""

from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.core.servers.basehttp import get_internal_wsgi_application
from django.db import DatabaseError

from catalog.services.visits import store_visits
from operations.alarms.watchdog import start_watchdog
from operations.processes import log_stripe_route
from testbank.server import serve


class Command(BaseCommand):
    """Serves until SIGTERM or Ctrl-C."""

    help = (
        "Serve the site on BIND (default 127.0.0.1:8000), or on a socket passed by systemd, "
        "with SERVER_THREADS threads."
    )
    # `log_stripe_route` runs and logs the checks that concern a server.
    requires_system_checks = []

    def handle(self, *_args: Any, **_options: Any) -> None:
        application = get_internal_wsgi_application()
        log_stripe_route()
        start_watchdog()
        try:
            serve(application, bind=settings.BIND, threads=settings.SERVER_THREADS)
        except OSError as error:
            raise CommandError(
                f"Cannot listen on BIND={settings.BIND}: {error.strerror}."
            ) from error
        # Without a database, these counts are lost with the process.
        with suppress(DatabaseError):
            store_visits()
