"""Requests of machines, answered without what only browsers need.

Stripe's events come in crowds and again and again. Sessions, languages, cookies, a policy for
scripts: putting those together takes longer than to refuse a forged event or to know one that
came before. The view is the same as behind its address; what it says is what is answered.
"""

from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import ResolverMatch, resolve, reverse
from django.utils.translation import override

from testbank.serving import Application


class MachineRequest(WSGIRequest):
    """A request whose body is read as it came, whatever it is said to be."""

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        """Taking that header apart costs as much as checking a signature."""
        self.content_type, self.content_params = "", {}


class MachineHandler(WSGIHandler):
    """Django's own handler for one address, with no middleware around its view."""

    request_class = MachineRequest

    def __init__(self, name: str) -> None:
        self._match = resolve(reverse(name))
        super().__init__()

    def load_middleware(self, is_async: bool = False) -> None:
        """None but the one that turns a failure into an answer."""
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        answered: Any = self._get_response  # type: ignore[attr-defined] # the stubs leave it out
        self._middleware_chain = convert_exception_to_response(answered)

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        """There is but one address."""
        request.resolver_match = self._match
        return self._match

    def get_response(self, request: HttpRequest) -> HttpResponseBase:
        """In the site's language, whatever the thread spoke before."""
        with override(settings.LANGUAGE_CODE):
            response = super().get_response(request)
        if isinstance(response, HttpResponse):
            response.headers.setdefault("Content-Length", str(len(response.content)))
        return response


def machines_first(site: Application, *, names: Iterable[str]) -> Application:
    """The site, with a handler of its own for each of these names of addresses."""
    handlers: dict[str, Application] = {reverse(name): MachineHandler(name) for name in names}

    def application(environment: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        return handlers.get(environment["PATH_INFO"], site)(environment, start)

    return application
