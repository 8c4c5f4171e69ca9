"""Grade stored answers again once the rules of grading have become better."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import F

from practice.models import Answer, Attempt
from practice.services.answering import as_decimal
from questions.grading import (
    GRADING_RULES,
    RESPONSE,
    NumberResponse,
    Response,
    ResponseError,
    grade,
)

# The kinds whose rules have changed since `GRADING_RULES` was 1.
KINDS = ("numeric", "short_answer")
BATCH_SIZE = 500


@dataclass
class RegradeReport:
    """How many answers were graded again, and how many of them earn more than before."""

    checked: int = 0
    raised: int = 0


def regrade_answers(*, at: datetime) -> RegradeReport:
    """Grade the answers again that older rules judged; what an answer earns only ever rises.

    Each batch is a transaction. Idempotent, and safe to interrupt: an answer that was graded by
    today's rules is not looked at again.
    """
    report = RegradeReport()
    while batch := _next_batch():
        report.checked += len(batch)
        report.raised += _regrade(batch, at=at)
    return report


def _next_batch() -> list[Answer]:
    outdated = Answer.objects.filter(
        grading_rules__lt=GRADING_RULES, fraction__lt=1, version__kind__in=KINDS
    )
    related = outdated.select_related("version", "test_bank")
    return list(related.order_by("pk")[:BATCH_SIZE])


@transaction.atomic
def _regrade(answers: Sequence[Answer], *, at: datetime) -> int:
    """Store the new grades of these answers; return how many rose."""
    risen = [(answer, fraction) for answer in answers if (fraction := _rise(answer)) is not None]
    for answer, fraction in risen:
        before = answer.fraction if answer.fraction_before is None else answer.fraction_before
        Answer.objects.filter(pk=answer.pk, fraction=answer.fraction).update(
            fraction=fraction, fraction_before=before, regraded_at=at
        )
        Attempt.objects.finished().filter(pk=answer.attempt_id).update(
            points=F("points") + fraction - answer.fraction
        )
    Answer.objects.filter(pk__in=[answer.pk for answer in answers]).update(
        grading_rules=GRADING_RULES
    )
    return len(risen)


def _rise(answer: Answer) -> Decimal | None:
    """What the answer earns today where that is more; None where it is not, or not judged."""
    language = answer.test_bank.language
    if answer.fraction is None:
        return None
    try:
        worth = grade(answer.version.item, _response(answer, language), language=language)
    except ResponseError:
        return None
    fraction = as_decimal(worth.fraction)
    return fraction if fraction > answer.fraction else None


def _response(answer: Answer, language: str) -> Response:
    """Numbers did not carry the language of their page; the bank's is the best guess."""
    response = RESPONSE.validate_python(answer.response)
    if isinstance(response, NumberResponse) and not response.language:
        return response.model_copy(update={"language": language})
    return response
