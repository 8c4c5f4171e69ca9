"""Past sessions for a learner who has one. Imported inside `manage.py shell` only."""

import uuid
from datetime import timedelta

from django.db import transaction

from practice.models import Answer, Attempt

ANSWERS = 20
BATCH = 100


@transaction.atomic
def repeat_session(attempt_id: str, count: int) -> None:
    """Copy a finished session until there are so many, a day apart, each with 20 answers."""
    attempt = Attempt.objects.get(pk=attempt_id)
    answers = list(attempt.answers.order_by("position"))
    for first in range(1, count, BATCH):
        numbers = range(first, min(first + BATCH, count))
        copies = [_copy(attempt, number) for number in numbers]
        Attempt.objects.bulk_create(copies)
        Answer.objects.bulk_create(
            _answer(copy, answers[(number * ANSWERS + place) % len(answers)])
            for number, copy in zip(numbers, copies, strict=True)
            for place in range(ANSWERS)
        )


def _copy(attempt: Attempt, number: int) -> Attempt:
    copy = Attempt.objects.get(pk=attempt.pk)
    copy.pk = uuid.uuid4()
    copy.started_at = attempt.started_at - timedelta(days=number)
    copy.finished_at = copy.started_at + timedelta(minutes=20)
    return copy


def _answer(attempt: Attempt, answer: Answer) -> Answer:
    fields = {field.attname: getattr(answer, field.attname) for field in Answer._meta.fields}
    known = {"id": None, "attempt_id": attempt.pk, "answered_at": attempt.finished_at}
    return Answer(**(fields | known | {"is_first": False}))
