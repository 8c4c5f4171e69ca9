"""The history of a learner's sessions: pages, files, and the reset of progress."""

import csv
from collections.abc import Iterable
from datetime import datetime, tzinfo

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from catalog.http import SeeOther
from catalog.listing.owned_banks import owned_banks
from catalog.models import TestBank
from catalog.spreadsheets import cell
from practice.models import Answer, Attempt, Note
from practice.progress import Coverage, coverage_of
from practice.results import excerpt, score_percent
from practice.services import preferences_of, reset_progress
from practice.services.preferences import zone_of
from practice.services.selection import last_answers
from practice.trends import (
    change_of,
    chart_of,
    closed_banks,
    domain_trends,
    past_sessions,
    sparkline,
    trend,
)
from practice.views.attempts import learner_of

PER_PAGE = 25


@login_required
@require_safe
def history(request: HttpRequest, slug: str = "") -> HttpResponse:
    """Every session, the trend of the scores, and each domain: over all banks, or of one."""
    learner, at = learner_of(request), timezone.now()
    owned = owned_banks(learner, at=at)
    test_bank = _own_bank(request, slug) if slug else None
    bank_ids = [one.test_bank.pk for one in owned]
    points = trend(learner, test_bank)
    page = Paginator(past_sessions(learner, test_bank), PER_PAGE).get_page(request.GET.get("page"))
    coverage = coverage_of([test_bank.pk] if test_bank else bank_ids, last_answers(learner))
    zone = zone_of(preferences_of(learner))
    closed = closed_banks(learner, bank_ids, at=at)
    change = change_of(points)
    context = {
        "bank": test_bank,
        "owned_banks": owned,
        "page": page,
        "rows": [_row(attempt, closed) for attempt in page.object_list],
        "points": list(reversed(points)),
        "chart": chart_of(points) if len(points) > 1 else None,
        "change": change,
        "fall": -(change or 0),
        "pass_percent": test_bank.pass_percent if test_bank else None,
        "pass_y": _pass_y(test_bank),
        "coverage": _sum_of(coverage.values()),
        "domains": [
            (one, sparkline(one.weeks)) for one in domain_trends(learner, test_bank, zone=zone)
        ],
        "closed_reason": closed.get(test_bank.pk, "") if test_bank else "",
        "zone": zone,
    }
    return render(request, "practice/history.html", context)


def _pass_y(test_bank: TestBank | None) -> float | None:
    mark = test_bank.pass_percent if test_bank else None
    return None if mark is None else 10 + (100 - mark) * 2


def _sum_of(coverages: Iterable[Coverage]) -> Coverage:
    some = list(coverages)
    return Coverage(
        total=sum(one.total for one in some),
        seen=sum(one.seen for one in some),
        mastered=sum(one.mastered for one in some),
        mistakes=sum(one.mistakes for one in some),
    )


def _row(attempt: Attempt, closed: dict[int, str]) -> dict[str, object]:
    bank_id = attempt.test_bank_id
    return {
        "attempt": attempt,
        "percent": score_percent(attempt, attempt.test_bank),
        "closed": closed.get(bank_id, "") if bank_id else "",
    }


@login_required
@require_safe
def history_file(request: HttpRequest) -> HttpResponse:
    """Every session as a CSV file for spreadsheets; times are in the learner's time zone."""
    learner = learner_of(request)
    zone = zone_of(preferences_of(learner))
    response = _csv("sessions.csv")
    writer = csv.writer(response)
    writer.writerow(
        [
            *(_("Finished"), _("Test bank"), _("Session"), _("Questions"), _("Answered")),
            *(_("Points"), _("Percent"), _("Seconds"), _("Outcome")),
        ]
    )
    for one in past_sessions(learner, None).iterator(500):
        writer.writerow(
            [
                _local(one.finished_at, zone),
                cell(one.test_bank.title if one.test_bank else ""),
                one.get_selection_display(),
                *(one.counted, one.answered, f"{one.points:f}"),
                score_percent(one, one.test_bank),
                *(one.seconds_spent, one.get_ended_by_display()),
            ]
        )
    return response


@login_required
@require_safe
def answers_file(request: HttpRequest) -> HttpResponse:
    """Every graded answer as a CSV file, with what the learner noted at that version."""
    learner = learner_of(request)
    zone = zone_of(preferences_of(learner))
    notes = dict(Note.objects.filter(learner=learner).values_list("version_id", "text"))
    response = _csv("answers.csv")
    writer = csv.writer(response)
    writer.writerow(
        [
            *(_("Answered"), _("Test bank"), _("Domain"), _("Question"), _("Percent")),
            *(_("Seconds"), _("Not sure"), _("First time"), _("Note")),
        ]
    )
    answers = Answer.objects.graded().filter(learner=learner).order_by("pk")
    for one in answers.select_related("version", "test_bank").iterator(500):
        writer.writerow(
            [
                _local(one.answered_at, zone),
                *(cell(one.test_bank.title), cell(one.version.domain)),
                cell(excerpt(one.version.item.stem.html)),
                round(100 * one.fraction) if one.fraction is not None else "",
                *(one.seconds or "", int(one.is_unsure), int(one.is_first)),
                cell(notes.get(one.version_id, "")),
            ]
        )
    return response


@login_required
@require_safe
def reset_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask which part of a bank becomes new again."""
    test_bank = _own_bank(request, slug)
    zone = zone_of(preferences_of(learner_of(request)))
    trends = domain_trends(learner_of(request), test_bank, zone=zone)
    context = {"bank": test_bank, "domains": [one.domain for one in trends if one.domain]}
    return render(request, "practice/reset.html", context)


@login_required
@require_POST
def reset(request: HttpRequest, slug: str) -> HttpResponse:
    """Make the questions of a bank, or of one domain, new again; the history stays."""
    test_bank = _own_bank(request, slug)
    domain = request.POST.get("domain") or None
    reset_progress(
        learner=learner_of(request), test_bank=test_bank, domain=domain, at=timezone.now()
    )
    messages.success(request, _("Progress reset. Your history is unchanged."))
    return SeeOther(reverse("practice:history_of", args=[slug]))


def _own_bank(request: HttpRequest, slug: str) -> TestBank:
    """A bank that the user has or had. Raises: Http404."""
    owned = TestBank.objects.filter(accesses__learner=learner_of(request)).distinct()
    return get_object_or_404(owned, slug=slug)


def _csv(name: str) -> HttpResponse:
    """An empty file; the mark at its start tells Excel that it is UTF-8."""
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse("\ufeff", content_type="text/csv; charset=utf-8", headers=disposition)


def _local(at: datetime | None, zone: tzinfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S") if at else ""
