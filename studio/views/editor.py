"""The editor of a question: write, preview, save, compare versions."""

from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.http import SeeOther
from catalog.models import BankQuestion, TestBank
from questions.grading import ChoiceResponse, NumberResponse, Response, TextResponse, grade
from questions.images import LARGEST_BYTES, ImageRefused, store_picture, stored_form
from questions.items import ASKABLE, AskableItem, ChoiceItem, Item, Numeric, SingleChoice
from questions.kinds import DIFFICULTIES, kind_name
from questions.linting import Placed
from questions.linting.question_checks import check_question
from questions.models import QuestionVersion
from questions.rendering import PresentedItem, RevealedItem, present, reveal
from questions.services import safe
from studio.editor import (
    Invalid,
    Sheet,
    blank_sheet,
    item_of_sheet,
    sheet_of,
    sheet_of_post,
    stem_of_sheet,
    without_nul,
)
from studio.errors import AlreadyThere, EditConflict
from studio.models import QuestionDraft
from studio.permissions import (
    EDIT_QUESTIONS,
    PUBLISH_QUESTIONS,
    VIEW_BANK,
    bank_page,
    locked_questions,
    may,
    user_of,
)
from studio.services.questions import (
    add_question,
    also_writing,
    keep_draft,
    save_question,
)
from studio.services.reviews import DECISIONS, Step, steps_from
from studio.versions import compared

UNPROCESSABLE, CONFLICT = 422, 409
SPARE_ROWS = 2
PREVIEWS_PER_PAGE = 10
State = BankQuestion.State


@dataclass(frozen=True)
class Preview:
    """A question as the learner sees it before and after the correct answer."""

    before: PresentedItem
    after: RevealedItem | None
    findings: tuple[str, ...]


@bank_page(EDIT_QUESTIONS)
@require_http_methods(["GET", "HEAD", "POST"])
def new_question(request: HttpRequest, test_bank: TestBank, kind: str) -> HttpResponse:
    """Write a new question of a kind."""
    if kind not in ASKABLE:
        raise Http404
    if request.method != "POST":
        draft = test_bank.question_drafts.filter(
            user=user_of(request), question=None, kind=kind
        ).first()
        sheet = _sheet_of_draft(draft) if draft else blank_sheet(kind)
        return _page(request, test_bank, sheet, draft=draft)
    sheet = sheet_of_post(request.POST, kind)
    try:
        item = item_of_sheet(sheet, known=None)
    except Invalid:
        return _page(request, test_bank, sheet, status=UNPROCESSABLE)
    if "preview" in request.POST:
        return _page(request, test_bank, sheet, preview=preview_of(item))
    state = _state_of(request, test_bank)
    try:
        place = add_question(
            test_bank=test_bank, item=item, state=state, by=user_of(request), at=timezone.now()
        )
    except AlreadyThere as already:
        words = _("This question is already in the test bank, so nothing was added.")
        messages.info(request, words)
        return SeeOther(_address(test_bank, already.place))
    messages.success(request, _("Question saved."), extra_tags="saved")
    if "another" in request.POST:
        return SeeOther(reverse("studio:new_question", args=[test_bank.slug, kind]))
    return SeeOther(_address(test_bank, place))


@bank_page(VIEW_BANK)
@require_http_methods(["GET", "HEAD", "POST"])
def question(request: HttpRequest, test_bank: TestBank, public_id: UUID) -> HttpResponse:
    """Edit a question; saving makes its next version."""
    place = _place(test_bank, public_id)
    current = _current(place)
    if request.method != "POST":
        draft = QuestionDraft.objects.filter(user=user_of(request), question=place.question).first()
        sheet = _sheet_of_draft(draft) if draft else sheet_of(current.item)
        base = draft.base_number if draft else current.number
        return _page(request, test_bank, sheet, place=place, base=base, draft=draft)
    if not _may_write(request, test_bank, place):
        raise PermissionDenied
    return _save(request, test_bank, place, current)


