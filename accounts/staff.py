"""Who may work at the back of the shop: staff who have shown their second factor.

The factor itself (an authenticator app, recovery codes) is allauth's. What staff may do is
Django's permissions.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import resolve_url

from accounts.models import User

Parameters = ParamSpec("Parameters")


def way_in(request: HttpRequest) -> HttpResponse | None:
    """Where this person must go first; None for staff who may pass.

    Strangers sign in; staff set up a second factor, or show it where this session has not
    seen it yet. Raises: Http404 for everybody else, who need not know what stands here.
    """
    if not isinstance(request.user, User):
        return redirect_to_login(request.get_full_path())
    if not (request.user.is_staff and request.user.is_active):
        raise Http404
    if not settings.STAFF_SECOND_FACTOR or has_shown_second_factor(request, request.user):
        return None
    return redirect_to_login(request.get_full_path(), resolve_url(_factor_page(request.user)))


def has_shown_second_factor(request: HttpRequest, user: User) -> bool:
    """True where this session has seen a code of the user's authenticator."""
    return any(record["method"] == "mfa" for record in get_authentication_records(request, user))


def _factor_page(user: User) -> str:
    has_factor = is_mfa_enabled(user, [Authenticator.Type.TOTP])
    return "mfa_reauthenticate" if has_factor else "mfa_activate_totp"


def staff_only(
    view: Callable[Concatenate[HttpRequest, Parameters], HttpResponse],
) -> Callable[Concatenate[HttpRequest, Parameters], HttpResponse]:
    """The view, for staff alone; see `way_in` for all others."""

    @wraps(view)
    def guarded(
        request: HttpRequest, /, *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> HttpResponse:
        return way_in(request) or view(request, *args, **kwargs)

    return guarded
