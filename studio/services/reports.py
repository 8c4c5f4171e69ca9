"""Reports from learners: take them, merge doubles, and tell the reporters how they ended."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils.translation import override

from accounts.models import User
from catalog.models import TestBank
from outbox.services import queue_mail
from questions.models import QuestionVersion
from studio.errors import ReportClosed
from studio.models import AuditEntry, QuestionReport, QuestionReporter
from studio.services.audit import record

State = QuestionReport.State


@transaction.atomic
def report_question(
    *,
    learner: User,
    test_bank: TestBank,
    version: QuestionVersion,
    reason: str,
    words: str,
    language: str,
    at: datetime,
) -> QuestionReport:
    """Add a learner's report to the open one of the same question and reason, or open one.

    Idempotent: reporting again replaces the learner's words. Safe for several at once.
    """
    same = {"test_bank": test_bank, "question_id": version.question_id, "reason": reason}
    fresh = QuestionReport(**same, version=version, opened_at=at)
    # No row if a concurrent transaction opened the same report.
    QuestionReport.objects.bulk_create([fresh], ignore_conflicts=True)
    opened = QuestionReport.objects.select_for_update().filter(**same, state=State.OPEN)
    # None if that report was closed at this moment.
    report = opened.first() or QuestionReport.objects.create(**same, version=version, opened_at=at)
    _reporter, is_new = QuestionReporter.objects.update_or_create(
        report=report,
        learner=learner,
        defaults={"words": words, "language": language},
        create_defaults={"words": words, "language": language, "at": at},
    )
    if is_new:
        QuestionReport.objects.filter(pk=report.pk).update(reporter_count=F("reporter_count") + 1)
    return report


@transaction.atomic
def close_report(
    *, report: QuestionReport, state: State, reply: str, by: User, at: datetime
) -> None:
    """Close a report as fixed or unchanged, and mail the reporters. Raises: ReportClosed."""
    if not close_reports(reports=[report], state=state, reply=reply, by=by, at=at):
        raise ReportClosed


def close_reports(
    *, reports: Iterable[QuestionReport], state: State, reply: str, by: User, at: datetime
) -> int:
    """Close those that are still open; how many. The caller owns the transaction."""
    count = 0
    for report in reports:
        still_open = QuestionReport.objects.filter(pk=report.pk, state=State.OPEN)
        closed = still_open.update(state=state, reply=reply, closed_by=by, closed_at=at)
        if closed:
            count += 1
            _tell_reporters(report, state, reply, at)
            detail = {"report": str(report.pk), "state": state, "reason": report.reason}
            kind = AuditEntry.Kind.REPORT_CLOSED
            record(kind=kind, actor=by, at=at, test_bank=report.test_bank, **detail)
    return count


def _tell_reporters(report: QuestionReport, state: State, reply: str, at: datetime) -> None:
    for reporter in report.reporters.filter(learner__is_active=True).select_related("learner"):
        with override(reporter.language):
            queue_mail(
                key=f"report-{report.pk}-{reporter.learner_id}",
                recipient=reporter.learner.email,
                template="studio/email/report_closed",
                context={
                    "title": report.test_bank.title,
                    "is_fixed": state == State.FIXED,
                    "reply": reply,
                    "path": reverse("reports:mine"),
                },
                at=at,
            )
