"""Compute and store the item statistics of banks."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby

from django.db import transaction
from django.db.models import F, Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from catalog.models import TestBank
from practice.usage import GradedAnswer, graded_answers, newest_answer, newest_answer_of
from questions.items import ChoiceItem
from questions.services import item_of_version
from studio.models import ItemStatistics
from studio.statistics import (
    FEWEST,
    Exposure,
    distractor_table,
    figures_of,
    key_alarm,
    median_seconds,
    shares,
)

MOST_BANKS = 20


@transaction.atomic
def compute_statistics(*, test_bank: TestBank, at: datetime) -> int:
    """Compute the statistics of a bank from all its answers; return for how many versions.

    Idempotent, and safe for two at once: the second waits for the bank's row.
    """
    TestBank.objects.select_for_update().get(pk=test_bank.pk)
    until = newest_answer(test_bank_id=test_bank.pk)
    answers = graded_answers(test_bank_id=test_bank.pk)
    rows = [
        _row(test_bank, version, list(group), until, at)
        for version, group in groupby(answers, key=lambda answer: answer.version_id)
    ]
    ItemStatistics.objects.filter(test_bank=test_bank).delete()
    ItemStatistics.objects.bulk_create(rows, 500)
    return len(rows)


def compute_due_statistics(*, at: datetime) -> int:
    """Compute the statistics of banks that have answers newer than theirs; how many banks."""
    due = list(_due()[:MOST_BANKS])
    for test_bank in due:
        compute_statistics(test_bank=test_bank, at=at)
    return len(due)


def _due() -> QuerySet[TestBank]:
    """Select banks by their newest graded answer, which an index finds. One statement."""
    stored = ItemStatistics.objects.filter(test_bank=OuterRef("pk")).order_by()
    until = stored.values("test_bank").annotate(until=Max("answers_until")).values("until")
    banks = TestBank.objects.annotate(
        newest=newest_answer_of(OuterRef("pk")), until=Coalesce(Subquery(until), 0)
    )
    return banks.filter(newest__gt=F("until")).order_by("pk")


def _row(
    test_bank: TestBank, version_id: int, answers: list[GradedAnswer], until: int, at: datetime
) -> ItemStatistics:
    first = [answer for answer in answers if answer.is_first]
    repeats = [answer for answer in answers if not answer.is_first]
    row = ItemStatistics(
        test_bank=test_bank,
        version_id=version_id,
        first_count=len(first),
        repeat_count=len(repeats),
        answers_until=until,
        computed_at=at,
    )
    if len(first) < FEWEST:
        return row
    exposures = list(_exposures(first))
    row.facility = 100 * _mean(answer.mark for answer in first)
    row.repeat_facility = 100 * _mean(answer.mark for answer in repeats) if repeats else None
    row.median_seconds = median_seconds(exposures)
    if len(exposures) > 1:
        figures = figures_of(
            [exposure.mark for exposure in exposures], [exposure.other for exposure in exposures]
        )
        row.discrimination, row.efficiency = figures.discrimination, figures.efficiency
        row.distractors = shares(distractor_table(exposures))
    item = item_of_version(version_id)
    if isinstance(item, ChoiceItem) and (alarm := key_alarm(exposures, item.key)):
        row.suspect, row.suspicion = alarm
    return row


def _exposures(answers: Iterable[GradedAnswer]) -> Iterator[Exposure]:
    """Answers that can be compared with others of the same attempt."""
    for answer in answers:
        if answer.other_mean is not None:
            yield Exposure(answer.mark, answer.other_mean, answer.chosen, answer.seconds)


def _mean(marks: Iterable[float]) -> float:
    values = list(marks)
    return sum(values) / len(values)
