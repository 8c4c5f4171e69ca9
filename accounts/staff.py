"""Access control for staff pages: a staff account, and a second factor shown in this session.

Allauth implements the factor (an authenticator app, recovery codes); Django's permissions
decide what staff may do.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils import timezone

from accounts.models import User
from safety.security_log import Kind, record_request

Parameters = ParamSpec("Parameters")

ACTIVATED_FACTOR = "activated_factor"
SEEN = "staff_seen_at"
NOTE_EVERY_SECONDS = 60


def staff_redirect(request: HttpRequest) -> HttpResponse | None:
    """Return a redirect to the sign-in or second-factor page; None for staff with full access.

    Anonymous visitors sign in; staff set up a second factor, or enter its code if this session
    has not seen one. Raises: Http404 for everybody else, which hides that the page exists.
    """
    if not isinstance(request.user, User):
        return redirect_to_login(request.get_full_path())
    if not (request.user.is_staff and request.user.is_active):
        record_request(
            request,
            kind=Kind.STAFF_REFUSED,
            user_id=request.user.pk,
            at=timezone.now(),
            detail=request.path,
        )
        raise Http404
    if not settings.STAFF_SECOND_FACTOR or has_shown_second_factor(request, request.user):
        return None
    return redirect_to_login(request.get_full_path(), resolve_url(_factor_page(request.user)))


def is_verified_staff(request: HttpRequest) -> bool:
    """Return True for staff whose session has shown the second factor, where one is needed."""
    user = request.user
    if not (isinstance(user, User) and user.is_staff and user.is_active):
        return False
    return not settings.STAFF_SECOND_FACTOR or has_shown_second_factor(request, user)


def has_shown_second_factor(request: HttpRequest, user: User) -> bool:
    """Return True if a code of a factor that still exists was entered in this session.

    Ends after STAFF_IDLE_MINUTES without a request, and after STAFF_SESSION_HOURS.
    """
    records = get_authentication_records(request, user)
    shown = {record["id"]: record["at"] for record in records if record["method"] == "mfa"}
    if activated := request.session.get(ACTIVATED_FACTOR):
        shown.setdefault(activated["id"], activated["at"])
    now = timezone.now().timestamp()
    earliest = now - settings.STAFF_SESSION_HOURS * 3600
    recent = {factor: at for factor, at in shown.items() if at > earliest}
    if not recent or not Authenticator.objects.filter(user=user, pk__in=recent).exists():
        return False
    return _is_in_use(request, since=max(recent.values()), now=now)


def _is_in_use(request: HttpRequest, *, since: float, now: float) -> bool:
    """Return False after too long without a request; otherwise note this one, once a minute."""
    seen = max(request.session.get(SEEN, since), since)
    if now - seen > settings.STAFF_IDLE_MINUTES * 60:
        return False
    if now - seen > NOTE_EVERY_SECONDS:
        request.session[SEEN] = now
    return True


def remember_activated_factor(request: HttpRequest, authenticator: Authenticator) -> None:
    """Count the set-up of a factor as shown: it ended with the first code."""
    now = timezone.now().timestamp()
    request.session[ACTIVATED_FACTOR] = {"id": authenticator.pk, "at": now}


def _factor_page(user: User) -> str:
    has_factor = is_mfa_enabled(user, [Authenticator.Type.TOTP])
    return "mfa_reauthenticate" if has_factor else "mfa_activate_totp"


def staff_with(
    permission: str,
) -> Callable[
    [Callable[Concatenate[HttpRequest, Parameters], HttpResponse]],
    Callable[Concatenate[HttpRequest, Parameters], HttpResponse],
]:
    """Require staff as `staff_only` does, and a permission of theirs; 403 without it."""

    def decorate(
        view: Callable[Concatenate[HttpRequest, Parameters], HttpResponse],
    ) -> Callable[Concatenate[HttpRequest, Parameters], HttpResponse]:
        return staff_only(permission_required(permission, raise_exception=True)(view))

    return decorate


def staff_only(
    view: Callable[Concatenate[HttpRequest, Parameters], HttpResponse],
) -> Callable[Concatenate[HttpRequest, Parameters], HttpResponse]:
    """Require staff with a second factor; redirect or 404 others as `staff_redirect` does."""

    @wraps(view)
    def guarded(
        request: HttpRequest, /, *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> HttpResponse:
        return staff_redirect(request) or view(request, *args, **kwargs)

    return guarded
