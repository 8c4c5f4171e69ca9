"""The program: command line, start, signals, restart, TLS."""

import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from sandbox.tests.factories import (
    client_for,
    session_params,
)
from testing.sandbox import ROOT, RunningSandbox, running_sandbox
from testing.waiting import wait_until

pytestmark = pytest.mark.slow

KEY = "--secret-key=sk_sandbox_of_the_program"


@pytest.fixture(scope="module")
def tls_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """A sandbox that also serves TLS."""
    with running_sandbox(tmp_path_factory.mktemp("tls")) as running:
        yield running


def attempt(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Start a sandbox that should refuse to start."""
    command = [sys.executable, "-m", "sandbox", f"--state={directory / 'state.sqlite3'}"]
    environment = {"PATH": os.defpath, "PYTHONUTF8": "1"}
    return subprocess.run(
        [*command, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--host=0.0.0.0", KEY), "is not a loopback address"),
        (("--host=192.0.2.1", KEY), "is not a loopback address"),
        (("--secret-key=sk_live_0123456789abcd",), "sk_live_****abcd is a live key"),
        (("--webhook-url=http://shop.example/", KEY), "--webhook-url must be an http URL"),
        (("--webhook-url=http://127.0.0.1:1/", KEY), "requires --webhook-secret"),
        (("--tls-port=0", KEY), "must be used together"),
        (("--port=99999", KEY), "Choose another one with --port"),
    ],
)
def test_unsafe_start_is_refused(tmp_path: Path, arguments: tuple[str, ...], reason: str) -> None:
    refused = attempt(tmp_path, "--port=0", *arguments)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert reason in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_taken_port_is_named(sandbox: RunningSandbox, tmp_path: Path) -> None:
    refused = attempt(tmp_path, f"--port={sandbox.port}", KEY)
    assert refused.returncode == 2
    assert f"Port {sandbox.port} cannot be used" in refused.stderr


def test_state_file_in_use_is_named(own_sandbox: RunningSandbox) -> None:
    state = own_sandbox.log.parent / "sandbox.sqlite3"
    refused = attempt(own_sandbox.log.parent, "--port=0", f"--state={state}", KEY)
    assert refused.returncode == 2
    assert "is in use by another sandbox" in refused.stderr


def test_state_file_that_is_not_a_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "state.sqlite3").write_text("not a database, but a note of some length")
    refused = attempt(tmp_path, "--port=0", KEY)
    assert refused.returncode == 2
    assert "cannot be used: file is not a database" in refused.stderr


@pytest.mark.parametrize(
    "numbers",
    [(signal.SIGTERM,), (signal.SIGINT,), (signal.SIGINT, signal.SIGTERM) * 5],
    ids=["term", "int", "many"],
)
def test_signals_stop_it_at_once(tmp_path: Path, numbers: tuple[signal.Signals, ...]) -> None:
    with running_sandbox(tmp_path, tls=False) as running:
        running.control.fault("hang", seconds=60)
        waiting = ThreadPoolExecutor(1)
        waiting.submit(client_for(running).v1.balance.retrieve)
        wait_until(running.control.requests)
        for number in numbers:
            os.kill(running.process.pid, number)
        # The call that hangs would go on for a minute.
        assert running.process.wait(timeout=20) == 0
        waiting.shutdown()
    assert "Traceback" not in running.log.read_text()


def test_state_survives_a_restart(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, tls=False) as first:
        client = client_for(first)
        account = client.v1.accounts.retrieve_current().id
        session = client.v1.checkout.sessions.create(session_params(), {"idempotency_key": "k"})
        first.control.pay(session.id)
        event = client.v1.events.list().data[0].id
    with running_sandbox(tmp_path, tls=False, port=first.port) as second:
        client = client_for(second)
        assert client.v1.accounts.retrieve_current().id == account
        assert (
            client.v1.checkout.sessions.create(session_params(), {"idempotency_key": "k"}).id
            == session.id
        )
        assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"
        assert client.v1.events.retrieve(event).id == event


def test_state_survives_sigkill(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, tls=False) as first:
        session = client_for(first).v1.checkout.sessions.create(session_params())
        first.process.kill()
        first.process.wait()
    with running_sandbox(tmp_path, tls=False) as second:
        assert client_for(second).v1.checkout.sessions.retrieve(session.id).id == session.id


def test_tls_serves_the_api_and_public_url(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, public_url="https://checkout.stripe.com") as running:
        with requests.Session() as session:
            session.trust_env = False
            session.verify = str(running.ca_path)
            url = f"https://localhost:{running.tls_port}/v1/account"
            account = session.get(url, auth=(running.secret_key, ""), timeout=10)
        created = client_for(running).v1.checkout.sessions.create(session_params())
    assert account.json()["object"] == "account"
    assert created.url == f"https://checkout.stripe.com/c/pay/{created.id}"
    assert "PRIVATE KEY" not in running.ca_path.read_text()


@pytest.mark.parametrize("name", ["api.stripe.com", "checkout.stripe.com", "127.0.0.1"])
def test_certificate_covers_stripes_host_names(tls_sandbox: RunningSandbox, name: str) -> None:
    trusting_it = ssl.create_default_context(cafile=str(tls_sandbox.ca_path))
    with (
        socket.create_connection(("127.0.0.1", tls_sandbox.tls_port), timeout=5) as plain,
        trusting_it.wrap_socket(plain, server_hostname=name) as secure,
    ):
        assert secure.version() == "TLSv1.3"


def test_silent_tls_caller_keeps_nobody_waiting(tls_sandbox: RunningSandbox) -> None:
    with (
        socket.create_connection(("127.0.0.1", tls_sandbox.tls_port)),
        requests.Session() as session,
    ):
        session.trust_env = False
        session.verify = str(tls_sandbox.ca_path)
        url = f"https://localhost:{tls_sandbox.tls_port}/_sandbox/ready"
        assert session.get(url, timeout=5).json()["ready"] is True


def test_ready_response_and_log_lines(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, tls=False) as running:
        ready = running.control.call("GET", "ready")
        client_for(running).v1.balance.retrieve()
    assert (ready["ready"], ready["sandbox"]) == (True, True)
    assert '"GET /v1/balance HTTP/1.1" 200' in running.log.read_text()
    assert running.secret_key not in running.log.read_text()
