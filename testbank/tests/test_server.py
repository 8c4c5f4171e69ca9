"""The web server of `manage.py serve`, with small WSGI applications."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection
from typing import NamedTuple

import pytest

from benchmarks.slow_clients import BODY, HEAD, idle, trickling
from testbank.server import MAX_BODY_BYTES, is_public
from testing.passed_socket import with_socket
from testing.site import DIRECT, ROOT, Site, free_port, kill_group, new_site
from testing.waiting import wait_until

pytestmark = pytest.mark.slow

SECONDS = 0.3
START = "from testbank.server import serve; from {module} import {name} as application; serve(application, bind='127.0.0.1:{port}', threads={threads})"
KEYS = {
    "STRIPE_PUBLIC_KEY": "pk_sandbox_tests",
    "STRIPE_SECRET_KEY": "sk_sandbox_tests",
    "STRIPE_API_BASE": "http://127.0.0.1:9",
}


def slow(_environ, start_response):
    """Respond after a delay."""
    time.sleep(SECONDS)
    start_response("200 OK", [("Content-Length", "4")])
    return [b"done"]


def quick(environ, start_response):
    """Respond with the request's WSGI environment."""
    told = {name: value for name, value in environ.items() if isinstance(value, str)}
    body = json.dumps(told).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


def large(environ, start_response):
    """Respond with more than the kernel's buffers hold, except to the health check."""
    body = b"x" * (4_000_000 if environ["PATH_INFO"] == "/large" else 2)
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


@contextmanager
def slow_readers(port, *, count):
    """Connections that ask for a large response and read nothing of it."""
    with ExitStack() as stack:
        for _reader in range(count):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            connection.sendall(b"GET /large HTTP/1.1\r\nHost: shop\r\n\r\n")
        yield


class Server(NamedTuple):
    port: int
    process: "subprocess.Popen[bytes]"


@contextmanager
def served(application, *, threads=2):
    port = free_port()
    code = START.format(module=__name__, name=application.__name__, port=port, threads=threads)
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env={"PATH": os.defpath, "PYTHONPATH": str(ROOT)},
        start_new_session=True,
    )
    try:
        wait_until(lambda: is_open(port), seconds=30)
        yield Server(port, process)
    finally:
        kill_group(process)


def site_in(folder):
    """An installation whose database is not used."""
    site = Site(folder=folder)
    site.write_env(SECRET_KEY="only-for-tests", SITE_URL=site.url, **KEYS)
    return site


def is_open(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def asked(port, *, headers=None, within_seconds=30):
    connection = HTTPConnection("127.0.0.1", port, timeout=within_seconds)
    try:
        connection.request("GET", "/healthz", headers=headers or {})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("bind", "expected"),
    [
        ("127.0.0.1:8000", False),
        ("[::1]:8000", False),
        ("localhost:8000", False),
        ("0.0.0.0:8000", True),
        ("[::]:80", True),
        ("192.0.2.7:8000", True),
        ("shop.example:8000", True),
        ("*:8000", True),
    ],
)
def test_is_public(bind, expected):
    assert is_public(bind) is expected


@pytest.mark.parametrize(
    "attack",
    [
        lambda site: trickling(site, start=HEAD, count=8),
        lambda site: trickling(site, start=BODY, count=8),
        lambda site: idle(site, count=300),
    ],
    ids=["heads", "bodies", "idle"],
)
def test_slow_clients_occupy_no_thread(tmp_path, attack):
    with (
        served(quick) as (port, _process),
        attack(Site(folder=tmp_path, port=port)),
    ):
        answers = [asked(port, within_seconds=5)[0] for _request in range(5)]
    assert answers == [200] * 5


def test_slow_readers_occupy_no_thread():
    with served(large) as (port, _process), slow_readers(port, count=10):
        # Behind the ten large responses.
        asked(port, within_seconds=60)
        answers = [asked(port, within_seconds=1)[0] for _request in range(5)]
    assert answers == [200] * 5


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_shutdown_finishes_requests(number):
    with served(slow) as (port, process), ExitStack() as stack:
        connections = [
            stack.enter_context(closing(HTTPConnection("127.0.0.1", port, timeout=30)))
            for _request in range(6)
        ]
        for connection in connections:
            connection.request("GET", "/")
        # The loop that sends a response has read all requests before.
        bodies = [connections[0].getresponse().read()]
        process.send_signal(number)
        bodies += [connection.getresponse().read() for connection in connections[1:]]
        assert bodies == [b"done"] * 6
        assert process.wait(20) == 0
        assert not is_open(port)


def test_proxy_headers_reach_django():
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}
    with served(quick) as (port, _process):
        told = json.loads(asked(port, headers=headers)[1])
    assert told["HTTP_X_FORWARDED_PROTO"] == "https"
    assert told["HTTP_X_FORWARDED_FOR"] == "192.0.2.1"
    assert (told["REMOTE_ADDR"], told["wsgi.url_scheme"]) == ("127.0.0.1", "http")


@pytest.mark.proof
def test_restart_on_passed_socket_fails_no_request(tmp_path):
    site = site_in(tmp_path)
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", site.port), backlog=512))

        def start():
            command = with_socket(listener, "manage.py", "serve")
            return stack.enter_context(site.running(*command, pass_fds=[listener.fileno()]))

        first = start()
        assert asked(site.port)[0] == 200
        with ThreadPoolExecutor(8) as pool:
            answers = [pool.submit(asked, site.port) for _one in range(300)]
            wait_until(lambda: sum(answer.done() for answer in answers) >= 50)
            first.send_signal(signal.SIGTERM)
            answers += [pool.submit(asked, site.port) for _one in range(300)]
            assert first.wait(30) == 0
            start()
            assert [answer.result()[0] for answer in answers] == [200] * 600


def test_port_in_use_is_reported(tmp_path):
    site = site_in(tmp_path)
    with socket.create_server(("127.0.0.1", site.port)):
        site.process["BIND"] = f"127.0.0.1:{site.port}"
        started = site.manage("serve")
    assert started.returncode == 1
    assert f"Cannot listen on BIND=127.0.0.1:{site.port}: Address already in use." in started.stderr


def test_body_beyond_the_limit_is_refused_before_it_is_sent():
    with served(quick) as (port, _process):
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        connection.putrequest("POST", "/")
        connection.putheader("Content-Length", str(MAX_BODY_BYTES + 1))
        connection.endheaders()
        assert connection.getresponse().status == 413
        connection.close()


MAKE_BANK = """
from catalog.models import Category, TestBank
category = Category.objects.create(slug="it", title="IT")
TestBank.objects.create(slug="git", title="Git", category=category, price_minor=0, status="published")
"""
READ_VISITS = """
from catalog.models import DailyVisits
print("views", sum(row.page_views for row in DailyVisits.objects.all()))
"""


def test_visits_are_stored_when_the_server_stops(tmp_path):
    site = new_site(tmp_path, KEYS, {})
    assert site.manage("shell", stdin=MAKE_BANK).returncode == 0
    browser = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"}
    with site.serving():
        for _time in range(2):
            request = urllib.request.Request(f"{site.url}/banks/git/", headers=browser)  # noqa: S310 - loopback
            DIRECT.open(request, timeout=30).close()
    assert "views 2\n" in site.manage("shell", stdin=READ_VISITS).stdout
