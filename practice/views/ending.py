"""Finish a session after a question back, pause and resume it, discard it."""

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.http import SeeOther
from practice.answer_sheet import answer_sheet, cells, flagged_positions
from practice.clock import seconds_left
from practice.services import (
    AttemptFinished,
    CannotPause,
    discard_attempt,
    finish_attempt,
    pause_attempt,
    resume_attempt,
)
from practice.views.attempts import get_attempt, live_banks, question_url, result_url, sign_in

CONFLICT = 409


@require_http_methods(["GET", "HEAD", "POST"])
def finish(request: HttpRequest, attempt_id: uuid.UUID) -> HttpResponse:
    """Review a session before its end, with the number unanswered; then end it.

    With `clock` the browser believes that the time is up. It ends nothing before the deadline:
    status 409 with the seconds left.
    """
    if not request.user.is_authenticated:
        return sign_in(next_url=result_url(attempt_id))
    at = timezone.now()
    attempt = get_attempt(request, attempt_id, at=at)
    if request.method == "POST":
        left = seconds_left(attempt, at)
        # The clock of a device may be fast, or set while the session runs.
        if "clock" in request.POST and not attempt.is_finished and left != 0:
            return JsonResponse({"seconds_left": left}, status=CONFLICT)
        finish_attempt(attempt=attempt, at=at)
    is_closed = attempt.is_finished or not live_banks(attempt, at=at)
    if is_closed:
        return SeeOther(result_url(attempt.pk))
    sheet, flagged = answer_sheet(attempt), flagged_positions(attempt)
    context = {
        "attempt": attempt,
        "bank": attempt.test_bank,
        "cells": cells(sheet, range(1, attempt.total + 1), is_closed=False, flagged=flagged),
        "answered_count": len(sheet.answered),
        "unanswered_count": sheet.unanswered_count,
        "flagged_count": len(flagged),
        "next_unanswered": sheet.next_unanswered(),
        "seconds_left": seconds_left(attempt, at),
    }
    return render(request, "practice/finish.html", context)


@login_required
@require_POST
def pause(request: HttpRequest, attempt_id: uuid.UUID) -> HttpResponse:
    """Stop the clock of a session, where its learner may."""
    at = timezone.now()
    attempt = get_attempt(request, attempt_id, at=at)
    try:
        pause_attempt(attempt=attempt, at=at)
    except AttemptFinished:
        return SeeOther(result_url(attempt.pk))
    except CannotPause:
        messages.info(
            request,
            _(
                "You can't pause this exam because you didn't select “Let me pause this exam” "
                "when you started it."
            ),
        )
    return SeeOther(question_url(attempt, answer_sheet(attempt).next_unanswered() or 1))


@login_required
@require_POST
def resume(request: HttpRequest, attempt_id: uuid.UUID) -> HttpResponse:
    """Let the clock of a session run again."""
    at = timezone.now()
    attempt = get_attempt(request, attempt_id, at=at)
    resume_attempt(attempt=attempt, at=at)
    return SeeOther(question_url(attempt, answer_sheet(attempt).next_unanswered() or 1))


@login_required
@require_safe
def go_on(request: HttpRequest, attempt_id: uuid.UUID) -> HttpResponse:
    """Redirect to the first open question of a session."""
    attempt = get_attempt(request, attempt_id, at=timezone.now())
    if attempt.is_finished:
        return SeeOther(result_url(attempt.pk))
    return SeeOther(question_url(attempt, answer_sheet(attempt).next_unanswered() or attempt.total))


@login_required
@require_POST
def discard(request: HttpRequest, attempt_id: uuid.UUID) -> HttpResponse:
    """End a session that the user does not want to continue. Its answers stay in the history."""
    at = timezone.now()
    attempt = get_attempt(request, attempt_id, at=at)
    discard_attempt(attempt=attempt, at=at)
    messages.success(request, _("Session discarded. Your answers stay in your history."))
    return SeeOther(reverse("practice:home"))