def _save(
    request: HttpRequest, test_bank: TestBank, place: BankQuestion, current: QuestionVersion
) -> HttpResponse:
    sheet = sheet_of_post(request.POST, current.kind)
    base = _number(request.POST.get("base", ""))
    shown: dict[str, Any] = {"place": place, "base": base}
    try:
        item = item_of_sheet(sheet, known=current.item)
        if "preview" in request.POST:
            return _page(request, test_bank, sheet, preview=preview_of(item), **shown)
        at = timezone.now()
        saved = save_question(place=place, item=item, base_number=base, by=user_of(request), at=at)
    except Invalid:
        return _page(request, test_bank, sheet, status=UNPROCESSABLE, **shown)
    except EditConflict as conflict:
        shown["base"] = conflict.current.number
        theirs = compared(conflict.current.item, item)
        return _page(request, test_bank, sheet, status=CONFLICT, theirs=theirs, **shown)
    words = (
        _("No changes to save. Version %(number)s is still the current version.")
        if saved.number == base
        else _("Saved as version %(number)s. Sessions in progress keep the earlier version.")
    )
    messages.success(request, words % {"number": saved.number}, extra_tags="saved")
    return SeeOther(_address(test_bank, place))


@bank_page(EDIT_QUESTIONS)
@require_POST
def preview(request: HttpRequest, test_bank: TestBank, kind: str) -> HttpResponse:
    """Show what is typed as the learner would see it: the part beside the editor."""
    if kind not in ASKABLE:
        raise Http404
    known = _known(test_bank, request.POST)
    sheet = sheet_of_post(request.POST, kind)
    context: dict[str, Any] = {"sheet": sheet, "test_bank": test_bank}
    try:
        context["preview"] = preview_of(item_of_sheet(sheet, known=known))
    except Invalid:
        context["problems"] = _errors_of(sheet)
        stem = stem_of_sheet(sheet, known=known)
        context["stem"] = present(safe(stem)) if stem else None
    return render(request, "studio/_preview.html", context)


@bank_page(EDIT_QUESTIONS)
@require_POST
def draft(request: HttpRequest, test_bank: TestBank, kind: str) -> HttpResponse:
    """Keep what is typed, until it is saved; with `discard`, forget it."""
    user = user_of(request)
    place = _place_of(test_bank, request.POST.get("question", ""))
    question = place.question if place else None
    if kind not in ASKABLE:
        raise Http404
    if "discard" in request.POST:
        drafts = QuestionDraft.objects.filter(user=user, question=question)
        (drafts if question else drafts.filter(test_bank=test_bank, kind=kind)).delete()
        if place:
            return SeeOther(_address(test_bank, place))
        return SeeOther(reverse("studio:new_question", args=[test_bank.slug, kind]))
    typed = {
        without_nul(name): [without_nul(value) for value in request.POST.getlist(name)]
        for name in request.POST
        if name != "csrfmiddlewaretoken"
    }
    at = timezone.now()
    keep_draft(
        user=user,
        test_bank=test_bank,
        question=question,
        kind=kind,
        base_number=_number(request.POST.get("base", "")),
        fields=typed,
        at=at,
    )
    others = also_writing(question=question, user=user, at=at) if question else []
    return JsonResponse({"saved_at": at.isoformat(), "also_writing": others})


