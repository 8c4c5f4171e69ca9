"""The result of a session."""

import uuid
from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import User
from practice.answer_sheet import answer_sheet, cells
from practice.models import Attempt
from practice.results import missed, pass_mark, result_of
from practice.uncounted import uncounted_of
from practice.views.attempts import (
    ended_banks,
    get_attempt,
    learner_of,
    live_banks,
    renewable_banks,
)


@login_required
@require_safe
def result(request: HttpRequest, attempt_id: uuid.UUID) -> HttpResponse:
    """Show the score by domain and the answer sheet, also after the access has ended."""
    at = timezone.now()
    attempt = get_attempt(request, attempt_id, at=at)
    sheet, live = answer_sheet(attempt), live_banks(attempt, at=at)
    is_closed = attempt.is_finished or not live
    opens_all = not is_closed or (attempt.is_exam and bool(live))
    pass_percent = pass_mark(attempt, attempt.test_bank)
    context = {
        "attempt": attempt,
        "bank": attempt.test_bank,
        "can_open_bank": bool(live),
        **({} if live else _ended_access(attempt, learner=learner_of(request), at=at)),
        "result": result_of(sheet, pass_percent=pass_percent),
        "pass_percent": pass_percent,
        "cells": cells(sheet, range(1, attempt.total + 1), is_closed=not opens_all),
        "answered_count": len(sheet.answered),
        "unanswered_count": sheet.unanswered_count,
        "left_out_count": len(attempt.left_out),
        "wrong_count": sum(1 for fraction in sheet.fractions.values() if fraction < 1),
        "next_unanswered": sheet.next_unanswered(),
        "is_running_exam": attempt.is_exam and not attempt.is_finished,
        "missed": missed(sheet),
        "regraded": sheet.regraded,
        "uncounted": uncounted_of(sheet),
    }
    return render(request, "practice/result.html", context)


def _ended_access(attempt: Attempt, *, learner: User, at: datetime) -> dict[str, Any]:
    """Why the access ended, as `OwnedBank.ended` says it, or "" if the banks differ.

    With the banks where it can be renewed. One statement.
    """
    banks = ended_banks(attempt, learner=learner, at=at)
    reasons = {one.ended for one in banks}
    return {
        "ended": reasons.pop() if len(reasons) == 1 else "",
        "renewable": renewable_banks(attempt, banks),
    }
