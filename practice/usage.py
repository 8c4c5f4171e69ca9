"""Which questions learners have answered and how, for whoever edits them; without the learners."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum

from accounts.models import User
from catalog.models import BankQuestion
from practice.models import Answer, SeenQuestion

VERSIONS_AT_ONCE = 50


def may_see_picture(*, name: str, user: User | AnonymousUser) -> bool:
    """Return True if a question that this person may see shows the picture. At most two statements.

    These are the samples of banks on sale, everything in a bank that the person ever owned, and
    what was shown to them in a session, which their history keeps.
    """
    places = BankQuestion.objects.filter(question__pictures__name=name)
    samples = Q(is_sample=True, state="published", test_bank__status="published")
    if isinstance(user, AnonymousUser):
        return places.filter(samples).exists()
    owned = Q(test_bank__accesses__learner=user)
    seen = SeenQuestion.objects.filter(learner=user, question__pictures__name=name)
    return places.filter(samples | owned).exists() or seen.exists()


def answered_questions(*, question_ids: Collection[int]) -> set[int]:
    """Return those of the questions, by id, that have an answer to any version."""
    answers = Answer.objects.filter(question__in=list(question_ids))
    return set(answers.values_list("question_id", flat=True).distinct())


@dataclass(frozen=True)
class GradedAnswer:
    """An answer that was graded, without its learner.

    `other_mean` is the mean mark of the other answers of the same attempt; None if it has none.
    """

    version_id: int
    mark: float
    other_mean: float | None
    chosen: tuple[str, ...]
    seconds: int | None
    is_first: bool


def newest_answer(*, test_bank_id: int) -> int:
    """Return the id of the bank's newest graded answer; 0 without any."""
    newest = _newest_first(test_bank_id).first()
    return newest or 0


def newest_answer_of(bank: OuterRef) -> Subquery:
    """The id of a bank's newest graded answer, as part of a query of banks."""
    return Subquery(_newest_first(bank)[:1])


def _newest_first(bank: int | OuterRef) -> QuerySet[Answer, int]:
    answers = Answer.objects.graded().filter(test_bank=bank)
    return answers.order_by("-pk").values_list("pk", flat=True)


def graded_answers(*, test_bank_id: int) -> Iterator[GradedAnswer]:
    """Yield the graded answers of a bank, those of one version after the other.

    A statement for each 50 versions, so that the database sorts few rows at a time, and a
    million answers need little memory. Leaves out attempts that were graded meanwhile.
    """
    answers = Answer.objects.graded().filter(test_bank=test_bank_id).order_by()
    sums = {
        attempt: (float(total), count)
        for attempt, total, count in answers.values_list("attempt").annotate(
            total=Sum("fraction"), count=Count("pk")
        )
    }
    versions = sorted(answers.values_list("version_id", flat=True).distinct())
    columns = ("attempt_id", "version_id", "fraction", "response", "seconds", "is_first")
    for first in range(0, len(versions), VERSIONS_AT_ONCE):
        some = answers.filter(version__in=versions[first : first + VERSIONS_AT_ONCE])
        rows = some.order_by("version_id", "pk").values_list(*columns)
        for attempt, version, fraction, response, seconds, is_first in rows.iterator(1000):
            if attempt not in sums:
                continue
            total, count = sums[attempt]
            mark = float(fraction)
            yield GradedAnswer(
                version_id=version,
                mark=mark,
                other_mean=(total - mark) / (count - 1) if count > 1 else None,
                chosen=tuple((response or {}).get("chosen", ())),
                seconds=seconds,
                is_first=is_first,
            )
