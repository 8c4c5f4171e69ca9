"""Send unexpected errors to Sentry: scrubbed, and by the route that `outbound` decides.

Needs `requirements/sentry.txt`.
"""

import logging
import queue
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sentry_sdk
from sentry_sdk.consts import EndpointType
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from outbound.redaction import scrub
from outbound.route import ProxyEnvironment, RouteError, decide
from outbound.transport import CallFailed, Client
from testbank import __version__

logger = logging.getLogger("testbank.error_reports")

DEADLINE_SECONDS = 10.0
# Reports that wait while Sentry cannot be reached; later ones are dropped.
MOST_WAITING = 100


class OutboundTransport(Transport):
    """Sends reports one after another in a daemon thread, so that no request waits for one."""

    dotenv: Mapping[str, str] = {}
    setting = ""
    ca_bundle: Path | None = None

    def __init__(self, options: dict[str, Any] | None = None) -> None:
        super().__init__(options)
        self._waiting: queue.Queue[Envelope] = queue.Queue(MOST_WAITING)
        threading.Thread(target=self._run, name="error-reports", daemon=True).start()

    def capture_envelope(self, envelope: Envelope) -> None:
        """Queue a report; drop it if too many wait."""
        try:
            self._waiting.put_nowait(envelope)
        except queue.Full:
            logger.warning("an error report was dropped: %d are already waiting", MOST_WAITING)

    def _run(self) -> None:
        while True:
            try:
                self._send(self._waiting.get())
            except (CallFailed, RouteError) as error:
                logger.warning("an error report could not be sent: %s", type(error).__name__)

    def _send(self, envelope: Envelope) -> None:
        assert self.parsed_dsn is not None  # noqa: S101 - there is one, or no transport
        auth = self.parsed_dsn.to_auth(f"testbank/{__version__}")
        url = auth.get_api_url(EndpointType.ENVELOPE)
        environment = ProxyEnvironment.of_process(self.dotenv)
        client = Client(
            ca_bundle=self.ca_bundle,
            deadline_seconds=DEADLINE_SECONDS,
            connect_timeout_seconds=DEADLINE_SECONDS,
        )
        headers = {
            "X-Sentry-Auth": str(auth.to_header()),
            "Content-Type": "application/x-sentry-envelope",
        }
        try:
            client.request(
                "POST",
                url,
                headers=headers,
                body=envelope.serialize(),
                route=decide(url, setting=self.setting, environment=environment),
            )
        finally:
            client.close()


def start_error_reports(
    dsn: str, *, setting: str, dotenv: Mapping[str, str], ca_bundle: Path | None
) -> None:
    """Report errors from now on. `setting` is STRIPE_PROXY, which also governs this call."""
    transport = type(
        "SiteTransport",
        (OutboundTransport,),
        {"setting": setting, "dotenv": dotenv, "ca_bundle": ca_bundle},
    )
    sentry_sdk.init(
        dsn=dsn,
        transport=transport,
        release=f"testbank@{__version__}",
        include_local_variables=False,
        include_source_context=False,
        max_request_body_size="never",
        before_send=_scrubbed_event,
        before_breadcrumb=lambda *_event: None,
    )


def _scrubbed_event(event: Any, _hint: Any) -> Any:
    """Leave out cookies, headers and the person; redact secrets in every text."""
    event.pop("user", None)
    request = event.get("request", {})
    for name in ("cookies", "headers", "data", "query_string", "env"):
        request.pop(name, None)
    return _scrubbed(event)


def _scrubbed(value: Any) -> Any:
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, dict):
        return {name: _scrubbed(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_scrubbed(each) for each in value]
    return value
