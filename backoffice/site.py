"""The admin site: who may enter, and the policy its pages need.

Its pages stand in each room's `admin.py`; its look and its menu in `settings.UNFOLD`.
"""

from collections.abc import Callable
from typing import Any, cast

from csp.decorators import csp_replace
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from unfold.sites import UnfoldAdminSite

from accounts.staff import way_in

# Unfold's pages carry their colours in a style element and compute Alpine expressions.
POLICY = {
    "script-src": ["'self'", "'unsafe-eval'"],
    "style-src": ["'self'", "'unsafe-inline'"],
    "form-action": ["'self'"],
}


class BackOffice(UnfoldAdminSite):
    """The admin, for staff who have shown their second factor."""

    def admin_view(  # type: ignore[override] # wraps the view, so its type is not kept
        self, view: Callable[..., Any], cacheable: bool = False
    ) -> Callable[..., Any]:
        """The view, behind `way_in`, with the policy that unfold needs."""
        guarded = super().admin_view(view, cacheable)

        def admitted(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            return way_in(request) or cast(HttpResponse, guarded(request, *args, **kwargs))

        return cast(Callable[..., Any], csp_replace(POLICY)(admitted))

    def login(
        self, request: HttpRequest, _extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """There is one sign-in for all: the site's."""
        return way_in(request) or redirect("admin:index")
