"""Lint the questions of a bank, as an editor would."""

from collections.abc import Iterator

from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from catalog.models import TestBank
from catalog.services.blueprint import BlueprintError, shortages_of
from questions.images import FOLDER
from questions.items import texts_of
from questions.linting import Finding, Linted, Placed, lint_stored
from questions.linting.findings import found
from questions.models import QuestionVersion


def lint_bank(test_bank: TestBank) -> Linted:
    """Look at the current questions of a bank; a line is the position in it. Two statements.

    Pictures that the storage has lost are found as well.
    """
    placed = list(
        test_bank.bank_questions.order_by("position").values_list("position", "question__current")
    )
    versions = QuestionVersion.objects.in_bulk([version for _position, version in placed])
    items = [versions[version].item for _position, version in placed]
    linted = lint_stored(items, [position for position, _version in placed])
    lost = [finding for question in linted.questions for finding in _lost_pictures(question)]
    return Linted(linted.questions, (*linted.findings, *lost))


def exam_warnings(test_bank: TestBank) -> list[str]:
    """Why learners cannot take the exam of a bank, in words; empty if they can. One statement."""
    try:
        shortages = shortages_of(test_bank)
    except BlueprintError:
        return [_("The exam blueprint is invalid, so learners cannot take the exam.")]
    words = _(
        "The exam does not have enough questions from “%(part)s” (%(count)d needed, "
        "%(available)d available). "
        "Learners cannot take the exam until there are enough questions."
    )
    return [
        words
        % {
            "count": one.section.count,
            "part": one.section.group or one.section.domain or test_bank.title,
            "available": one.available,
        }
        for one in shortages
    ]


def _lost_pictures(question: Placed) -> Iterator[Finding]:
    names = {name for text in texts_of(question.item) for _reference, name in text.pictures}
    for name in sorted(names):
        if not default_storage.exists(f"{FOLDER}/{name}"):
            text = _(
                "The image %(name)s is missing. Import the question again, or restore the file."
            )
            yield found(question, "lost-picture", text % {"name": name})
