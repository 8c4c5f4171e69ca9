"""Count the requests that a server answers within a second while slow clients hold connections.

`python -m benchmarks.slow_clients --server waitress` starts the site on 127.0.0.1 with 8 threads
and prints a line for each attack. `--server gunicorn` and `--server granian` (if installed) are
there to compare. An attack lasts a few seconds and ends with its server.
"""

import argparse
import http.client
import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from benchmarks.proc import cpu_seconds, proportional_megabytes
from testbank.server import MAX_CONNECTIONS, raise_open_files_limit
from testing.people import signed_in_learners
from testing.proxies import black_hole
from testing.shopper import Shopper
from testing.site import Site, free_port, new_site

THREADS = 8
SERVERS = {
    "waitress": ("manage.py", "serve"),
    "gunicorn": (
        *("-m", "gunicorn", "--log-level", "warning"),
        *("--worker-connections", str(MAX_CONNECTIONS), "testbank.wsgi"),
    ),
    "granian": (
        *("-m", "granian", "--interface", "wsgi", "--blocking-threads", str(THREADS)),
        *(
            "--backlog",
            str(MAX_CONNECTIONS),
            "--no-ws",
            "--port",
            "{port}",
            "testbank.wsgi:application",
        ),
    ),
}
SLOW_CLIENTS = 8
IDLE_CONNECTIONS = 2000
REQUESTS = 20
PAUSE_SECONDS = 0.1
LIMIT_SECONDS = 1.0
# A request that was not answered by then is not waited for.
TIMEOUT_SECONDS = 5.0
# How long the slow clients are connected before the first request is sent.
HEAD_START_SECONDS = 3.0
# Requests and connections for the CPU time of one request.
TIMED_REQUESTS = 1600
CONNECTIONS = 8
PAGE = "/banks/"
BANK = "git-in-practice"
HEAD = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "
# The webhook reads the whole body before it decides anything.
BODY = (
    b"POST /payments/webhook/ HTTP/1.1\r\nHost: 127.0.0.1\r\nStripe-Signature: t=1,v1=0\r\n"
    b"Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
)

Attack = Callable[[Site], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of REQUESTS requests: the seconds of each, TIMEOUT_SECONDS if unanswered."""

    seconds: list[float]

    @property
    def answered(self) -> int:
        """Requests answered with a page within LIMIT_SECONDS."""
        return sum(each <= LIMIT_SECONDS for each in self.seconds)


def main() -> int:
    """Measure one server. Exit code 1 if it left a request unanswered."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.slow_clients", description=__doc__)
    parser.add_argument("--server", choices=list(SERVERS), default="waitress")
    parser.add_argument("--clients", type=int, default=SLOW_CLIENTS, help="number of slow clients")
    options = parser.parse_args()
    raise_open_files_limit()
    with (
        tempfile.TemporaryDirectory(prefix="testbank-slow-") as folder,
        black_hole() as proxy_port,
    ):
        site = _site(Path(folder), proxy_port)
        results = list(_results(site, options.server, options.clients))
        _say_cost(site, options.server)
    return int(any(result.answered < REQUESTS for result in results))


def _site(folder: Path, proxy_port: int) -> Site:
    """The site with a proxy that accepts and never answers."""
    dotenv = {
        "STRIPE_PUBLIC_KEY": "pk_test_51Silence",
        "STRIPE_SECRET_KEY": "sk_test_51Silence",
        "STRIPE_WEBHOOK_SECRET": "whsec_slow",
        "HTTPS_PROXY": f"http://127.0.0.1:{proxy_port}",
        "SERVER_THREADS": str(THREADS),
    }
    return new_site(folder, dotenv, {"PYTHONPATH": os.environ.get("PYTHONPATH", "")})


