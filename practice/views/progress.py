"""How far the user is in each bank. "My banks" loads its fragments from this page."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from practice.progress import open_sessions, progress_of
from practice.views.attempts import learner_of


@login_required
@require_safe
def progress(request: HttpRequest) -> HttpResponse:
    """Each bank with its progress, and what can be done next."""
    banks = progress_of(learner_of(request), at=timezone.now())
    return render(request, "practice/progress.html", {"progress": banks})


@login_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The start of practice: open sessions, new ones, and each bank."""
    learner, at = learner_of(request), timezone.now()
    context = {
        "sessions": open_sessions(learner, at=at),
        "progress": progress_of(learner, at=at),
    }
    return render(request, "practice/home.html", context)
