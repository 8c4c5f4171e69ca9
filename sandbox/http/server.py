"""The HTTP/1.1 server: one thread per connection, plain or over TLS."""

import logging
import socket
import socketserver
import ssl
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sandbox.http.messages import Request, Response, json_response

logger = logging.getLogger("sandbox.requests")

MAX_BODY_BYTES = 1_000_000
IDLE_SECONDS = 75
TLS_NAMES = ("api.stripe.com", "checkout.stripe.com", "localhost", "127.0.0.1")

Application = Callable[[Request], Response]


class CertificatesError(Exception):
    """The library that makes certificates is not installed."""


class Handler(BaseHTTPRequestHandler):
    """One connection and its requests."""

    server: "Server"
    protocol_version = "HTTP/1.1"
    server_version = "sandbox"
    sys_version = ""
    timeout = IDLE_SECONDS
    wbufsize = -1
    # With Nagle's algorithm, each response would wait 40 ms for the client's delayed ACK.
    disable_nagle_algorithm = True

    def respond(self) -> None:
        """Read a request, pass it to the application, and send the response or cut."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            return self.refuse(411, "A Content-Length header is required.")
        if int(length) > MAX_BODY_BYTES:
            return self.refuse(413, "The body is too large.")
        parts = urlsplit(self.path)
        body = self.rfile.read(int(length))
        response = self.server.application(
            Request(self.command, parts.path, parts.query, self.headers, body)
        )
        return self.cut() if response.cut else self.send(response)

    do_GET = do_POST = do_DELETE = respond  # noqa: N815 - the base class looks these names up

    def refuse(self, status: int, message: str) -> None:
        """Respond without reading the body, and close the connection."""
        self.close_connection = True
        self.send(json_response({"error": {"message": message, "type": "api_error"}}, status))

    def send(self, response: Response) -> None:
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(response.body)))
        for name, value in response.headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(response.body)

    def cut(self) -> None:
        """Close the connection without a response."""
        self.close_connection = True
        self.log_request("cut")
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:
        logger.info(format, *args)


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Listens on one loopback port."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    application: Application

    def __init__(self, host: str, port: int) -> None:
        """Listen on the port; 0 picks a free one. Raises OSError if the port is taken."""
        super().__init__((host, port), Handler)

    def enable_tls(self, context: ssl.SSLContext) -> None:
        """Speak TLS. The handshake runs at the first read, in the connection's own thread."""
        self.socket = context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )

    def start(self, application: Application) -> None:
        """Serve the application from daemon threads."""
        self.application = application
        threading.Thread(target=self.serve_forever, name="server", daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log a client that hangs up as information, and anything else with its traceback."""
        error = sys.exception()
        if isinstance(error, OSError):
            logger.info("connection closed: %s", type(error).__name__)
        else:
            logger.exception("connection failed")


def tls_context(directory: Path) -> ssl.SSLContext:
    """Return a context that serves Stripe's host names, signed by a new certificate authority.

    Writes the authority's certificate to DIRECTORY/ca.pem, and its key nowhere. Raises
    CertificatesError.
    """
    try:
        # A development requirement: only --tls-port needs it.
        import trustme  # noqa: PLC0415
    except ImportError as error:
        raise CertificatesError(
            "--tls-port requires the trustme package (in requirements/development.txt)."
        ) from error
    authority = trustme.CA()
    directory.mkdir(parents=True, exist_ok=True)
    authority.cert_pem.write_to_path(str(directory / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*TLS_NAMES).configure_cert(context)
    return context
