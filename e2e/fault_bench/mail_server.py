"""An SMTP server that accepts every email and counts them by Message-ID.

It responds slowly to QUIT. In that time the sender has the server's acceptance and has not
stored it yet, which is when a kill sends an email twice.
"""

import re
import socketserver
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

QUIT_SECONDS = 0.02
MESSAGE_ID = re.compile(rb"^Message-ID:\s*(\S+)", re.MULTILINE | re.IGNORECASE)


class AcceptedMail:
    """The emails accepted so far, by Message-ID. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._last = b""
        self._read = 0
        self._accepted = threading.Condition(self._lock)

    def wait_for_next(self, seconds: float) -> bool:
        """Wait for the moment of the next email; return False if none came in time."""
        with self._accepted:
            return self._accepted.wait(seconds)

    def wait_for_unread(self, seconds: float) -> bool:
        """Wait for an email since the last call, perhaps an earlier one; False if none came."""
        with self._accepted:
            came = self._accepted.wait_for(lambda: self._counts.total() > self._read, seconds)
            self._read = self._counts.total()
        return came

    def accept(self, message: bytes) -> None:
        found = MESSAGE_ID.search(message)
        with self._lock:
            self._counts[found[1].decode() if found else "(none)"] += 1
            self._last = message
            self._accepted.notify_all()

    @property
    def counts(self) -> dict[str, int]:
        """How often each Message-ID was accepted."""
        with self._lock:
            return dict(self._counts)

    @property
    def last(self) -> bytes:
        """The newest email, as it was sent."""
        with self._lock:
            return self._last


class _Handler(socketserver.StreamRequestHandler):
    """One connection, with as much SMTP as Django's backend needs."""

    server: "_Server"

    def handle(self) -> None:
        self._respond("220 ready")
        while line := self.rfile.readline():
            command = line[:4].upper()
            if command == b"DATA":
                self._respond("354 continue")
                self.server.mail.accept(self._message())
            elif command == b"QUIT":
                time.sleep(QUIT_SECONDS)
                self._respond("221 bye")
                return
            self._respond("250 ok")

    def _message(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        return b"".join(lines)

    def _respond(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    mail: AcceptedMail

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore a sender that is killed in the middle of a command."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type] # passed on unchanged


@contextmanager
def running_mail_server() -> Iterator[tuple[AcceptedMail, int]]:
    """Run the server; yield what it accepts, and its port on 127.0.0.1."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.mail = AcceptedMail()
        thread = threading.Thread(target=server.serve_forever, args=(0.1,))
        thread.start()
        try:
            yield server.mail, server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
