"""Grade the answers to earlier versions of a question again, after its author corrected it."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import override

from accounts.models import User
from catalog.models import BankQuestion
from catalog.services.changes import record_change
from outbox.services import queue_mail
from practice.corrections import BATCH_SIZE, Rise, earlier_answers, raise_answers
from questions.models import Question
from questions.services import current_of
from studio.errors import NothingToRegrade
from studio.models import AuditEntry, Correction, QuestionReport
from studio.services.audit import record
from studio.services.banks import lock_banks
from studio.services.reports import close_reports

# Those of larger corrections are graded by the worker.
BATCHES_AT_ONCE = 4
# An answer may be committed a while after the time that it carries.
OVERLAP = timedelta(minutes=10)


def correct_answers(
    *, place: BankQuestion, words: str, reply: str, by: User, at: datetime
) -> Correction:
    """Grade earlier answers by the question's current version, and close its open reports.

    Answers only ever rise. `words` stand in the list of changes of each bank that has the
    question, `reply` goes to the reporters. Learners whose answers rose are told by mail. What is
    many answers is finished by the worker, if there is one. Raises: NothingToRegrade.
    """
    correction = _record(place, words, reply, by, at)
    batches = 0
    while batches < BATCHES_AT_ONCE or not settings.WORKER:
        batches += 1
        if _grade_batch(correction, at=at):
            break
    return correction


def continue_corrections(*, at: datetime) -> int:
    """Finish corrections, and grade what sessions that began before them have added since.

    Returns how many answers rose. Idempotent, and safe to interrupt.
    """
    before = 0
    after = 0
    for correction in Correction.objects.due(at).select_related("version", "test_bank"):
        before += correction.raised
        while not _grade_batch(correction, at=at):
            pass
        _grade_late_answers(correction, at=at)
        after += correction.raised
    return after - before


@transaction.atomic
def _record(place: BankQuestion, words: str, reply: str, by: User, at: datetime) -> Correction:
    banks = lock_banks(question_ids=[place.question_id])
    # Lock first and read second: PostgreSQL takes its snapshot before it waits.
    question = Question.objects.select_for_update().get(pk=place.question_id)
    current = current_of(question)
    if current.number == 1 or Correction.objects.filter(version=current).exists():
        raise NothingToRegrade
    correction = Correction.objects.create(
        version=current, test_bank=place.test_bank, by=by, at=at, words=words, checked_at=at
    )
    states = dict(question.bank_questions.values_list("test_bank", "state"))
    for test_bank in banks:
        if states.get(test_bank.pk) in {BankQuestion.State.PUBLISHED, BankQuestion.State.RETIRED}:
            record_change(test_bank=test_bank, at=at, words=words)
    reports = question.reports.filter(state=QuestionReport.State.OPEN).select_related("test_bank")
    close_reports(reports=reports, state=QuestionReport.State.FIXED, reply=reply, by=by, at=at)
    detail = {"question": str(question.public_id), "version": current.number}
    kind = AuditEntry.Kind.ANSWERS_REGRADED
    record(kind=kind, actor=by, at=at, test_bank=place.test_bank, **detail)
    return correction


@transaction.atomic
def _grade_batch(correction: Correction, *, at: datetime) -> bool:
    """Grade the next answers, and return True once none are left."""
    locked = Correction.objects.select_for_update().get(pk=correction.pk)
    if not locked.is_complete:
        answers = earlier_answers(corrected=correction.version)
        following = answers.filter(pk__gt=locked.graded_until).order_by("pk")
        ids = list(following.values_list("pk", flat=True)[:BATCH_SIZE])
        _raise_and_tell(locked, ids, at)
        locked.graded_until = ids[-1] if ids else locked.graded_until
        locked.is_complete = len(ids) < BATCH_SIZE
        locked.save(update_fields=["graded_until", "is_complete"])
    correction.raised, correction.is_complete = locked.raised, locked.is_complete
    return locked.is_complete


@transaction.atomic
def _grade_late_answers(correction: Correction, *, at: datetime) -> None:
    """Grade what was answered, or graded at the end of an exam, since the last look."""
    locked = Correction.objects.select_for_update().get(pk=correction.pk)
    since = locked.checked_at - OVERLAP
    late = earlier_answers(corrected=correction.version).filter(
        Q(answered_at__gte=since) | Q(attempt__finished_at__gte=since)
    )
    _raise_and_tell(locked, list(late.values_list("pk", flat=True)), at)
    locked.checked_at = at
    locked.save(update_fields=["checked_at"])
    correction.raised = locked.raised


def _raise_and_tell(correction: Correction, answer_ids: Collection[int], at: datetime) -> None:
    rises = raise_answers(corrected=correction.version, answer_ids=answer_ids, at=at)
    if rises:
        Correction.objects.filter(pk=correction.pk).update(raised=F("raised") + len(rises))
        correction.raised += len(rises)
        _tell_learners(correction, rises, at)


def _tell_learners(correction: Correction, rises: Sequence[Rise], at: datetime) -> None:
    """One mail for a learner and a correction, however many of their sessions rose."""
    attempts: defaultdict[int, list[Rise]] = defaultdict(list)
    for rise in rises:
        attempts[rise.learner_id].append(rise)
    title, language = correction.test_bank.title, correction.test_bank.language
    known = {code for code, _name in settings.LANGUAGES}
    people = User.objects.filter(pk__in=attempts, is_active=True).in_bulk()
    with override(language if language in known else settings.LANGUAGE_CODE):
        for learner_id, person in people.items():
            latest = attempts[learner_id][-1].attempt_id
            queue_mail(
                key=f"correction-{correction.pk}-{learner_id}",
                recipient=person.email,
                template="studio/email/answers_regraded",
                context={
                    "title": title,
                    "words": correction.words,
                    "count": len({rise.attempt_id for rise in attempts[learner_id]}),
                    "path": reverse("practice:result", args=[latest]),
                },
                at=at,
            )
