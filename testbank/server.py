"""Run a WSGI application under waitress.

waitress reads a whole request before it hands it to a thread. A client that sends slowly, or
nothing at all, holds a connection and no thread.
"""

import ipaddress
import os
import resource
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from waitress import create_server
from waitress.channel import HTTPChannel

MAX_CONNECTIONS = 4000
# waitress allows a gigabyte, and stores it on disk before Django sees it.
MAX_BODY_BYTES = 64 * 1024 * 1024
# A connection takes one file descriptor, a large request or response one more.
MAX_OPEN_FILES = 10_000
ACCEPT_BATCH = 16
IDLE_SECONDS = 60
FINISH_SECONDS = 30.0
# How long a connection that was just accepted may take to send its request before a restart
# closes it.
NEW_CONNECTION_SECONDS = 0.2
POLL_SECONDS = 0.02
# Source: man 3 sd_listen_fds
FIRST_PASSED_DESCRIPTOR = 3

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def serve(application: Application, *, bind: str, threads: int) -> None:
    """Serve until SIGTERM or SIGINT, then answer every request that has arrived.

    Listens on the sockets that systemd passed, or on `bind` if there are none. Connections made
    during a restart wait in the sockets that systemd keeps open. Raises: OSError if `bind`
    cannot be bound.
    """
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    open_files = raise_open_files_limit()
    dispatchers: dict[int, Any] = {}
    server = create_server(
        application,
        map=dispatchers,
        threads=threads,
        connection_limit=min(MAX_CONNECTIONS, open_files // 2),
        channel_timeout=IDLE_SECONDS,
        max_request_body_size=MAX_BODY_BYTES,
        # select() takes no descriptor above 1023.
        asyncore_use_poll=True,
        # Django decides which headers of a reverse proxy to trust.
        clear_untrusted_proxy_headers=False,
        ident=None,
        **({"sockets": passed} if (passed := passed_sockets()) else {"listen": bind}),
    )
    for each in list(dispatchers.values()):
        if each.accepting:
            _accept_in_batches(each)
    threading.Thread(target=server.run, name="waitress", daemon=True).start()
    stopped.wait()
    _close_listeners(dispatchers)
    _finish_requests(dispatchers)


def is_public(bind: str) -> bool:
    """True if other machines can reach an address of the form host:port."""
    host = bind.rpartition(":")[0].strip("[]")
    if host == "localhost":
        return False
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return True


def passed_sockets() -> list[socket.socket]:
    """Return the listening sockets that systemd passed to this process (`LISTEN_FDS`)."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    count = int(os.environ.get("LISTEN_FDS", "0"))
    return [socket.socket(fileno=FIRST_PASSED_DESCRIPTOR + place) for place in range(count)]


def raise_open_files_limit() -> int:
    """Raise the soft limit of open files, 1024 on most systems, and return the new limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_OPEN_FILES if hard == resource.RLIM_INFINITY else min(MAX_OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def _accept_in_batches(listener: Any) -> None:
    """Accept several waiting connections in each turn of waitress's loop.

    waitress accepts one, and visits every open connection in each turn: 2,000 that come at once
    would keep requests waiting for three seconds.
    """
    accept_one = listener.handle_accept

    def accept_batch() -> None:
        for _connection in range(ACCEPT_BATCH):
            accept_one()

    listener.handle_accept = accept_batch


def _close_listeners(dispatchers: dict[int, Any]) -> None:
    """Leave new connections to the other processes, or to the next one on a passed socket."""
    for each in list(dispatchers.values()):
        if each.accepting:
            each.accepting = False
            each.socket.close()


def _finish_requests(dispatchers: dict[int, Any]) -> None:
    """Wait until all requests are answered, at most FINISH_SECONDS."""
    ends_at = time.monotonic() + FINISH_SECONDS
    while time.monotonic() < ends_at and any(map(_is_busy, list(dispatchers.values()))):
        time.sleep(POLL_SECONDS)


def _is_busy(dispatcher: Any) -> bool:
    """True for a connection with a request or a response under way, or one just accepted."""
    return isinstance(dispatcher, HTTPChannel) and bool(
        dispatcher.requests
        or dispatcher.total_outbufs_len
        or time.time() - dispatcher.creation_time < NEW_CONNECTION_SECONDS
    )
