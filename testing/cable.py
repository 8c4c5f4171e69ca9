"""A network cable that tests can cut: a relay on a loopback port to a server on another one."""

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from testing.site import free_port

CHUNK = 65_536


@dataclass
class Cable:
    """Relays connections to `target`. While it is cut, connections are refused or reset.

    While it is silent, connections are accepted, and nothing that is sent arrives.
    """

    target: int
    port: int = field(default_factory=free_port)
    listener: socket.socket | None = None
    is_silent: bool = False
    open: set[socket.socket] = field(default_factory=set)

    def mend(self) -> None:
        """Listen again, on the same port, and let everything through."""
        if self.is_silent:
            # These connections lost what was sent meanwhile.
            self._close_connections()
            self.is_silent = False
        if self.listener is not None:
            return
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(64)
        self.listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def cut(self) -> None:
        """Close everything at once, whatever is on its way."""
        listener, self.listener = self.listener, None
        if listener is not None:
            # Wakes the thread that waits in accept().
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self._close_connections()

    def silence(self) -> None:
        """Drop everything that is sent from now on, and keep every connection open."""
        self.is_silent = True

    def _close_connections(self) -> None:
        for one in list(self.open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket) -> None:
        while self.listener is listener:
            try:
                browser, _address = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._relay, args=(browser,), daemon=True).start()

    def _relay(self, browser: socket.socket) -> None:
        with (
            browser,
            suppress(OSError),
            socket.create_connection(("127.0.0.1", self.target)) as server,
        ):
            self.open |= {browser, server}
            try:
                # Otherwise the cable was cut after it had accepted this connection.
                if self.listener is not None:
                    self._copy(browser, server)
            finally:
                self.open -= {browser, server}

    def _copy(self, browser: socket.socket, server: socket.socket) -> None:
        while True:
            for one in select.select([browser, server], [], [])[0]:
                data = one.recv(CHUNK)
                if not data:
                    return
                if not self.is_silent:
                    (server if one is browser else browser).sendall(data)


@contextmanager
def cable_to(port: int) -> Iterator[Cable]:
    """A cable to a port of this machine; cut at the end."""
    cable = Cable(target=port)
    cable.mend()
    try:
        yield cable
    finally:
        cable.cut()
