"""Requests of machines, answered without what only browsers need.

Stripe's events come in crowds and again and again. Sessions, languages, cookies, a policy for
scripts: putting those together takes longer than to refuse a forged event or to know one that
came before. The view is the same as behind its address; what it says is what is answered.
"""

from collections.abc import Callable, Iterable
from typing import Any, cast

from django.conf import settings
from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIRequest, get_script_name
from django.db import DEFAULT_DB_ALIAS, connections
from django.http import HttpRequest, HttpResponse
from django.urls import resolve, reverse, set_script_prefix
from django.utils.translation import override

from testbank.serving import Application


class MachineRequest(WSGIRequest):
    """A request whose body is read as it came, whatever it is said to be."""

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        """Taking that header apart costs as much as checking a signature."""
        self.content_type, self.content_params = "", {}


class MachineHandler:
    """What Django's own handler does for one address without any middleware, and no more.

    A failure becomes an answer, and is logged. Django's signals around a request are not sent:
    what they would do is done here by name.
    """

    def __init__(self, name: str) -> None:
        self._match = resolve(reverse(name))
        view: Callable[..., HttpResponse] = self._match.func
        self._answered = cast(
            Callable[[HttpRequest], HttpResponse], convert_exception_to_response(view)
        )

    def __call__(self, environment: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        set_script_prefix(get_script_name(environment))
        # A connection that failed, is old or has gone is replaced.
        connections[DEFAULT_DB_ALIAS].close_if_unusable_or_obsolete()
        request = MachineRequest(environment)
        request.resolver_match = self._match
        # In the site's language, whatever the thread spoke before.
        with override(settings.LANGUAGE_CODE):
            response = self._answered(request)
        content = response.content
        response.headers.setdefault("Content-Length", str(len(content)))
        start(f"{response.status_code} {response.reason_phrase}", list(response.items()))
        return [content]


def machines_first(site: Application, *, names: Iterable[str]) -> Application:
    """The site, with a handler of its own for each of these names of addresses."""
    handlers: dict[str, Application] = {reverse(name): MachineHandler(name) for name in names}

    def application(environment: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        return handlers.get(environment["PATH_INFO"], site)(environment, start)

    return application
