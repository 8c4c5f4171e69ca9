"""The Content-Security-Policy of a page, put together once instead of with every answer."""

from collections.abc import Callable
from typing import Any

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

# What django-csp's decorators leave on a response whose policy is another.
OF_ITS_OWN = ("_csp_exempt", "_csp_config", "_csp_update", "_csp_replace")


class PolicyMiddleware(CSPMiddleware):
    """django-csp's middleware, which does the work for pages that have a policy of their own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        super().__init__(get_response)
        self._policy: str = build_policy()

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> Any:
        """The site's policy, which knows no nonce and is not only reported."""
        if settings.DEBUG or any(hasattr(response, name) for name in OF_ITS_OWN):
            return super().process_response(request, response)
        response.headers.setdefault(HEADER, self._policy)
        return response
