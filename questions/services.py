"""Keeping items as questions."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from django.db import transaction

from questions.formulas import split_formulas
from questions.items import (
    Essay,
    Item,
    Matching,
    Numeric,
    Part,
    Passage,
    ShortAnswer,
    Text,
    map_texts,
)
from questions.models import Question, QuestionVersion
from questions.text import with_html

ROWS_AT_ONCE = 500


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


@transaction.atomic
def store_next_versions(*, changes: Sequence[tuple[Question, Item]]) -> list[QuestionVersion]:
    """Make each item the current version of its question; past attempts keep the version before.

    Atomic. The questions need their `current`. Two at once for one question: one of them
    raises IntegrityError. Takes a fixed number of statements for each 500 items.
    """
    versions = QuestionVersion.objects.bulk_create(
        (
            version_of(question, safe(item), number=current_of(question).number + 1)
            for question, item in changes
        ),
        ROWS_AT_ONCE,
    )
    for version in versions:
        version.question.current = version
    questions = [version.question for version in versions]
    Question.objects.bulk_update(questions, ["current"], ROWS_AT_ONCE)
    return versions


@transaction.atomic
def store_corrections(*, items: Mapping[int, Item]) -> set[int]:
    """Correct questions, by their id, where an item differs from the current version.

    Return the ids of those that were. Atomic and idempotent; takes a fixed number of
    statements for each 500 items.
    """
    questions = Question.objects.select_related("current").in_bulk(list(items))
    changes = [
        (question, item)
        for pk, item in items.items()
        if not _is_same(current_of(question := questions[pk]).item, safe(item))
    ]
    store_next_versions(changes=changes)
    return {question.pk for question, _item in changes}


def _is_same(stored: Item, item: Item) -> bool:
    """True where both say and show the same; by which markup they do is no difference."""
    return map_texts(stored, _without_markup) == map_texts(item, _without_markup)


def _without_markup(text: Text) -> Text:
    return text.model_copy(update={"markup": "plain"})


def render_again(*, questions: Iterable[Question]) -> list[QuestionVersion]:
    """Store a next version of each question that the rules of today show otherwise.

    The words stay the same; only what is shown of them changes, such as a formula that stood
    there as TeX. The questions need their `current`. Idempotent.
    """
    changes: list[tuple[Question, Item]] = []
    for question in questions:
        item = current_of(question).item
        rendered = safe(with_formulas(item))
        if rendered != item:
            changes.append((question, rendered))
    return store_next_versions(changes=changes)


def current_of(question: Question) -> QuestionVersion:
    """The current version of a question that was stored."""
    if question.current is None:
        raise QuestionVersion.DoesNotExist
    return question.current


def first_version(question: Question, item: Item) -> QuestionVersion:
    """The row, not yet written, that holds a safe item."""
    return version_of(question, item, number=1)


def version_of(question: Question, item: Item, *, number: int) -> QuestionVersion:
    """The row, not yet written, that holds a safe item as this version of a question."""
    return QuestionVersion(
        question=question,
        number=number,
        kind=item.kind,
        domain=item.domain,
        difficulty=item.difficulty,
        fingerprint=fingerprint(item),
        content=item.model_dump(mode="json"),
    )


def safe(item: Part) -> Part:
    """The item, or a part of one, with safe HTML beside every text in it."""
    return map_texts(item, with_html)


def with_formulas(item: Part) -> Part:
    """The item with its formulas to be set: before there were any, unmarked texts were plain."""
    return map_texts(item, _unmarked)


def _unmarked(text: Text) -> Text:
    is_tex = text.markup == "plain" and len(split_formulas(text.source)) > 1
    return text.model_copy(update={"markup": "text"}) if is_tex else text


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
