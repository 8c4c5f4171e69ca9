"""Which questions learners have answered, for whoever edits them."""

from collections.abc import Collection

from practice.models import Answer


def answered_questions(*, question_ids: Collection[int]) -> set[int]:
    """Return those of the questions, by id, that have an answer to any version."""
    answers = Answer.objects.filter(question__in=list(question_ids))
    return set(answers.values_list("question_id", flat=True).distinct())