def _results(site: Site, server: str, clients: int) -> Iterator[Result]:
    sessions = signed_in_learners(site, clients)
    attacks: dict[str, Attack] = {
        "no attack": lambda _site: nullcontext(),
        f"{clients} slow heads": partial(trickling, start=HEAD, count=clients),
        f"{clients} slow bodies": partial(trickling, start=BODY, count=clients),
        f"{IDLE_CONNECTIONS} idle": partial(idle, count=IDLE_CONNECTIONS),
        f"{clients} purchases": partial(purchasing, sessions=sessions),
    }
    for name, attack in attacks.items():
        with _served(site, server) as (attacked, _pid), attack(attacked):
            time.sleep(HEAD_START_SECONDS)
            result = Result([_seconds_of_page(attacked.port) for _request in range(REQUESTS)])
        _say(server, name, f"{result.answered} of {REQUESTS}, slowest {max(result.seconds):.2f} s")
        yield result


@contextmanager
def _served(site: Site, server: str) -> Iterator[tuple[Site, int]]:
    """The site on a server that was just started, and the server's process id."""
    one = replace(site, port=free_port(), processes=[])
    command = [part.format(port=one.port) for part in SERVERS[server]]
    with one.running(*command) as process:
        one.wait_until_it_answers(process)
        yield one, process.pid
        # Without it the server waits for its slow clients.
        one.kill()


@contextmanager
def trickling(site: Site, *, start: bytes, count: int) -> Iterator[None]:
    """Connections that send the start of a request, and then a byte a second."""
    ended = threading.Event()
    connections = _connected(site.port, count)

    def send() -> None:
        for connection in connections:
            connection.sendall(start)
        while not ended.wait(1):
            for connection in connections:
                with suppress(OSError):
                    connection.sendall(b"a")

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        _close(connections)


@contextmanager
def idle(site: Site, *, count: int) -> Iterator[None]:
    """Connections that send nothing."""
    connections = _connected(site.port, count)
    try:
        yield
    finally:
        _close(connections)


@contextmanager
def purchasing(site: Site, *, sessions: list[str]) -> Iterator[None]:
    """Learners who pressed Purchase, each waiting for a Stripe that does not answer."""

    def purchase(session: str) -> None:
        with suppress(OSError, http.client.HTTPException):
            Shopper(site.url, session).purchase(BANK)

    with ThreadPoolExecutor(len(sessions)) as pool:
        for session in sessions:
            pool.submit(purchase, session)
        yield


def _connected(port: int, count: int) -> list[socket.socket]:
    return [
        socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_SECONDS)
        for _connection in range(count)
    ]


def _close(connections: list[socket.socket]) -> None:
    for connection in connections:
        connection.close()


def _seconds_of_page(port: int) -> float:
    """Fetch a page over a new connection after a pause."""
    time.sleep(PAUSE_SECONDS)
    started = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        _fetch(connection)
    except OSError:
        return TIMEOUT_SECONDS
    finally:
        connection.close()
    return time.monotonic() - started


def _fetch(connection: http.client.HTTPConnection) -> None:
    connection.request("GET", PAGE)
    response = connection.getresponse()
    response.read()
    assert response.status == http.HTTPStatus.OK, response.status


def _say_cost(site: Site, server: str) -> None:
    """CPU time of a request on connections that are kept open, and memory afterwards."""
    with _served(site, server) as (served, pid), ThreadPoolExecutor(CONNECTIONS) as pool:
        each = TIMED_REQUESTS // CONNECTIONS
        list(pool.map(partial(_fetch_often, served.port), [each // 4] * CONNECTIONS))
        before = cpu_seconds([pid])
        list(pool.map(partial(_fetch_often, served.port), [each] * CONNECTIONS))
        milliseconds = (cpu_seconds([pid]) - before) * 1000 / TIMED_REQUESTS
        megabytes = proportional_megabytes(pid)
    _say(server, "cost", f"{milliseconds:.2f} ms of CPU a request, {megabytes:.0f} MB")


def _fetch_often(port: int, times: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    for _request in range(times):
        _fetch(connection)
    connection.close()


def _say(server: str, what: str, result: str) -> None:
    sys.stdout.write(f"{server:9} {what:15} {result}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
