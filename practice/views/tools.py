"""Notes and highlights, which are bound to the version of a question."""

import json
import uuid

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from catalog.http import SeeOther
from practice.answer_sheet import answer_sheet
from practice.models import Attempt, Note
from practice.services import save_note
from practice.services.marking import LONGEST_NOTE
from practice.views.attempts import get_attempt, live_banks, question_url

NO_CONTENT = 204
MOST_CHARACTERS = 100_000


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def note(request: HttpRequest, attempt_id: uuid.UUID, position: int) -> HttpResponse:
    """Show and save what the user wrote and highlighted at a question."""
    at = timezone.now()
    attempt = get_attempt(request, attempt_id, at=at)
    if not _was_shown(attempt, position, is_open=bool(live_banks(attempt, at=at))):
        raise Http404
    stored = Note.objects.filter(
        learner=attempt.learner_id, version=attempt.version_ids[position - 1]
    ).first()
    if request.method != "POST":
        context = {"attempt": attempt, "position": position, "note": stored}
        return render(request, "practice/note.html", context | {"longest": LONGEST_NOTE})
    text, highlights = stored.text if stored else "", stored.highlights if stored else []
    if "highlights" in request.POST:
        try:
            highlights = _highlights(request.POST["highlights"])
        except ValueError:
            return HttpResponseBadRequest("highlights must be pairs of numbers")
    text = request.POST.get("text", text).replace("\0", "")
    save_note(attempt=attempt, position=position, text=text, highlights=highlights, at=at)
    if request.headers.get("X-Requested-With") == "fetch":
        return HttpResponse(status=NO_CONTENT)
    return SeeOther(question_url(attempt, position))


def _was_shown(attempt: Attempt, position: int, *, is_open: bool) -> bool:
    """Whether the learner may see the question: it is open, or was answered."""
    if not 1 <= position <= attempt.total:
        return False
    is_running = is_open and not attempt.is_finished
    return is_running or position in answer_sheet(attempt).answered


def _highlights(text: str) -> list[tuple[int, int]]:
    """Pairs of offsets from a JSON text. Raises: ValueError."""
    pairs = json.loads(text[:10_000])
    if not isinstance(pairs, list):
        raise ValueError("not a list")
    return [_pair(one) for one in pairs]


def _pair(value: object) -> tuple[int, int]:
    match value:
        case [int(start), int(end)] if 0 <= start < end <= MOST_CHARACTERS:
            return int(start), int(end)
    raise ValueError("not a pair of offsets")
