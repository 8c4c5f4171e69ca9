"""Compose the sandbox: open its state, and route each path to the part that serves it."""

from pathlib import Path

from sandbox.api.handler import StripeApi
from sandbox.context import Clock, Sandbox
from sandbox.control.api import PREFIX as CONTROL_PREFIX
from sandbox.control.api import ControlApi
from sandbox.errors import unrecognized_url
from sandbox.hosted.page import ASSETS, HostedPage
from sandbox.hosted.rendering import PREFIX as PAGE_PREFIX
from sandbox.http.messages import Request, Response, json_response
from sandbox.resources import webhook_endpoints
from sandbox.settings import Settings
from sandbox.store import Store


class Application:
    """Routes every request by its path."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.api = StripeApi(sandbox)
        self.control = ControlApi(sandbox)
        self.page = HostedPage(sandbox)

    def __call__(self, request: Request) -> Response:
        if request.path.startswith("/v1/"):
            return self.api.respond(request)
        if request.path.startswith(PAGE_PREFIX):
            return self.page.respond(request)
        if request.path.startswith(CONTROL_PREFIX):
            return self.control.respond(request)
        if request.path in ASSETS:
            return self.page.asset(request)
        return json_response(unrecognized_url(request.method, request.path).body(), 404)


def open_sandbox(settings: Settings, state: Path, webhook_url: str | None) -> Sandbox:
    """Open the state file and point the default webhook endpoint. Raises StateError."""
    clock = Clock()
    sandbox = Sandbox(settings=settings, clock=clock, store=Store(state, clock))
    with sandbox.transaction() as transaction:
        webhook_endpoints.set_default_url(transaction, webhook_url, settings.webhook_secret)
    return sandbox
