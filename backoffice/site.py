"""The admin site: access control, and the content security policy that its pages need.

Each app registers its pages in its `admin`; theme and menu are in `backoffice/theme.py`.
"""

from collections.abc import Callable
from typing import Any, cast

from csp.decorators import csp_replace
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from unfold.sites import UnfoldAdminSite

from accounts.staff import staff_redirect

# Unfold puts its colors into a style element, and Alpine evaluates expressions.
POLICY = {
    "script-src": ["'self'", "'unsafe-eval'"],
    "style-src": ["'self'", "'unsafe-inline'"],
    "form-action": ["'self'"],
}


class BackOffice(UnfoldAdminSite):
    """Django's admin, for staff who have entered their second factor."""

    def admin_view(  # type: ignore[override] # wraps the view, so its type is not kept
        self, view: Callable[..., Any], cacheable: bool = False
    ) -> Callable[..., Any]:
        """Wrap the view with `staff_redirect` and with unfold's content security policy."""
        guarded = super().admin_view(view, cacheable)

        def staff_view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            return staff_redirect(request) or cast(HttpResponse, guarded(request, *args, **kwargs))

        return cast(Callable[..., Any], csp_replace(POLICY)(staff_view))

    def login(
        self, request: HttpRequest, _extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Redirect to the site's sign-in: the admin has none of its own."""
        return staff_redirect(request) or redirect("admin:index")
