"""The command line: `python -m sandbox`. Parses arguments, listens, and stops on a signal."""

import argparse
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from sandbox.application import Application, open_sandbox
from sandbox.errors import masked_key
from sandbox.http.server import CertificatesError, Server, tls_context
from sandbox.settings import Settings, is_loopback, is_loopback_url
from sandbox.store import StateError
from sandbox.webhooks import DeliveryThread

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StartError(Exception):
    """Why the sandbox cannot start, as a sentence for the person who started it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT and return 0; return 2 if the sandbox cannot start."""
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
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="Simulates Stripe locally, on loopback only. No real charges.",
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="a loopback address (default: 127.0.0.1)")
    add("--port", type=int, default=12111, help="0 picks a free port (default: 12111)")
    add("--state", type=Path, required=True, help="the SQLite file that holds all state")
    keys = "an API key to accept, sk_sandbox_… or sk_test_…; repeatable"
    add("--secret-key", action="append", required=True, help=keys)
    add("--webhook-url", help="the http URL on this machine that receives events")
    add("--webhook-secret", help="the secret that signs events: whsec_…")
    backoff = "seconds before the first retry of a delivery (default: 5)"
    add("--webhook-backoff", type=float, default=5.0, help=backoff)
    threads = "how many deliveries run at once (default: 1, which keeps events in order)"
    add("--webhook-threads", type=int, default=1, help=threads)
    add("--public-url", help="origin of hosted payment pages (default: http://HOST:PORT)")
    hours = "how long idempotency keys are kept (default: 24)"
    add("--idempotency-hours", type=float, default=24.0, help=hours)
    settle = "seconds until a bank debit settles (default: 60)"
    add("--settle-seconds", type=int, default=60, help=settle)
    add("--tls-port", type=int, help="also serve Stripe's host names over TLS; 0 picks a free port")
    add("--ca-directory", type=Path, help="where ca.pem, the certificate authority, is written")
    add("--verbose", action="store_true", help="log each request to stderr")
    return parser


def run(options: argparse.Namespace) -> None:
    """Listen until a stop signal. Raises StartError, CertificatesError, StateError."""
    refuse_unsafe(options)
    # Block the signals in all threads and wait for them with sigwait(). A signal handler that
    # sets an Event can be interrupted by the next signal while it holds the Event's lock, and
    # then deadlocks.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    plain, tls = open_servers(options)
    sandbox = open_sandbox(settings_from(options, plain.port), options.state, options.webhook_url)
    servers = [plain, tls] if tls else [plain]
    for server in servers:
        server.start(Application(sandbox))
    for _ in range(options.webhook_threads):
        DeliveryThread(sandbox).start()
    print_ready(options.host, plain, tls)
    signal.sigwait(STOP_SIGNALS)
    sandbox.stopping.set()
    for server in servers:
        server.server_close()
    sandbox.store.close()


def refuse_unsafe(options: argparse.Namespace) -> None:
    """Allow nothing beyond this machine, and no live keys. Raises StartError."""
    if not is_loopback(options.host):
        raise StartError(f"--host {options.host} is not a loopback address. Use 127.0.0.1.")
    for key in options.secret_key:
        if "_live_" in key:
            raise StartError(f"--secret-key {masked_key(key)} is a live key. Use a sandbox key.")
    if options.webhook_url and not is_loopback_url(options.webhook_url):
        raise StartError(
            "--webhook-url must be an http URL on this machine, such as http://127.0.0.1:8000/."
        )
    if options.webhook_url and not options.webhook_secret:
        raise StartError("--webhook-url requires --webhook-secret, which signs the events.")
    if (options.tls_port is None) != (options.ca_directory is None):
        raise StartError("--tls-port and --ca-directory must be used together.")


def open_servers(options: argparse.Namespace) -> tuple[Server, Server | None]:
    """Return the plain server, and the TLS server if requested. Raises StartError."""
    if options.tls_port is None:
        return open_server(options.host, options.port, "--port"), None
    context = tls_context(options.ca_directory)
    plain = open_server(options.host, options.port, "--port")
    tls = open_server(options.host, options.tls_port, "--tls-port")
    tls.enable_tls(context)
    return plain, tls


def open_server(host: str, port: int, option: str) -> Server:
    """Return a server on that port. Raises StartError if the port is not available."""
    try:
        return Server(host, port)
    except (OSError, OverflowError) as error:
        raise StartError(
            f"Port {port} cannot be used ({error}). Choose another one with {option}."
        ) from error


def settings_from(options: argparse.Namespace, port: int) -> Settings:
    return Settings(
        secret_keys=tuple(options.secret_key),
        public_url=(options.public_url or f"http://{options.host}:{port}").rstrip("/"),
        webhook_secret=options.webhook_secret or "whsec_sandbox",
        webhook_backoff_seconds=options.webhook_backoff,
        idempotency_seconds=int(options.idempotency_hours * 3600),
        settle_seconds=options.settle_seconds,
    )


def print_ready(host: str, plain: Server, tls: Server | None) -> None:
    """Print the addresses. Whoever started the sandbox waits for this line."""
    also = f" and https://{host}:{tls.port}" if tls else ""
    sys.stdout.write(
        f"Sandbox ready at http://{host}:{plain.port}{also}: simulates Stripe, no real charges.\n"
    )
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
