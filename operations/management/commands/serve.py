"""`manage.py serve`: the web server, for the demo, a small site and production alike."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.core.servers.basehttp import get_internal_wsgi_application

from operations.processes import tell_at_start
from testbank.server import serve


class Command(BaseCommand):
    """Serves until SIGTERM or Ctrl-C."""

    help = (
        "Serve the site on BIND (default 127.0.0.1:8000), or on a socket passed by systemd, "
        "with SERVER_THREADS threads."
    )
    # `tell_at_start` logs the checks that concern a server.
    requires_system_checks = []

    def handle(self, *_args: Any, **_options: Any) -> None:
        application = get_internal_wsgi_application()
        tell_at_start()
        try:
            serve(application, bind=settings.BIND, threads=settings.SERVER_THREADS)
        except OSError as error:
            raise CommandError(
                f"Cannot listen on BIND={settings.BIND}: {error.strerror}."
            ) from error
