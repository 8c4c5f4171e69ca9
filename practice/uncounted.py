"""The answers of an attempt that arrived but do not count, as its learner sees them."""

from dataclasses import dataclass
from datetime import datetime

from catalog.models import TestBank
from practice.answer_sheet import AnswerSheet
from practice.models import Attempt, UncountedAnswer
from practice.shuffling import choice_order
from questions.models import QuestionVersion
from questions.rendering import letter

SHOWN_AT_MOST = 200


@dataclass(frozen=True)
class Uncounted:
    """An answer that does not count. `answer` is what was typed, or the letters of the choices."""

    position: int
    answer: str
    reason: str
    answered_at: datetime


def uncounted_of(sheet: AnswerSheet) -> list[Uncounted]:
    """List the answers that do not count, by position. One statement if there are none, else three.

    Without those that could not be graded and were answered again.
    """
    attempt = sheet.attempt
    late = UncountedAnswer.objects.filter(attempt=attempt).order_by("position", "sequence")
    rows = [
        row
        for row in late[:SHOWN_AT_MOST]
        if row.reason != UncountedAnswer.Reason.UNREADABLE or row.position not in sheet.answered
    ]
    if not rows:
        return []
    versions = QuestionVersion.objects.in_bulk({_version_id(attempt, row) for row in rows})
    banks = TestBank.objects.in_bulk({attempt.bank_id_at(row.position) for row in rows})
    return [
        Uncounted(
            position=row.position,
            answer=_words(
                row,
                attempt,
                versions[_version_id(attempt, row)],
                banks[attempt.bank_id_at(row.position)],
            ),
            reason=row.get_reason_display(),
            answered_at=row.answered_at,
        )
        for row in rows
    ]


def _version_id(attempt: Attempt, row: UncountedAnswer) -> int:
    return int(attempt.version_ids[row.position - 1])


def _words(row: UncountedAnswer, attempt: Attempt, version: QuestionVersion, bank: TestBank) -> str:
    values = [value for _name, value in row.fields]
    order = choice_order(
        version.item,
        seed=attempt.seed,
        position=row.position,
        is_pinned=bank.keeps_choice_order,
    )
    places = sorted(order.index(value) for value in values if value in order)
    return ", ".join(letter(place) for place in places) or " ".join(values)
