"""How the site is served: `gunicorn testbank.wsgi`.

One process of 8 threads on SQLite, two of 4 on PostgreSQL (`testbank/serving.py`). A call to
Stripe ends by its own deadline (at most 25 s), well before a worker is thought dead; calls
that are not answered hold half of the threads at most.
"""

import ctypes
import gc
import os
from contextlib import suppress
from pathlib import Path

from testbank.environment import Environment
from testbank.serving import SQLITE, processes_and_threads

_environment = Environment.of_process(Path(__file__).resolve().parent)

bind = os.environ.get("BIND", "127.0.0.1:8000")
worker_class = "testbank.thread_worker.FreeThreadWorker"
workers, threads = processes_and_threads(_environment.text("DATABASE_URL", SQLITE))
# The processes share what was loaded before they part; a new release needs a restart.
preload_app = True
timeout = 60
graceful_timeout = 30
keepalive = 5
control_socket_disable = True

# glibc keeps a heap for each thread that asks; two are enough for threads that take turns,
# and take a tenth less memory. mallopt's number for it is M_ARENA_MAX in malloc.h.
M_ARENA_MAX = -8
with suppress(OSError, AttributeError):
    ctypes.CDLL(None).mallopt(M_ARENA_MAX, 2)


def when_ready(_server: object) -> None:
    """Load what the first request would, and leave it where all processes share it."""
    from django.urls import get_resolver  # noqa: PLC0415 - settings are not there before

    from testbank.processes import tell_at_start  # noqa: PLC0415 - as above

    tell_at_start()
    _loaded = get_resolver().url_patterns
    gc.collect()
    gc.freeze()
