"""Keeping items as questions."""

import hashlib
import json
from collections.abc import Sequence

from django.db import transaction

from questions.items import Choice, Item
from questions.models import Question, QuestionVersion
from questions.text import with_html

ROWS_AT_ONCE = 500


@transaction.atomic
def store_items(*, items: Sequence[Item]) -> list[QuestionVersion]:
    """Keep each item as the first version of a new question; in the order given.

    Atomic: all or none. All texts are made safe here, whatever the caller did. Takes a
    fixed number of statements for each 500 items.
    """
    questions = Question.objects.bulk_create([Question() for _item in items], ROWS_AT_ONCE)
    versions = QuestionVersion.objects.bulk_create(
        (
            first_version(question, safe(item))
            for question, item in zip(questions, items, strict=True)
        ),
        ROWS_AT_ONCE,
    )
    for version in versions:
        version.question.current = version
    Question.objects.bulk_update(questions, ["current"], ROWS_AT_ONCE)
    return versions


def first_version(question: Question, item: Item) -> QuestionVersion:
    """The row, not yet written, that holds a safe item."""
    return QuestionVersion(
        question=question,
        kind=item.kind,
        domain=item.domain,
        difficulty=item.difficulty,
        fingerprint=fingerprint(item),
        content=item.model_dump(mode="json"),
    )


def safe(item: Item) -> Item:
    """The item with safe HTML beside every text."""
    return item.model_copy(
        update={
            "stem": with_html(item.stem),
            "explanation": with_html(item.explanation),
            "choices": tuple(_safe_choice(choice) for choice in item.choices),
        }
    )


def _safe_choice(choice: Choice) -> Choice:
    return choice.model_copy(
        update={"text": with_html(choice.text), "feedback": with_html(choice.feedback)}
    )


def fingerprint(item: Item) -> str:
    """Equal for equal kind, stem, choices and key, whatever the ids of the choices are."""
    parts = [
        item.kind,
        item.stem.source,
        *((choice.text.source, f"{choice.weight:g}") for choice in item.choices),
    ]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()
