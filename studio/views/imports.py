"""Upload questions, look at what an import would do, accept it or throw it away, undo it; export."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.http import SeeOther
from catalog.importing.items import FileHasErrors, plan_import
from catalog.models import TestBank
from questions.formats.gift_writer import Loss
from questions.formats.problems import Problem
from questions.items import LONGEST_DOMAIN, Item
from questions.kinds import kind_name
from questions.models import QuestionVersion
from questions.rendering import excerpt
from questions.services import safe
from studio.errors import NothingLeft, NothingToUndo, NotWaiting, PublishedElsewhere
from studio.exporting import export_bank
from studio.importing.bundle import ReadBundle, UploadRefused
from studio.importing.near_duplicates import near_duplicates
from studio.importing.services import (
    accept_import,
    discard_import,
    read_upload,
    undo_import,
    upload_questions,
)
from studio.listing import excerpt_of
from studio.models import Import
from studio.permissions import (
    PUBLISH_QUESTIONS,
    VIEW_BANK,
    bank_page,
    user_of,
)
from studio.versions import Compared, compared
from studio.views.banks import NOTHING_LEFT

UNPROCESSABLE = 422
MOST_SHOWN = 100
REFRESH_SECONDS = 5
FORMATS = {"jsonl": "JSON Lines", "gift": "GIFT", "aiken": "Aiken"}
State = Import.Status
ELSEWHERE = gettext_lazy(
    "Nothing was changed because this import affects questions that are published in another test "
    "bank. Ask a seller, or a reviewer of both test banks, to make this change."
)
UNREADABLE = gettext_lazy(
    "The upload can no longer be read. Nothing was imported. Upload the files again."
)


class UploadForm(forms.Form):
    """The domain for questions that name none; the files are read apart, as there are many."""

    domain = forms.CharField(
        label=gettext_lazy("Domain"),
        required=False,
        max_length=LONGEST_DOMAIN,
        help_text=gettext_lazy("Optional. Used for questions that do not specify a domain."),
    )


@dataclass(frozen=True)
class NewRow:
    """A question that would be added. `near` is what the bank has that asks nearly the same."""

    file: str
    line: int
    kind: str
    excerpt: str
    near: list[Compared]


@dataclass(frozen=True)
class ChangedRow:
    """A question that would get a next version; `rows` are the fields that differ."""

    file: str
    line: int
    excerpt: str
    rows: list[Compared]


@dataclass(frozen=True)
class DryRun:
    """What an import would do with the bank as it is now."""

    new: list[NewRow]
    changed: list[ChangedRow]
    new_count: int
    changed_count: int
    same_count: int
    left_out: list[str]
    left_out_count: int
    errors: list[tuple[str, Problem]]
    notes: list[tuple[str, Problem]]


@bank_page(PUBLISH_QUESTIONS)
@require_http_methods(["GET", "HEAD", "POST"])
def imports(request: HttpRequest, test_bank: TestBank) -> HttpResponse:
    """Upload files of questions; below, the history of imports."""
    form = UploadForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        uploads = [
            file for file in request.FILES.getlist("files") if isinstance(file, UploadedFile)
        ]
        try:
            waiting = upload_questions(
                test_bank=test_bank,
                uploads=uploads,
                domain=form.cleaned_data["domain"],
                by=user_of(request),
                at=timezone.now(),
            )
            return SeeOther(_address(test_bank, waiting))
        except UploadRefused as refused:
            form.add_error(None, refused.words)
            status = UNPROCESSABLE
    context = {
        "test_bank": test_bank,
        "tab": "imports",
        "form": form,
        "imports": test_bank.imports.select_related("by").order_by("-at")[:MOST_SHOWN],
    }
    return render(request, "studio/imports.html", context, status=status)


@bank_page(PUBLISH_QUESTIONS)
@require_safe
def one_import(request: HttpRequest, test_bank: TestBank, import_id: UUID) -> HttpResponse:
    """Show what an upload would do, or what an import did."""
    shown = _get(test_bank, import_id)
    context: dict[str, Any] = {
        "test_bank": test_bank,
        "tab": "imports",
        "import": shown,
        "refresh_seconds": REFRESH_SECONDS,
    }
    if shown.status == State.WAITING:
        try:
            context["dry_run"] = _dry_run(test_bank, read_upload(shown))
        except (UploadRefused, FileNotFoundError):
            messages.error(request, str(UNREADABLE))
    return render(request, "studio/import.html", context)


@bank_page(PUBLISH_QUESTIONS)
@require_POST
def accept(request: HttpRequest, test_bank: TestBank, import_id: UUID) -> HttpResponse:
    """Import what was shown."""
    waiting = _get(test_bank, import_id)
    if waiting.status == State.WAITING:
        try:
            done = accept_import(
                waiting=waiting,
                retires_missing="retire" in request.POST,
                by=user_of(request),
                at=timezone.now(),
            )
            words = _("Import complete: %(added)s added, %(changed)s changed, %(retired)s retired.")
            figures = {"added": done.added, "changed": done.changed, "retired": done.retired}
            # The page itself says that an import is queued.
            if done.status == State.DONE:
                messages.success(request, words % figures)
        except FileHasErrors:
            messages.error(request, _("The file has errors. Nothing was imported."))
        except NothingLeft:
            messages.error(request, str(NOTHING_LEFT))
        except PublishedElsewhere:
            messages.error(request, str(ELSEWHERE))
        except (UploadRefused, FileNotFoundError):
            messages.error(request, str(UNREADABLE))
        except NotWaiting:
            messages.info(request, _("This upload was already imported or discarded."))
    return SeeOther(_address(test_bank, waiting))


@bank_page(PUBLISH_QUESTIONS)
@require_POST
def discard(request: HttpRequest, test_bank: TestBank, import_id: UUID) -> HttpResponse:
    """Throw an upload away."""
    waiting = _get(test_bank, import_id)
    try:
        discard_import(waiting=waiting)
    except NotWaiting:
        messages.info(
            request, _("Nothing was discarded because this upload was already accepted for import.")
        )
        return SeeOther(_address(test_bank, waiting))
    messages.success(request, _("Upload discarded. Nothing was imported."))
    return SeeOther(reverse("studio:imports", args=[test_bank.slug]))


@bank_page(PUBLISH_QUESTIONS)
@require_POST
def undo(request: HttpRequest, test_bank: TestBank, import_id: UUID) -> HttpResponse:
    """Take an import back."""
    done = _get(test_bank, import_id)
    try:
        undo_import(done=done, by=user_of(request), at=timezone.now())
        words = _(
            "Import undone. Any added questions that learners had already answered were retired."
        )
        messages.success(request, words)
    except NothingToUndo:
        messages.info(request, _("This import was already undone."))
    except NothingLeft:
        messages.error(request, str(NOTHING_LEFT))
    except PublishedElsewhere:
        messages.error(request, str(ELSEWHERE))
    return SeeOther(_address(test_bank, done))


@bank_page(VIEW_BANK)
@require_safe
def export(request: HttpRequest, test_bank: TestBank, format_name: str) -> HttpResponse:
    """Download the bank's questions; a page names first what the format leaves out."""
    if format_name not in FORMATS:
        raise Http404
    made = export_bank(test_bank=test_bank, format_name=format_name)
    if made.losses and "anyway" not in request.GET:
        context = {
            "test_bank": test_bank,
            "tab": "imports",
            "losses": _numbers_by_loss(made.losses),
            "format": FORMATS[format_name],
        }
        return render(request, "studio/export.html", context)
    return HttpResponse(
        made.content,
        content_type=made.content_type,
        headers={"Content-Disposition": f'attachment; filename="{made.name}"'},
    )


