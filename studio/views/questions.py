"""The list of a bank's questions, and editing many of them at once."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from catalog.http import SeeOther
from catalog.models import BankQuestion, TestBank
from questions.items import ASKABLE
from questions.kinds import NAMES
from studio.errors import NothingLeft, NothingToUndo, TooManySamples
from studio.forms.bulk import NEEDS_TARGET, BulkForm
from studio.listing import PER_PAGE, FilterForm, excerpt_of, problems_of, rows_of
from studio.models import BulkEdit
from studio.permissions import (
    EDIT_QUESTIONS,
    PUBLISH_QUESTIONS,
    VIEW_BANK,
    WRITABLE_BY_AUTHORS,
    bank_page,
    locked_questions,
    may,
    user_of,
)
from studio.services.bulk import EDITS_CONTENT, Change, apply_edit, preview_edit, undo_edit
from studio.views.banks import NOTHING_LEFT

MOST_PREVIEWED = 100
UNPROCESSABLE = 422


@bank_page(VIEW_BANK)
@require_safe
def questions(request: HttpRequest, test_bank: TestBank) -> HttpResponse:
    """List the bank's questions, narrowed by what the address says."""
    user = user_of(request)
    filters = FilterForm(request.GET.dict(), test_bank)
    page = Paginator(filters.places(), PER_PAGE).get_page(request.GET.get("page"))
    problems = problems_of(test_bank) if request.GET.get("only") == "problems" else {}
    narrowed = request.GET.copy()
    narrowed.pop("page", None)
    context = {
        "test_bank": test_bank,
        "tab": "questions",
        "filters": filters,
        "page": page,
        "rows": rows_of(list(page.object_list), problems),
        "query": narrowed.urlencode(),
        "kinds": [(kind, NAMES[kind]) for kind in ASKABLE],
        "may_edit": may(user, EDIT_QUESTIONS, test_bank),
        "bulk": BulkForm(None, test_bank=test_bank, user=user),
        "last_edit": _last_edit(test_bank, user.pk),
    }
    return render(request, "studio/questions.html", context)


def _last_edit(test_bank: TestBank, user_id: int) -> BulkEdit | None:
    edits = test_bank.bulk_edits.filter(by=user_id).order_by("-at", "-pk")
    latest = edits.first()
    return latest if latest and latest.undone_at is None else None


@bank_page(EDIT_QUESTIONS)
@require_POST
def edit_questions(request: HttpRequest, test_bank: TestBank) -> HttpResponse:
    """Show what a bulk edit would change; carry it out once that was confirmed."""
    list_url = reverse("studio:questions", args=[test_bank.slug])
    form = BulkForm(request.POST, test_bank=test_bank, user=user_of(request))
    if not form.is_valid():
        for error in (error for errors in form.errors.values() for error in errors):
            messages.error(request, str(error))
        return SeeOther(list_url)
    edit = form.edit()
    try:
        changes = preview_edit(edit)
        if "confirm" in request.POST and changes:
            apply_edit(edit=edit, by=user_of(request), at=timezone.now())
            messages.success(request, _edited(edit.action, len(changes)))
            return SeeOther(list_url)
    except TooManySamples:
        messages.error(
            request,
            _(
                "Nothing was changed. A test bank that contains only samples cannot be sold, so keep at "
                "least one question that is not a sample."
            ),
        )
        return SeeOther(list_url)
    except NothingLeft:
        messages.error(request, str(NOTHING_LEFT))
        return SeeOther(list_url)
    if not changes:
        messages.info(
            request,
            _("Nothing to change. This action has no effect on the selected questions.")
            if edit.places
            else _("Nothing to change. Select at least one question that you can edit."),
        )
        return SeeOther(list_url)
    context = {
        "test_bank": test_bank,
        "tab": "questions",
        "edit": edit,
        "changes": [(change, _excerpt(change)) for change in changes[:MOST_PREVIEWED]],
        "count": len(changes),
        "more": max(len(changes) - MOST_PREVIEWED, 0),
        "form": form,
    }
    return render(request, "studio/edit_questions.html", context)


def _excerpt(change: Change) -> str:
    current = change.place.question.current
    return excerpt_of(current) if current else ""


def _edited(action: str, count: int) -> str:
    if action == BulkEdit.Action.COPY:
        words = ngettext("%(count)s question copied.", "%(count)s questions copied.", count)
    else:
        words = ngettext("%(count)s question changed.", "%(count)s questions changed.", count)
    return words % {"count": count}


@bank_page(EDIT_QUESTIONS)
@require_POST
def undo(request: HttpRequest, test_bank: TestBank, edit_id: int) -> HttpResponse:
    """Undo one's own latest bulk edit."""
    edits = BulkEdit.objects.select_related("test_bank")
    edit = get_object_or_404(edits, test_bank=test_bank, by=user_of(request), pk=edit_id)
    if not _may_undo(user_of(request), edit):
        words = _(
            "This edit was not undone because some of the edited questions have since been published. "
            "Ask a reviewer to change those questions."
        )
        messages.error(request, words)
        return SeeOther(reverse("studio:questions", args=[test_bank.slug]))
    try:
        count = undo_edit(edit=edit, by=user_of(request), at=timezone.now())
        words = ngettext(
            "Edit undone for %(count)s question.", "Edit undone for %(count)s questions.", count
        )
        is_order = edit.action == BulkEdit.Action.ORDER
        messages.success(
            request, _("Question order restored.") if is_order else words % {"count": count}
        )
    except NothingToUndo:
        messages.info(request, _("This edit was already undone."))
    except NothingLeft:
        messages.error(request, str(NOTHING_LEFT))
    return SeeOther(reverse("studio:questions", args=[test_bank.slug]))


def _may_undo(user: User, edit: BulkEdit) -> bool:
    """False if a question that an author edited or copied has been published since."""
    places = BankQuestion.objects.filter(pk__in=[row[0] for row in edit.before])
    if edit.action in EDITS_CONTENT:
        return not locked_questions(user, list(places.values_list("question_id", flat=True)))
    if edit.action not in NEEDS_TARGET:
        return True
    published = places.exclude(state__in=WRITABLE_BY_AUTHORS).select_related("test_bank")
    banks = {place.test_bank for place in published}
    return all(may(user, PUBLISH_QUESTIONS, test_bank) for test_bank in banks)
