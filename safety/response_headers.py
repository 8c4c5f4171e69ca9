"""Headers of every response that Django's SecurityMiddleware does not set."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import add_never_cache_headers

# What no page of the site uses. Source: MDN, Permissions-Policy.
UNUSED_FEATURES = (
    "accelerometer",
    "browsing-topics",
    "camera",
    "display-capture",
    "geolocation",
    "gyroscope",
    "microphone",
    "midi",
    "payment",
    "usb",
)
PERMISSIONS_POLICY = ", ".join(f"{feature}=()" for feature in UNUSED_FEATURES)


def response_headers_middleware(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Set Permissions-Policy, and keep personal pages out of every cache.

    A page is personal if the request has a session and the view read it. Stands below the session
    middleware. A view that sets Cache-Control itself has decided.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        has_session = settings.SESSION_COOKIE_NAME in request.COOKIES or request.session.modified
        if has_session and request.session.accessed and not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        return response

    return middleware