def _numbers_by_loss(losses: Sequence[Loss]) -> dict[str, list[int]]:
    """The questions, by number, that each loss concerns; the rarest loss first."""
    numbers: dict[str, list[int]] = {}
    for loss in losses:
        numbers.setdefault(loss.text, []).append(loss.number)
    return dict(sorted(numbers.items(), key=lambda found: len(found[1])))


def _dry_run(test_bank: TestBank, bundle: ReadBundle) -> DryRun:
    plan = plan_import(test_bank=test_bank, read=bundle.read)
    versions = {
        version.question_id: version
        for version in QuestionVersion.objects.filter(
            question__bank_questions__test_bank=test_bank, pk=F("question__current")
        )
    }
    fresh = [item for _line, item in plan.fresh]
    near = near_duplicates(
        fresh, {pk: version.content["stem"]["source"] for pk, version in versions.items()}
    )
    return DryRun(
        new=[
            NewRow(
                *bundle.place(line),
                kind_name(item.kind),
                excerpt(safe(item)),
                _differing(versions[near[index]].item, item) if index in near else [],
            )
            for index, (line, item) in enumerate(plan.fresh)
            if index < MOST_SHOWN or index in near
        ],
        changed=[
            ChangedRow(
                *bundle.place(line), excerpt(safe(item)), _differing(versions[question].item, item)
            )
            for question, (line, item) in list(plan.changed.items())[:MOST_SHOWN]
        ],
        new_count=len(plan.fresh),
        changed_count=len(plan.changed),
        same_count=len(plan.known_lines),
        left_out=[excerpt_of(versions[pk]) for pk in plan.left_out[:MOST_SHOWN]],
        left_out_count=len(plan.left_out),
        errors=[found for found in bundle.problems if found[1].is_error][:MOST_SHOWN],
        notes=[found for found in bundle.problems if not found[1].is_error][:MOST_SHOWN],
    )


def _differing(left: Item, right: Item) -> list[Compared]:
    return [row for row in compared(left, right) if row.differs]


def _get(test_bank: TestBank, import_id: UUID) -> Import:
    rows = Import.objects.select_related("test_bank", "by")
    return get_object_or_404(rows, test_bank=test_bank, pk=import_id)


def _address(test_bank: TestBank, shown: Import) -> str:
    return reverse("studio:import", args=[test_bank.slug, shown.pk])
