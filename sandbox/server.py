"""The wire: a thread for each connection, HTTP/1.1, plain or over TLS."""

import logging
import socket
import socketserver
import ssl
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit

from sandbox.wire import Answer, Request, json_answer

logger = logging.getLogger("sandbox.requests")

LARGEST_BODY = 1_000_000
IDLE_SECONDS = 75

Application = Callable[[Request], Answer]


class Handler(BaseHTTPRequestHandler):
    """One connection and its requests."""

    server: "Server"
    protocol_version = "HTTP/1.1"
    server_version = "sandbox"
    sys_version = ""
    timeout = IDLE_SECONDS
    wbufsize = -1
    # Without this every answer waits 40 ms for the other side's delayed acknowledgement.
    disable_nagle_algorithm = True

    def respond(self) -> None:
        """Read a request, let the application answer, and send that or cut."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            return self.refuse(411, "Send the length of the body.")
        if int(length) > LARGEST_BODY:
            return self.refuse(413, "The body is too large.")
        parts = urlsplit(self.path)
        body = self.rfile.read(int(length))
        answer = self.server.application(
            Request(self.command, parts.path, parts.query, self.headers, body)
        )
        return self.cut() if answer.cut else self.send(answer)

    do_GET = do_POST = do_DELETE = respond  # noqa: N815 - the base class looks these names up

    def refuse(self, status: int, message: str) -> None:
        """Answer without having read the body, which ends the connection."""
        self.close_connection = True
        self.send(json_answer({"error": {"message": message, "type": "api_error"}}, status))

    def send(self, answer: Answer) -> None:
        """Write the answer in one piece."""
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)

    def cut(self) -> None:
        """Close the connection with the request unanswered."""
        self.close_connection = True
        self.log_request("cut")
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:
        """One line for each request, to the program's log."""
        logger.info(format, *args)


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Listens on one loopback port."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    application: Application

    def __init__(self, host: str, port: int) -> None:
        """Listen on the port; 0 takes a free one. Raises OSError where it is taken."""
        super().__init__((host, port), Handler)

    def secure_with(self, context: ssl.SSLContext) -> None:
        """Speak TLS. The handshake happens at the first read, in the connection's own thread."""
        self.socket = context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )

    def start(self, application: Application) -> None:
        """Let the application answer, in threads that end with the program."""
        self.application = application
        threading.Thread(target=self.serve_forever, name="server", daemon=True).start()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that hangs up is no error; anything else is logged whole."""
        error = sys.exception()
        if isinstance(error, OSError):
            logger.info("connection ended: %s", type(error).__name__)
        else:
            logger.exception("a connection failed")
