"""Access by hand: grant, extend and end it, with a reason; and the audit log of the desk."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from catalog.http import SeeOther
from catalog.models import Access
from studio.audit_details import details_of
from studio.forms.access import AccessFilter, ChangeForm, GrantForm
from studio.models import AuditEntry
from studio.permissions import (
    CHANGE_ACCESS,
    CHANGE_BANK,
    GRANT_ACCESS,
    VIEW_ACCESS,
    desk_page,
    user_of,
)
from studio.services.access import Granted, extend, grant_to, revoke

PER_PAGE = 50
UNPROCESSABLE = 422


@desk_page(VIEW_ACCESS)
@require_safe
def accesses(request: HttpRequest) -> HttpResponse:
    """List the accesses, newest first."""
    filters = AccessFilter(request.GET)
    rows = Access.objects.filter(**filters.wanted()).select_related("learner", "test_bank")
    page = Paginator(rows.order_by("-starts_at", "-pk"), PER_PAGE).get_page(request.GET.get("page"))
    at = timezone.now()
    narrowed = request.GET.copy()
    narrowed.pop("page", None)
    context = {
        "filters": filters,
        "page": page,
        "rows": [(access, access.state(at)) for access in page.object_list],
        "query": narrowed.urlencode(),
        "may_grant": user_of(request).has_perm(GRANT_ACCESS),
        "may_change": user_of(request).has_perm(CHANGE_ACCESS),
    }
    return render(request, "studio/accesses.html", context)


@desk_page(GRANT_ACCESS)
@require_http_methods(["GET", "HEAD", "POST"])
def grant(request: HttpRequest) -> HttpResponse:
    """Grant a bank to one person or to a list."""
    form = GrantForm(request.POST or None, initial={"people": request.GET.get("people", "")})
    if request.method != "POST" or not form.is_valid():
        status = UNPROCESSABLE if request.method == "POST" else 200
        return render(request, "studio/grant.html", {"form": form}, status=status)
    cleaned = form.cleaned_data
    outcome = grant_to(
        emails=cleaned["people"],
        test_bank=cleaned["test_bank"],
        access_days=cleaned["days"],
        reason=cleaned["reason"],
        by=user_of(request),
        at=timezone.now(),
    )
    _tell(request, outcome)
    return SeeOther(reverse("studio:accesses"))


def _tell(request: HttpRequest, outcome: Granted) -> None:
    count = len(outcome.granted)
    if count:
        words = ngettext(
            "Access granted to %(count)s person.", "Access granted to %(count)s people.", count
        )
        messages.success(request, words % {"count": count})
    else:
        messages.info(request, _("No one was granted access."))
    for emails, sentence in (
        (outcome.had_access, _("Already had access: %(emails)s")),
        (outcome.unknown, _("No account found: %(emails)s")),
    ):
        if emails:
            messages.warning(request, sentence % {"emails": ", ".join(emails)})


@desk_page(CHANGE_ACCESS)
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Extend an access, or end it."""
    rows = Access.objects.select_related("learner", "test_bank")
    access = get_object_or_404(rows, public_id=public_id)
    form = ChangeForm(request.POST or None)
    context = {"access": access, "form": form, "state": access.state(timezone.now())}
    if request.method != "POST" or not form.is_valid():
        status = UNPROCESSABLE if request.method == "POST" else 200
        return render(request, "studio/access.html", context, status=status)
    given = {"access": access, "reason": form.cleaned_data["reason"], "by": user_of(request)}
    if "close" in request.POST:
        done = revoke(**given, at=timezone.now())
        words = _("Access ended. The practice history is saved.")
    elif form.cleaned_data["days"]:
        done = extend(**given, days=form.cleaned_data["days"], at=timezone.now())
        words = _("Access extended.")
    else:
        form.add_error("days", _("Enter the number of days."))
        return render(request, "studio/access.html", context, status=UNPROCESSABLE)
    if done:
        messages.success(request, words)
    else:
        messages.info(request, _("Nothing changed. This access has ended or never expires."))
    return SeeOther(reverse("studio:accesses"))


@desk_page(CHANGE_BANK)
@require_safe
def audit_log(request: HttpRequest) -> HttpResponse:
    """Everything that was changed at the desk, the newest first."""
    entries = AuditEntry.objects.select_related("actor", "test_bank").order_by("-at", "-pk")
    page = Paginator(entries, PER_PAGE).get_page(request.GET.get("page"))
    rows = [(entry, details_of(entry)) for entry in page]
    return render(request, "studio/audit.html", {"page": page, "rows": rows})
