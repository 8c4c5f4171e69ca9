"""A reverse proxy in front of the sandbox that kills the caller at a chosen step of a call.

Requests are forwarded unchanged. Each call has four steps: the request is lost, Stripe acts after
the caller died, Stripe has acted but not responded, half of the response is sent.
"""

import http.client
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from testing.crashing.points import Moment

LOST, UNHEARD, ACTED, HALF = (
    "before Stripe acts, which never hears of it",
    "before Stripe acts",
    "after Stripe acted, before the answer is sent",
    "with half the answer sent",
)
NAMES = re.compile(r"/(?:cs|evt|pi)_\w+")
PASSED_ON = ("Content-Type", "Request-Id", "Idempotent-Replayed", "Stripe-Version")


@dataclass(slots=True)
class Steps:
    """The steps that were reached, and the one at which to kill the caller."""

    kill: Callable[[], None] = lambda: None
    reached: list[tuple[str, str]] = field(default_factory=list)
    armed: Moment | None = None
    has_killed: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def reach(self, what: str, when: str) -> bool:
        """Record the step; return True if the caller was killed at it."""
        with self._lock:
            self.reached.append((what, when))
            if self.armed is None or (self.armed.what, self.armed.when) != (what, when):
                return False
            if self.armed.nth:
                self.armed = Moment(what, when, self.armed.nth - 1)
                return False
            self.armed, self.has_killed = None, True
            self.kill()
            return True

    def arm(self, moment: Moment) -> None:
        """Kill the next caller that reaches the step."""
        with self._lock:
            self.armed, self.has_killed = moment, False

    def disarm(self) -> bool:
        """Kill no caller anymore; return whether one was killed."""
        with self._lock:
            self.armed = None
            return self.has_killed

    def take_reached(self) -> list[tuple[str, str]]:
        """Return and forget the steps that were reached, in order."""
        with self._lock:
            taken, self.reached = self.reached, []
        return taken


@contextmanager
def front_of(sandbox_url: str, steps: Steps) -> Iterator[str]:
    """Start a reverse proxy in front of the sandbox; yield its URL."""

    class Handler(_Handler):
        beyond = urlsplit(sandbox_url).netloc
        watched = steps

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    """A connection of a caller."""

    beyond: str
    watched: Steps
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def respond(self) -> None:
        """Forward the request and the response, unless the caller is killed."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        what = f"{self.command} {NAMES.sub('/{id}', self.path.partition('?')[0])}"
        if self.watched.reach(what, LOST):
            return self.hang_up()
        is_dead = self.watched.reach(what, UNHEARD)
        status, headers, answer = self.hand_on(body)
        if is_dead or self.watched.reach(what, ACTED):
            return self.hang_up()
        return self.answer(what, status, headers, answer)

    do_GET = do_POST = do_DELETE = respond  # noqa: N815 - the base class looks these names up

    def hand_on(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        """Forward the request to the sandbox, and return its response."""
        connection = http.client.HTTPConnection(self.beyond, timeout=30)
        try:
            connection.request(self.command, self.path, body, dict(self.headers))
            response = connection.getresponse()
            headers = [pair for pair in response.getheaders() if pair[0] in PASSED_ON]
            return response.status, headers, response.read()
        finally:
            connection.close()

    def answer(self, what: str, status: int, headers: list[tuple[str, str]], answer: bytes) -> None:
        """Send the response in two halves; the caller may be killed between them."""
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer[: len(answer) // 2])
        self.wfile.flush()
        if self.watched.reach(what, HALF):
            return self.hang_up()
        self.wfile.write(answer[len(answer) // 2 :])
        return None

    def hang_up(self) -> None:
        """Close the connection without a response."""
        self.close_connection = True

    def handle(self) -> None:
        """Ignore connection errors, since callers are killed."""
        with suppress(OSError):
            super().handle()

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: the sandbox has its own log."""