@bank_page(EDIT_QUESTIONS)
@require_POST
def picture(request: HttpRequest, test_bank: TestBank) -> HttpResponse:
    """Store a picture, and return the name by which a text refers to it."""
    upload = request.FILES.get("picture")
    if upload is None or upload.size is None or upload.size > LARGEST_BYTES:
        words = _("Choose an image no larger than %(most)s MB.")
        most = {"most": LARGEST_BYTES // 1_000_000}
        return JsonResponse({"error": words % most}, status=UNPROCESSABLE)
    content = upload.read()
    try:
        name, content = stored_form(content)
    except ImageRefused as refused:
        words = refused.about(upload.name or "")
        return JsonResponse({"error": words}, status=UNPROCESSABLE)
    store_picture(name, content)
    return JsonResponse({"name": name, "url": reverse("question_picture", args=[name])})


@bank_page(VIEW_BANK)
@require_safe
def versions(request: HttpRequest, test_bank: TestBank, public_id: UUID) -> HttpResponse:
    """Two versions of a question side by side."""
    place = _place(test_bank, public_id)
    stored = list(place.question.versions.order_by("-number"))
    by_number = {version.number: version for version in stored}
    latest = stored[0]
    left = by_number.get(_number(request.GET.get("left", "")), stored[min(1, len(stored) - 1)])
    right = by_number.get(_number(request.GET.get("right", "")), latest)
    context = {
        "test_bank": test_bank,
        "tab": "questions",
        "place": place,
        "versions": stored,
        "left": left,
        "right": right,
        "rows": compared(left.item, right.item),
        "may_write": _may_write(request, test_bank, place),
        "latest": latest,
    }
    return render(request, "studio/versions.html", context)


@bank_page(EDIT_QUESTIONS)
@require_POST
def restore(
    request: HttpRequest, test_bank: TestBank, public_id: UUID, number: int
) -> HttpResponse:
    """Make the content of an earlier version the next version."""
    place = _place(test_bank, public_id)
    if not _may_write(request, test_bank, place):
        raise PermissionDenied
    former = get_object_or_404(place.question.versions, number=number)
    try:
        save_question(
            place=place,
            item=former.item,
            base_number=_number(request.POST.get("base", "")),
            by=user_of(request),
            at=timezone.now(),
        )
        messages.success(request, _("Version %(number)s restored.") % {"number": number})
    except EditConflict:
        words = _(
            "The version was not restored because someone else saved a new one. Compare the versions "
            "again."
        )
        messages.error(request, words)
    return SeeOther(reverse("studio:versions", args=[test_bank.slug, public_id]))


@bank_page(VIEW_BANK)
@require_safe
def as_learner(request: HttpRequest, test_bank: TestBank) -> HttpResponse:
    """Show the questions one after the other as learners see them, before and after answering.

    Drafts and questions in review are shown too, and say so; retired ones are not.
    """
    places = test_bank.bank_questions.exclude(state=State.RETIRED).order_by("position")
    page = Paginator(places.select_related("question__current"), PREVIEWS_PER_PAGE).get_page(
        request.GET.get("page")
    )
    rows = [(place, preview_of(_current(place).item)) for place in page]
    context = {"test_bank": test_bank, "tab": "questions", "page": page, "rows": rows}
    return render(request, "studio/as_learner.html", context)


def preview_of(item: Item) -> Preview:
    """The item as learners would see it, and what the quality check says of it."""
    item = safe(item)
    response = _correct_response(item)
    after = reveal(item, response, grade(item, response)) if response else None
    findings = tuple(finding.text for finding in check_question(Placed(1, 1, item)))
    return Preview(present(item), after, findings)


def _correct_response(item: Item) -> Response | None:
    """A response that earns all points."""
    if isinstance(item, SingleChoice):
        # The key may have several choices, and a learner chooses one of them.
        return ChoiceResponse(chosen=(min(item.key),))
    if isinstance(item, ChoiceItem):
        return ChoiceResponse(chosen=tuple(sorted(item.key)))
    if not isinstance(item, AskableItem):
        return None
    if isinstance(item, Numeric):
        best = next(number for number in item.accepted if number.is_full)
        return NumberResponse(typed=f"{best.low:f}", language="en")
    words = next(accepted for accepted in item.accepted if accepted.is_full)
    return TextResponse(typed=words.text)


def _page(
    request: HttpRequest,
    test_bank: TestBank,
    sheet: Sheet,
    *,
    place: BankQuestion | None = None,
    base: int = 0,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    current = _current(place) if place else None
    at = timezone.now()
    context = {
        "test_bank": test_bank,
        "tab": "questions",
        "sheet": sheet.with_blank_rows(_rows_to_show(sheet)),
        "kind_name": kind_name(sheet.kind),
        "place": place,
        "current": current,
        "base": base,
        "domains": _domains(test_bank),
        "difficulties": DIFFICULTIES.items(),
        "may_write": place is None or _may_write(request, test_bank, place),
        "is_returned": request.method == "POST",
        "has_form": sheet.kind in ASKABLE,
        "may_publish": may(user_of(request), PUBLISH_QUESTIONS, test_bank),
        "other_banks": _other_banks(place) if place else [],
        "others": also_writing(question=place.question, user=user_of(request), at=at)
        if place
        else [],
        **more,
    }
    if place:
        context["notes"] = (
            place.question.review_notes.filter(test_bank=test_bank)
            .select_related("by")
            .order_by("at", "pk")
        )
        context["steps"] = _steps(request, test_bank, place)
    if "preview" not in context and current:
        context["preview"] = preview_of(current.item)
    return render(request, "studio/editor.html", context, status=status)


def _steps(request: HttpRequest, test_bank: TestBank, place: BankQuestion) -> list[Step]:
    """The steps of the review that this person may take now."""
    user = user_of(request)
    if not may(user, EDIT_QUESTIONS, test_bank):
        return []
    decides = may(user, PUBLISH_QUESTIONS, test_bank)
    return [step for step in steps_from(place.state) if decides or step not in DECISIONS]


def _rows_to_show(sheet: Sheet) -> int:
    """Some spare rows, for whoever has no script to add one."""
    if sheet.kind == "true_false" or not sheet.rows:
        return 0
    has_blank = not sheet.rows[-1].text.text and not sheet.rows[-1].values.get("value")
    return len(sheet.rows) + (0 if has_blank else SPARE_ROWS)


def _errors_of(sheet: Sheet) -> list[str]:
    texts = [text.error for text in sheet.texts.values() if text.error]
    rows = [row.error for row in sheet.rows if row.error]
    return list(dict.fromkeys([*sheet.errors, *texts, *rows]))


def _sheet_of_draft(draft: QuestionDraft) -> Sheet:
    data = QueryDict(mutable=True)
    for name, values in draft.fields.items():
        data.setlist(name, values)
    return sheet_of_post(data, draft.kind)


def _state_of(request: HttpRequest, test_bank: TestBank) -> State:
    """The state that was chosen; only those who may publish can choose that."""
    chosen = request.POST.get("state", "")
    may_publish = may(user_of(request), PUBLISH_QUESTIONS, test_bank)
    if chosen == State.PUBLISHED and may_publish:
        return State.PUBLISHED
    return State.REVIEW if chosen == State.REVIEW else State.DRAFT


def _may_write(request: HttpRequest, test_bank: TestBank, place: BankQuestion) -> bool:
    user = user_of(request)
    has_form = _current(place).kind in ASKABLE
    return (
        has_form
        and may(user, EDIT_QUESTIONS, test_bank)
        and not locked_questions(user, [place.question_id])
    )


def _place(test_bank: TestBank, public_id: UUID) -> BankQuestion:
    places = test_bank.bank_questions.select_related("question__current", "test_bank")
    return get_object_or_404(places, question__public_id=public_id)


def _place_of(test_bank: TestBank, public_id: str) -> BankQuestion | None:
    if not public_id:
        return None
    try:
        return _place(test_bank, UUID(public_id))
    except ValueError:
        raise Http404 from None


def _known(test_bank: TestBank, data: QueryDict) -> Item | None:
    place = _place_of(test_bank, data.get("question", ""))
    return _current(place).item if place else None


def _current(place: BankQuestion) -> QuestionVersion:
    return cast(QuestionVersion, place.question.current)


def _other_banks(place: BankQuestion) -> list[str]:
    others = place.question.bank_questions.exclude(pk=place.pk)
    return list(others.values_list("test_bank__title", flat=True))


def _domains(test_bank: TestBank) -> list[str]:
    domains = test_bank.bank_questions.order_by().values_list(
        "question__current__domain", flat=True
    )
    return sorted(domain for domain in set(domains) if domain)


def _number(typed: str) -> int:
    return int(typed) if typed.isdecimal() and len(typed) < 9 else 0


def _address(test_bank: TestBank, place: BankQuestion) -> str:
    return reverse("studio:question", args=[test_bank.slug, place.question.public_id])
