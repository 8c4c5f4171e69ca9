"""Keeping items as questions."""

import hashlib
import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeVar

from django.db import transaction

from questions.items import (
    Essay,
    Frozen,
    Item,
    Matching,
    Numeric,
    Passage,
    ShortAnswer,
    Text,
)
from questions.models import Question, QuestionVersion
from questions.text import with_html

ROWS_AT_ONCE = 500

Part = TypeVar("Part", bound=Frozen)


@lru_cache(maxsize=500)
def item_of_version(version_id: int) -> Item:
    """The item of a version, read once in a process: the database lets no version change.

    Raises: QuestionVersion.DoesNotExist.
    """
    return QuestionVersion.objects.get(pk=version_id).item


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


def safe(item: Part) -> Part:
    """The item, or a part of one, with safe HTML beside every text in it."""
    return item.model_copy(
        update={name: _safe_value(getattr(item, name)) for name in type(item).model_fields}
    )


def _safe_value(value: Any) -> Any:
    """Goes into all that an item is made of, so that no text of a kind to come is forgotten."""
    if isinstance(value, Text):
        return with_html(value)
    if isinstance(value, tuple):
        return tuple(_safe_value(part) for part in value)
    return safe(value) if isinstance(value, Frozen) else value


def fingerprint(item: Item) -> str:
    """Equal for equal kind, stem, choices and key, whatever the ids of the choices are."""
    pictures = [name for _reference, name in item.stem.pictures]
    parts = [item.kind, item.stem.source, *pictures, *_answers(item)]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


def _answers(item: Item) -> list[tuple[str, ...]]:
    """What may be answered, with its weights."""
    if isinstance(item, Numeric):
        return [
            (f"{number.low.normalize()}", f"{number.high.normalize()}", f"{number.weight:g}")
            for number in item.accepted
        ]
    if isinstance(item, ShortAnswer):
        rules = (str(item.is_case_sensitive), *_further_rules(item))
        return [(words.text, f"{words.weight:g}", *rules) for words in item.accepted]
    if isinstance(item, Matching):
        pairs = [(pair.prompt.source, pair.answer.source) for pair in item.pairs]
        return [*pairs, *((answer.source,) for answer in item.distractors)]
    if isinstance(item, Essay | Passage):
        return []
    return [
        (choice.text.source, f"{choice.weight:g}", *(name for _, name in choice.text.pictures))
        for choice in item.choices
    ]


def _further_rules(item: ShortAnswer) -> list[str]:
    """Only those that are set: questions stored before they existed keep their fingerprint."""
    rules = {"exact": item.is_exact, "ignores accents": item.ignores_accents}
    return [name for name, is_set in rules.items() if is_set]
