"""For sites that run `gunicorn testbank.wsgi` instead of `manage.py serve`.

gunicorn gives a thread to each connection that sends slowly, so it needs a reverse proxy in front
that buffers requests.
"""

from contextlib import suppress
from pathlib import Path

from testbank.environment import Environment

_environment = Environment.of_process(Path(__file__).resolve().parent)

bind = _environment.text("BIND", "127.0.0.1:8000")
worker_class = "gthread"
threads = int(_environment.text("SERVER_THREADS", "8"))
timeout = 60
# Its default path is one for all sites of a user.
control_socket_disable = True
# Longer than STRIPE_DEADLINE may be, so that a restart cuts no purchase off.
graceful_timeout = 30


def post_worker_init(_worker: object) -> None:
    """Log how Stripe is reached, and watch for faults, once the application is loaded."""
    # These need Django's settings.
    from operations.alarms.watchdog import start_watchdog  # noqa: PLC0415
    from operations.processes import log_stripe_route  # noqa: PLC0415

    log_stripe_route()
    start_watchdog()


def worker_exit(_server: object, _worker: object) -> None:
    """Store the visits that the worker has counted since the last time."""
    from django.db import DatabaseError  # noqa: PLC0415

    from catalog.services.visits import store_visits  # noqa: PLC0415

    with suppress(DatabaseError):
        store_visits()
