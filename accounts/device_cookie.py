"""The device cookie: a browser that signed in to an account before."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accounts.models import User

SALT = "accounts.device"
MAX_AGE_SECONDS = 180 * 24 * 3600


def remember_browser(response: HttpResponse, user: User) -> None:
    """Set the cookie. It names the account and lets nobody in by itself."""
    response.set_signed_cookie(
        settings.DEVICE_COOKIE_NAME,
        str(user.public_id),
        salt=SALT,
        max_age=MAX_AGE_SECONDS,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )


def browser_of(request: HttpRequest) -> str:
    """Return the public id of the user who signed in with this browser last, or ""."""
    name = settings.DEVICE_COOKIE_NAME
    return request.get_signed_cookie(name, None, salt=SALT, max_age=MAX_AGE_SECONDS) or ""
