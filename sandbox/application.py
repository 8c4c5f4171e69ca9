"""Which part of the sandbox answers which path."""

from sandbox.api import Api
from sandbox.control import PREFIX as CONTROL
from sandbox.control import Control
from sandbox.errors import unrecognized_address
from sandbox.hosted_page import ASSETS, HostedPage
from sandbox.hosted_page import PREFIX as PAGE
from sandbox.parts import Parts
from sandbox.wire import Answer, Request, json_answer


class Application:
    """Answers every request."""

    def __init__(self, parts: Parts) -> None:
        self.api = Api(parts)
        self.control = Control(parts)
        self.page = HostedPage(parts)

    def __call__(self, request: Request) -> Answer:
        """The answer of the part that the path belongs to."""
        if request.path.startswith("/v1/"):
            return self.api.answer(request)
        if request.path.startswith(PAGE):
            return self.page.answer(request)
        if request.path.startswith(CONTROL):
            return self.control.answer(request)
        if request.path in ASSETS:
            return self.page.asset(request)
        return json_answer(unrecognized_address(request.method, request.path).body(), 404)
