"""Change many questions of a bank at once: look first, then apply, then undo if need be."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from catalog.indexing.banks import reindex_bank
from catalog.models import BankQuestion, TestBank
from catalog.services.changes import record_change
from questions.items import ASKABLE, Difficulty, Item
from questions.models import Question, QuestionVersion
from questions.services import store_next_versions
from studio.errors import NothingToUndo, TooManySamples
from studio.models import AuditEntry, BulkEdit
from studio.services.audit import record
from studio.services.banks import check_sellable, lock_banks, next_position

Action = BulkEdit.Action
State = BankQuestion.State
# Actions that make the next version of a question.
EDITS_CONTENT = frozenset({Action.DOMAIN, Action.DIFFICULTY, Action.ADD_TAG, Action.REMOVE_TAG})
STATE_OF = {
    Action.DRAFT: State.DRAFT,
    Action.REVIEW: State.REVIEW,
    Action.PUBLISH: State.PUBLISHED,
    Action.RETIRE: State.RETIRED,
}
# Actions after which a bank may have less to sell.
TAKES_AWAY = frozenset({Action.DRAFT, Action.REVIEW, Action.RETIRE, Action.SAMPLE, Action.MOVE})
# Actions that a bank's buyers see, so that not every author may take them.
PUBLISHES = frozenset({Action.PUBLISH, Action.RETIRE, Action.SAMPLE, Action.NO_SAMPLE})


@dataclass(frozen=True)
class Change:
    """What an edit does to one question, in words. `other_banks` have the question too."""

    place: BankQuestion
    before: str
    after: str
    other_banks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Edit:
    """An action on some questions of a bank, not carried out yet.

    `target` is for copy and move; `state_there` the state that the questions get in it, where they
    do not keep their own.
    """

    test_bank: TestBank
    action: Action
    value: str
    places: Sequence[BankQuestion]
    target: TestBank | None = None
    state_there: State | None = None


def preview_edit(edit: Edit) -> list[Change]:
    """What the edit would change; questions that it leaves as they are have no entry.

    Raises: TooManySamples.
    """
    _check_samples(edit)
    describe = _DESCRIBED[edit.action]
    shared = _other_banks(edit) if edit.action in EDITS_CONTENT else {}
    known = _known_to_target(edit)
    changes = []
    for place in edit.places:
        if place.question_id in known:
            continue
        before, after = describe(edit, place)
        if before != after:
            changes.append(Change(place, before, after, shared.get(place.question_id, ())))
    return changes


@transaction.atomic
def apply_edit(*, edit: Edit, by: User, at: datetime) -> BulkEdit:
    """Carry the edit out, and store what undoes it. Raises: TooManySamples, NothingLeft."""
    edited = [place.question_id for place in edit.places] if edit.action in EDITS_CONTENT else []
    banks = lock_banks(edit.test_bank, edit.target, question_ids=edited)
    changes = preview_edit(edit)
    places = [change.place for change in changes]
    before = _apply(edit, places)
    if places and edit.action in TAKES_AWAY:
        check_sellable(edit.test_bank)
    stored = BulkEdit.objects.create(
        test_bank=edit.test_bank,
        by=by,
        at=at,
        action=edit.action,
        value=edit.value[:200],
        before=before,
    )
    detail = {"action": edit.action, "value": edit.value, "questions": len(places)}
    record(
        kind=AuditEntry.Kind.QUESTIONS_EDITED,
        actor=by,
        at=at,
        test_bank=edit.test_bank,
        edit=stored.pk,
        **detail,
    )
    _tell_buyers(edit, len(places), at)
    for test_bank in banks:
        reindex_bank(test_bank=test_bank, at=at)
    return stored


@transaction.atomic
def undo_edit(*, edit: BulkEdit, by: User, at: datetime) -> int:
    """Put everything back that nobody has changed since; return how many questions.

    Raises: NothingLeft, and NothingToUndo if it was undone before.
    """
    other = TestBank.objects.filter(slug=edit.value).first() if _is_transfer(edit) else None
    banks = lock_banks(edit.test_bank, other, question_ids=_edited_questions(edit))
    if not BulkEdit.objects.filter(pk=edit.pk, undone_at=None).update(undone_at=at):
        raise NothingToUndo
    count = _undo(edit)
    if edit.action not in EDITS_CONTENT:
        check_sellable(*banks)
    record(
        kind=AuditEntry.Kind.EDIT_UNDONE,
        actor=by,
        at=at,
        test_bank=edit.test_bank,
        edit=edit.pk,
        questions=count,
    )
    for test_bank in banks:
        reindex_bank(test_bank=test_bank, at=at)
    return count


def _edited_questions(edit: BulkEdit) -> list[int]:
    if Action(edit.action) not in EDITS_CONTENT:
        return []
    places = BankQuestion.objects.filter(pk__in=[row[0] for row in edit.before])
    return list(places.values_list("question_id", flat=True))


def _is_transfer(edit: BulkEdit) -> bool:
    return edit.action in {Action.COPY, Action.MOVE}


def _check_samples(edit: Edit) -> None:
    """A bank whose questions are all samples would be given away."""
    if edit.action != Action.SAMPLE:
        return
    chosen = {place.pk for place in edit.places}
    others = edit.test_bank.bank_questions.askable().exclude(pk__in=chosen)
    if not others.filter(is_sample=False).exists():
        raise TooManySamples(edit.test_bank)


def _known_to_target(edit: Edit) -> set[int]:
    """The ids of questions that cannot be copied or moved, because the target has them."""
    if edit.target is None:
        return set()
    return set(edit.target.bank_questions.values_list("question_id", flat=True))


def _other_banks(edit: Edit) -> dict[int, tuple[str, ...]]:
    """The other banks of each question: an edit of the content changes it there too."""
    places = BankQuestion.objects.filter(
        question__in=[place.question_id for place in edit.places]
    ).exclude(test_bank=edit.test_bank)
    found: dict[int, tuple[str, ...]] = {}
    for question, title in places.values_list("question_id", "test_bank__title"):
        found[question] = (*found.get(question, ()), title)
    return found


# What each action changes in one question, as words: before and after.


def _version(place: BankQuestion) -> QuestionVersion:
    return cast(QuestionVersion, place.question.current)


def _content(edit: Edit, place: BankQuestion) -> tuple[str, str]:
    version = _version(place)
    item = version.item
    edited = edited_item(item, edit.action, edit.value)
    return _field(item, edit.action), _field(edited, edit.action)


def _field(item: Item, action: Action) -> str:
    if action == Action.DOMAIN:
        return item.domain
    return str(item.difficulty) if action == Action.DIFFICULTY else ", ".join(item.tags)


def _state(edit: Edit, place: BankQuestion) -> tuple[str, str]:
    return str(State(place.state).label), str(STATE_OF[edit.action].label)


def _sample(edit: Edit, place: BankQuestion) -> tuple[str, str]:
    words = {True: _("Sample"), False: _("Not a sample")}
    return words[place.is_sample], words[edit.action == Action.SAMPLE]


def _transfer(edit: Edit, place: BankQuestion) -> tuple[str, str]:
    return edit.test_bank.title, cast(TestBank, edit.target).title


def _position(edit: Edit, place: BankQuestion) -> tuple[str, str]:
    index = [each.pk for each in edit.places].index(place.pk)
    return str(place.position), str(int(edit.value) + index)


_DESCRIBED: dict[Action, Callable[[Edit, BankQuestion], tuple[str, str]]] = {
    **dict.fromkeys(EDITS_CONTENT, _content),
    **dict.fromkeys(STATE_OF, _state),
    Action.SAMPLE: _sample,
    Action.NO_SAMPLE: _sample,
    Action.COPY: _transfer,
    Action.MOVE: _transfer,
    Action.ORDER: _position,
}


def edited_item(item: Item, action: Action, value: str) -> Item:
    """Return the item with its domain, difficulty or tags changed."""
    if action == Action.DOMAIN:
        return item.model_copy(update={"domain": value})
    if action == Action.DIFFICULTY:
        return item.model_copy(update={"difficulty": Difficulty(value)})
    if action == Action.ADD_TAG:
        tags = tuple(dict.fromkeys((*item.tags, value)))
    else:
        tags = tuple(tag for tag in item.tags if tag != value)
    return item.model_copy(update={"tags": tags})


# Carrying out


def _apply(edit: Edit, places: Sequence[BankQuestion]) -> list[list[Any]]:
    if edit.action in EDITS_CONTENT:
        return _apply_content(edit, places)
    if edit.action in STATE_OF:
        return _apply_column(places, "state", STATE_OF[edit.action])
    if edit.action in {Action.SAMPLE, Action.NO_SAMPLE}:
        return _apply_column(places, "is_sample", edit.action == Action.SAMPLE)
    if edit.action == Action.ORDER:
        return _apply_order(edit, places)
    return _apply_transfer(edit, places)


def _apply_content(edit: Edit, places: Sequence[BankQuestion]) -> list[list[Any]]:
    ids = [place.question_id for place in places]
    # Lock first and read second: PostgreSQL takes its snapshot before it waits.
    list(Question.objects.select_for_update().filter(pk__in=ids).order_by("pk"))
    locked = Question.objects.select_related("current").in_bulk(ids)
    changes = [
        (locked[pk], edited_item(_current(locked[pk]).item, edit.action, edit.value)) for pk in ids
    ]
    before = {pk: _raw(_current(locked[pk]).item, edit.action) for pk in ids}
    made = {version.question_id: version for version in store_next_versions(changes=changes)}
    return [[place.pk, before[pk], made[pk].number] for place, pk in zip(places, ids, strict=True)]


def _current(question: Question) -> QuestionVersion:
    return cast(QuestionVersion, question.current)


def _raw(item: Item, action: Action) -> Any:
    if action == Action.DOMAIN:
        return item.domain
    return str(item.difficulty) if action == Action.DIFFICULTY else list(item.tags)


def _apply_column(places: Sequence[BankQuestion], column: str, value: Any) -> list[list[Any]]:
    before = [[place.pk, getattr(place, column), None] for place in places]
    ids = [place.pk for place in places]
    BankQuestion.objects.filter(pk__in=ids).update(**{column: value})
    return before


def _apply_order(edit: Edit, places: Sequence[BankQuestion]) -> list[list[Any]]:
    """Put the chosen questions one after the other, the first at the wanted position."""
    chosen, changed = {place.pk for place in edit.places}, {place.pk for place in places}
    everything = list(edit.test_bank.bank_questions.order_by("position"))
    before = [[place.pk, place.position, place.pk in changed] for place in everything]
    moved = [place for place in everything if place.pk in chosen]
    others = [place for place in everything if place.pk not in chosen]
    start = max(int(edit.value) - 1, 0)
    renumber([*others[:start], *moved, *others[start:]])
    return before


def renumber(places: Sequence[BankQuestion]) -> None:
    """Give the places of one bank, all of them, the positions 1, 2, … in this order."""
    if not places:
        return
    # Two steps, because the database checks each row at once that no position is there twice.
    last = max(place.position for place in places)
    for step in (last + len(places), 0):
        for index, place in enumerate(places, start=1):
            place.position = step + index
        BankQuestion.objects.bulk_update(places, ["position"], 500)


def _apply_transfer(edit: Edit, places: Sequence[BankQuestion]) -> list[list[Any]]:
    target = cast(TestBank, edit.target)
    first = next_position(target)
    copies = BankQuestion.objects.bulk_create(
        [
            BankQuestion(
                test_bank=target,
                question_id=place.question_id,
                position=first + index,
                is_asked=_version(place).kind in ASKABLE,
                state=edit.state_there or place.state,
            )
            for index, place in enumerate(places)
        ],
        500,
    )
    before = []
    for place, copy in zip(places, copies, strict=True):
        former = [place.question_id, place.position, place.is_sample, place.state, place.is_asked]
        before.append([copy.pk, former if edit.action == Action.MOVE else None, None])
    if edit.action == Action.MOVE:
        BankQuestion.objects.filter(pk__in=[place.pk for place in places]).delete()
    return before


# Undoing


def _undo(edit: BulkEdit) -> int:
    action = Action(edit.action)
    if action in EDITS_CONTENT:
        return _undo_content(edit, action)
    if action == Action.ORDER:
        return _undo_order(edit)
    if _is_transfer(edit):
        return _undo_transfer(edit)
    column, now = (
        ("state", STATE_OF[action])
        if action in STATE_OF
        else ("is_sample", action == Action.SAMPLE)
    )
    count = 0
    for value in {row[1] for row in edit.before}:
        ids = [row[0] for row in edit.before if row[1] == value]
        unchanged = BankQuestion.objects.filter(pk__in=ids, **{column: now})
        count += unchanged.update(**{column: value})
    return count


def _undo_content(edit: BulkEdit, action: Action) -> int:
    """Add a version with the former value to each question that has had no other edit since."""
    rows = {row[0]: row for row in edit.before}
    places = BankQuestion.objects.filter(pk__in=rows).select_related("question__current")
    name = "tags" if action in {Action.ADD_TAG, Action.REMOVE_TAG} else str(action)
    changes = []
    for place in places:
        _pk, value, number = rows[place.pk]
        if _version(place).number == number:
            former = tuple(value) if name == "tags" else value
            former = Difficulty(value) if name == "difficulty" else former
            changes.append((place.question, _version(place).item.model_copy(update={name: former})))
    return len(store_next_versions(changes=changes))


def _undo_order(edit: BulkEdit) -> int:
    former = {row[0]: row[1] for row in edit.before}
    places = list(edit.test_bank.bank_questions.all())
    # Questions that came since stay at the end.
    places.sort(key=lambda place: (former.get(place.pk, float("inf")), place.position))
    renumber(places)
    return len(former)


def _undo_transfer(edit: BulkEdit) -> int:
    """Take the copies away, and put what was moved back at the end."""
    copies = BankQuestion.objects.filter(pk__in=[row[0] for row in edit.before])
    there = dict(copies.values_list("pk", "question_id"))
    position = next_position(edit.test_bank)
    back: list[BankQuestion] = []
    for pk, former, _none in edit.before:
        if pk in there and former:
            question, _position, is_sample, state, is_asked = former
            back.append(
                BankQuestion(
                    test_bank=edit.test_bank,
                    question_id=question,
                    position=position + len(back),
                    is_sample=is_sample,
                    state=state,
                    is_asked=is_asked,
                )
            )
    copies.delete()
    BankQuestion.objects.bulk_create(back, 500, ignore_conflicts=True)
    return len(there)


def _tell_buyers(edit: Edit, count: int, at: datetime) -> None:
    """Only what changes the questions that are asked stands in the bank's list of changes."""
    if count and edit.action == Action.PUBLISH:
        record_change(test_bank=edit.test_bank, at=at, added=count)
