"""A mail server for the bench: says yes to every mail, and remembers which came how often.

It takes its time to say goodbye, in which the sender has the yes and has not written it down.
"""

import re
import socketserver
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

GOODBYE_SECONDS = 0.02
MESSAGE_ID = re.compile(rb"^Message-ID:\s*(\S+)", re.MULTILINE | re.IGNORECASE)


class Post:
    """What has been accepted: mails by their Message-ID."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._came = threading.Condition(self._lock)

    def wait_for_next(self, seconds: float) -> bool:
        """Wait until a mail has been accepted; False where none came in that time."""
        with self._came:
            return self._came.wait(seconds)

    def accept(self, mail: bytes) -> None:
        """Take a mail."""
        found = MESSAGE_ID.search(mail)
        with self._lock:
            self._counts[found[1].decode() if found else "(none)"] += 1
            self._came.notify_all()

    @property
    def counts(self) -> dict[str, int]:
        """How often each Message-ID came."""
        with self._lock:
            return dict(self._counts)


class _Talk(socketserver.StreamRequestHandler):
    """One conversation in as much SMTP as Django's backend speaks."""

    server: "_Server"

    def handle(self) -> None:
        self._say("220 ready")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                self._say("354 go on")
                self.server.post.accept(self._mail())
            elif word == b"QUIT":
                time.sleep(GOODBYE_SECONDS)
                self._say("221 bye")
                return
            self._say("250 yes")

    def _mail(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        return b"".join(lines)

    def _say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    post: Post

    def handle_error(self, request: object, client_address: object) -> None:
        """A sender that is killed in the middle of its words is no fault of the server's."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type] # as it came


@contextmanager
def running_mail_server() -> Iterator[tuple[Post, int]]:
    """The server at work, and its port on 127.0.0.1."""
    with _Server(("127.0.0.1", 0), _Talk) as server:
        server.post = Post()
        thread = threading.Thread(target=server.serve_forever, args=(0.1,))
        thread.start()
        try:
            yield server.post, server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
