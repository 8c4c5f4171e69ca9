"""What `python -m sandbox` does: read the arguments, listen, say so, end when asked to."""

import argparse
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from sandbox import webhook_endpoints
from sandbox.application import Application
from sandbox.certificates import CertificatesError, server_context
from sandbox.errors import masked
from sandbox.network import is_loopback, is_loopback_url
from sandbox.parts import Clock, Parts, Settings, Webhooks
from sandbox.server import Server
from sandbox.store import StateError, Store
from sandbox.webhooks import Deliverer

ENDING = (signal.SIGTERM, signal.SIGINT)


class StartError(Exception):
    """Why the program cannot start, as a sentence for the person who started it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT: 0; 2 where it cannot start."""
    options = parser().parse_args(arguments)
    level = logging.INFO if options.verbose else logging.WARNING
    logging.basicConfig(format="%(message)s", level=level)
    try:
        run(options)
    except (StartError, CertificatesError, StateError) as reason:
        sys.stderr.write(f"sandbox: {reason}\n")
        return 2
    return 0


def parser() -> argparse.ArgumentParser:
    """The arguments that the program takes."""
    described = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="A local stand-in for Stripe, on loopback only. No money moves.",
    )
    add = described.add_argument
    add("--host", default="127.0.0.1", help="a loopback address (127.0.0.1)")
    add("--port", type=int, default=12111, help="0 takes a free one (12111)")
    add("--state", type=Path, required=True, help="the SQLite file that remembers everything")
    keys = "a key to let in, sk_sandbox_… or sk_test_…; may be given again"
    add("--secret-key", action="append", required=True, help=keys)
    add("--webhook-url", help="where events are told: http, on this machine")
    add("--webhook-secret", help="what events are signed with: whsec_…")
    add("--webhook-backoff", type=float, default=5.0, help="seconds before a second attempt (5)")
    add("--webhook-threads", type=int, default=1, help="how many events are told at once (1)")
    add("--public-url", help="how payment pages' addresses begin (http://127.0.0.1:PORT)")
    add("--idempotency-hours", type=float, default=24.0, help="how long keys are kept (24)")
    add("--settle-seconds", type=int, default=60, help="how long a bank debit is on its way (60)")
    add("--tls-port", type=int, help="serve Stripe's names over TLS too; 0 takes a free one")
    add("--ca-directory", type=Path, help="where ca.pem is written, the run's authority")
    add("--verbose", action="store_true", help="a line to stderr for each request")
    return described


def run(options: argparse.Namespace) -> None:
    """Listen until a signal says stop. Raises StartError, CertificatesError, StateError."""
    refuse_unsafe(options)
    # Blocked in all threads and waited for below: a handler that sets an event could be
    # interrupted by the next signal while it holds the event's lock, and never end.
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    plain, secure = listening(options)
    parts = put_together(options, plain.port)
    servers = [plain, secure] if secure else [plain]
    for server in servers:
        server.start(Application(parts))
    for _ in range(options.webhook_threads):
        Deliverer(parts).start()
    announce(options.host, plain, secure)
    signal.sigwait(ENDING)
    parts.stopping.set()
    for server in servers:
        server.server_close()
    parts.store.close()


def refuse_unsafe(options: argparse.Namespace) -> None:
    """Nothing beyond this machine, and no live key. Raises StartError."""
    if not is_loopback(options.host):
        raise StartError(f"--host {options.host} is not this machine. Use 127.0.0.1.")
    for key in options.secret_key:
        if "_live_" in key:
            raise StartError(f"--secret-key {masked(key)} is a live key. Only Stripe gets those.")
    if options.webhook_url and not is_loopback_url(options.webhook_url):
        raise StartError(
            "--webhook-url must be http on this machine, such as http://127.0.0.1:8000/."
        )
    if options.webhook_url and not options.webhook_secret:
        raise StartError("--webhook-url needs --webhook-secret, which signs what is sent there.")
    if (options.tls_port is None) != (options.ca_directory is None):
        raise StartError("--tls-port and --ca-directory go together.")


def listening(options: argparse.Namespace) -> tuple[Server, Server | None]:
    """The plain server and the one for TLS, if asked for. Raises StartError."""
    if options.tls_port is None:
        return listening_on(options.host, options.port, "--port"), None
    context = server_context(options.ca_directory)
    plain = listening_on(options.host, options.port, "--port")
    secure = listening_on(options.host, options.tls_port, "--tls-port")
    secure.secure_with(context)
    return plain, secure


def listening_on(host: str, port: int, option: str) -> Server:
    """A server on that port. Raises StartError where it cannot be had."""
    try:
        return Server(host, port)
    except (OSError, OverflowError) as error:
        raise StartError(
            f"Port {port} cannot be used ({error}). Choose another one with {option}."
        ) from error


def put_together(options: argparse.Namespace, port: int) -> Parts:
    """The parts of the sandbox, as the arguments ask for. Raises StateError."""
    clock = Clock()
    parts = Parts(
        settings=Settings(
            secret_keys=tuple(options.secret_key),
            public_url=(options.public_url or f"http://{options.host}:{port}").rstrip("/"),
            webhook_backoff_seconds=options.webhook_backoff,
            idempotency_seconds=int(options.idempotency_hours * 3600),
            settle_seconds=options.settle_seconds,
        ),
        clock=clock,
        store=Store(options.state, clock),
        webhooks=Webhooks(options.webhook_secret or "whsec_sandbox"),
    )
    with parts.transaction() as transaction:
        secret = parts.webhooks.own_secret
        webhook_endpoints.direct_own(transaction, options.webhook_url, secret)
    return parts


def announce(host: str, plain: Server, secure: Server | None) -> None:
    """The one line that says where it listens."""
    also = f" and https://{host}:{secure.port}" if secure else ""
    sys.stdout.write(
        f"Sandbox ready at http://{host}:{plain.port}{also}: this is a sandbox, no money moves.\n"
    )
    sys.stdout.flush()
