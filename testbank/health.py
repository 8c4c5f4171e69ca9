"""Health checks for load balancers: liveness (`/healthz`) and readiness (`/readyz`)."""

import logging
import threading
import time
from http import HTTPStatus

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.models import User
from operations.models import WriteProbe

logger = logging.getLogger("testbank.health")

# How long a load balancer waits for an answer, whatever the database does.
LIMIT_SECONDS = 2.0
# Requests within that time share one probe: the address is public.
SHARED_SECONDS = 1.0
# Writers may queue for some seconds while the site works.
LONGEST_WRITE_SECONDS = 10.0
# More than the free space of a page: a full disk, or a database at its limit, has no room for it.
FILLER = "x" * 20_000

READY = "ready"
SILENT = "the database does not respond"
NOT_WRITABLE = "the database cannot be written to"


class Probe:
    """One reading and one writing of the database, in a thread and over a connection of its own."""

    def __init__(self) -> None:
        self.started_at = time.monotonic()
        self.problem = ""
        self._has_read = threading.Event()
        self._is_done = threading.Event()
        threading.Thread(target=self._run, name="readiness", daemon=True).start()

    def age(self) -> float:
        """Return the seconds since the start."""
        return time.monotonic() - self.started_at

    def is_done(self) -> bool:
        """True if the probe has its result."""
        return self._is_done.is_set()

    def result(self) -> str:
        """Wait until LIMIT_SECONDS after the start, and return READY or the problem."""
        self._is_done.wait(max(LIMIT_SECONDS - self.age(), 0))
        if self.problem:
            return self.problem
        if self.is_done():
            return READY
        is_queued = self._has_read.is_set() and self.age() < LONGEST_WRITE_SECONDS
        return READY if is_queued else SILENT

    def _run(self) -> None:
        self.problem = SILENT
        try:
            User.objects.exists()
            self.problem = ""
            self._has_read.set()
            WriteProbe.objects.create(filler=FILLER)
            WriteProbe.objects.all().delete()
        # Whatever fails means that the site is not ready, and nobody sees an exception of this thread.
        except Exception:
            self.problem = NOT_WRITABLE if self._has_read.is_set() else SILENT
            logger.exception(self.problem)
        finally:
            connection.close()
            self._is_done.set()


class Readiness:
    """The newest probe of the process. A database that hangs holds one thread, not one a request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._probe: Probe | None = None

    def result(self) -> str:
        """Return READY or what is wrong, after at most LIMIT_SECONDS."""
        with self._lock:
            probe = self._probe
            if probe is None or (probe.is_done() and probe.age() > SHARED_SECONDS):
                self._probe = probe = Probe()
        return probe.result()


readiness = Readiness()


@require_safe
def alive(_request: HttpRequest) -> HttpResponse:
    """Liveness: respond 200 while the process can respond."""
    return HttpResponse("alive\n", content_type="text/plain")


@require_safe
def ready(_request: HttpRequest) -> HttpResponse:
    """Readiness health check: respond 200 if the database reads and writes, else 503.

    Responds within LIMIT_SECONDS, with the reason. Pages work without Stripe, so it is not asked.
    """
    result = readiness.result()
    status = HTTPStatus.OK if result == READY else HTTPStatus.SERVICE_UNAVAILABLE
    return HttpResponse(f"{result}\n", status=status, content_type="text/plain")
