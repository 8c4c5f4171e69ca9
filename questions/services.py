"""Store items as questions, and correct them."""

import hashlib
import json
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
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
    texts_of,
)
from questions.models import Question, QuestionPicture, QuestionVersion
from questions.text import with_html

ROWS_AT_ONCE = 500
# Few enough that a writer who waits for the transaction does not notice.
STAGED_AT_ONCE = 200
STAGED_FOR = timedelta(days=1)


@lru_cache(maxsize=500)
def item_of_version(version_id: int) -> Item:
    """Return the item of a version. Cached for the life of the process: versions are immutable.

    Raises: QuestionVersion.DoesNotExist.
    """
    return QuestionVersion.objects.get(pk=version_id).item


def store_items(*, items: Sequence[Item]) -> list[QuestionVersion]:
    """Store each item as the first version of a new question, in the order given.

    Atomic. Renders every text to safe HTML, whatever HTML the caller passes. Takes a fixed
    number of statements for each 500 items.
    """
    return _store([safe(item) for item in items], import_id=None)


def stage_items(*, items: Sequence[Item], import_id: uuid.UUID) -> list[QuestionVersion]:
    """Store items as questions of an import that no bank has yet, and that nobody sees.

    Takes a transaction for each STAGED_AT_ONCE items, so that other writers wait for one of them
    at most. `release_staged` ends the stage; what is left behind, `delete_staged` deletes.
    """
    versions: list[QuestionVersion] = []
    for start in range(0, len(items), STAGED_AT_ONCE):
        batch = [safe(item) for item in items[start : start + STAGED_AT_ONCE]]
        versions += _store(batch, import_id=import_id)
    return versions


def release_staged(*, import_id: uuid.UUID, unused: Collection[int]) -> None:
    """Make the staged questions of an import ordinary ones. Idempotent.

    `unused` are the ids of those that no bank took; they stay staged until `delete_staged`.
    """
    Question.objects.filter(import_id=import_id).exclude(pk__in=unused).update(import_id=None)


def delete_staged(*, at: datetime) -> int:
    """Delete what imports staged that ended a day ago, and return how many questions."""
    left = Question.objects.filter(import_id__isnull=False, created_at__lt=at - STAGED_FOR)
    batch = list(left.values_list("pk", flat=True)[:STAGED_AT_ONCE])
    with transaction.atomic():
        questions = Question.objects.filter(pk__in=batch, import_id__isnull=False)
        # A question protects its current version.
        questions.update(current=None)
        questions.delete()
    return len(batch)


def _store(items: Sequence[Item], *, import_id: uuid.UUID | None) -> list[QuestionVersion]:
    """Store safe items. What takes time happens before the transaction."""
    questions = [Question(import_id=import_id) for _item in items]
    versions = [
        first_version(question, item) for question, item in zip(questions, items, strict=True)
    ]
    with transaction.atomic():
        Question.objects.bulk_create(questions, ROWS_AT_ONCE)
        QuestionVersion.objects.bulk_create(versions, ROWS_AT_ONCE)
        _store_pictures(versions)
        for version in versions:
            version.question.current = version
        Question.objects.bulk_update(questions, ["current"], ROWS_AT_ONCE)
    return versions


def _store_pictures(versions: Iterable[QuestionVersion]) -> None:
    """Remember which pictures the questions show. Idempotent; no statement without pictures."""
    rows = {
        (version.question_id, name)
        for version in versions
        for text in texts_of(version.item)
        for _reference, name in text.pictures
    }
    QuestionPicture.objects.bulk_create(
        (QuestionPicture(question_id=question, name=name) for question, name in sorted(rows)),
        ROWS_AT_ONCE,
        ignore_conflicts=True,
    )


@transaction.atomic
def store_next_versions(*, changes: Sequence[tuple[Question, Item]]) -> list[QuestionVersion]:
    """Make each item the current version of its question. Earlier versions do not change.

    Atomic. Raises IntegrityError if a concurrent transaction added the same version. Takes a
    fixed number of statements for each 500 items.
    """
    versions = QuestionVersion.objects.bulk_create(
        (
            version_of(question, safe(item), number=current_of(question).number + 1)
            for question, item in changes
        ),
        ROWS_AT_ONCE,
    )
    _store_pictures(versions)
    for version in versions:
        version.question.current = version
    questions = [version.question for version in versions]
    Question.objects.bulk_update(questions, ["current"], ROWS_AT_ONCE)
    return versions


@transaction.atomic
def store_corrections(*, items: Mapping[int, Item]) -> set[int]:
    """Add a version to each question, by its id, whose item differs from the current version.

    Returns the ids of the corrected questions. Atomic and idempotent. Takes a fixed number of
    statements for each 500 items.
    """
    changes = corrections(items=items)
    store_next_versions(changes=changes)
    return {question.pk for question, _item in changes}


def corrections(*, items: Mapping[int, Item]) -> list[tuple[Question, Item]]:
    """Return the questions, by id, whose item differs from the current version. Reads only."""
    questions = Question.objects.select_related("current").in_bulk(list(items))
    return [
        (question, item)
        for pk, item in items.items()
        if not _is_same(current_of(question := questions[pk]).item, safe(item))
    ]


def _is_same(stored: Item, item: Item) -> bool:
    """Whether both have the same words and the same HTML, whatever their markup is called."""
    return map_texts(stored, _without_markup) == map_texts(item, _without_markup)


def _without_markup(text: Text) -> Text:
    return text.model_copy(update={"markup": "plain"})


def render_again(*, questions: Iterable[Question]) -> list[QuestionVersion]:
    """Add a version to each question whose stored HTML differs from what would be rendered today.

    The words stay the same; only their HTML changes, such as a formula that was shown as TeX.
    Idempotent.
    """
    changes: list[tuple[Question, Item]] = []
    for question in questions:
        item = current_of(question).item
        rendered = safe(with_formulas(item))
        if rendered != item:
            changes.append((question, rendered))
    return store_next_versions(changes=changes)


def current_of(question: Question) -> QuestionVersion:
    """Return the current version. Raises: QuestionVersion.DoesNotExist."""
    if question.current is None:
        raise QuestionVersion.DoesNotExist
    return question.current


def first_version(question: Question, item: Item) -> QuestionVersion:
    """Return the unsaved first version of a question, from a safe item."""
    return version_of(question, item, number=1)


def version_of(question: Question, item: Item, *, number: int) -> QuestionVersion:
    """Return an unsaved version of a question, from a safe item."""
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
    """Return the item, or a part of one, with every text rendered to safe HTML."""
    return map_texts(item, with_html)


def with_formulas(item: Part) -> Part:
    """Return the item with its formulas enabled: unmarked texts were stored as plain before."""
    return map_texts(item, _unmarked)


def _unmarked(text: Text) -> Text:
    is_tex = text.markup == "plain" and len(split_formulas(text.source)) > 1
    return text.model_copy(update={"markup": "text"}) if is_tex else text


def fingerprint(item: Item) -> str:
    """Return a hash of kind, stem, choices and key; the ids of the choices do not count."""
    pictures = [name for _reference, name in item.stem.pictures]
    parts = [item.kind, item.stem.source, *pictures, *_answers(item)]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


def _answers(item: Item) -> list[tuple[str, ...]]:
    """The answers with their weights."""
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
    """Only those that are set, so that older questions still have the same fingerprint."""
    rules = {"exact": item.is_exact, "ignores accents": item.ignores_accents}
    return [name for name, is_set in rules.items() if is_set]
