"""Save a question from the editor, and the drafts of what was not saved yet."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from accounts.models import User
from catalog.indexing.banks import reindex_bank
from catalog.models import BankQuestion, TestBank
from catalog.services.changes import record_change
from questions.items import ASKABLE, Item
from questions.models import Question, QuestionVersion
from questions.services import current_of, fingerprint, safe, store_corrections, store_items
from studio.errors import AlreadyThere, EditConflict
from studio.models import AuditEntry, Authorship, QuestionDraft
from studio.services.audit import record
from studio.services.banks import lock_banks, next_position

State = BankQuestion.State
# How long somebody counts as still writing.
WRITING = timedelta(minutes=15)


@transaction.atomic
def add_question(
    *, test_bank: TestBank, item: Item, state: State, by: User, at: datetime
) -> BankQuestion:
    """Store a new question at the end of the bank.

    Raises: AlreadyThere for one that the bank has, as after a second click.
    """
    lock_banks(test_bank)
    same = test_bank.bank_questions.filter(question__current__fingerprint=fingerprint(safe(item)))
    if found := same.first():
        raise AlreadyThere(found)
    [version] = store_items(items=[item])
    place = BankQuestion.objects.create(
        test_bank=test_bank,
        question=version.question,
        position=next_position(test_bank),
        is_asked=item.kind in ASKABLE,
        state=state,
    )
    Authorship.objects.create(question=version.question, user=by)
    test_bank.question_drafts.filter(user=by, question=None, kind=item.kind).delete()
    if state == State.PUBLISHED:
        record_change(test_bank=test_bank, at=at, added=1)
    reindex_bank(test_bank=test_bank, at=at)
    record(
        kind=AuditEntry.Kind.QUESTION_CREATED,
        actor=by,
        at=at,
        test_bank=test_bank,
        question=str(version.question.public_id),
    )
    return place


@transaction.atomic
def save_question(
    *, place: BankQuestion, item: Item, base_number: int, by: User, at: datetime
) -> QuestionVersion:
    """Make the item the next version of the question, in every bank that has it.

    Past sessions keep their version. Nothing happens where nothing changed. `base_number` is
    the version that the editor began with. Raises: EditConflict if that is no longer the
    current one.
    """
    banks = lock_banks(question_ids=[place.question_id])
    # PostgreSQL takes its snapshot before it waits for the lock, so lock first and read second.
    question = Question.objects.select_for_update().get(pk=place.question_id)
    current = current_of(question)
    if current.number != base_number:
        raise EditConflict(current)
    changed = store_corrections(items={question.pk: item})
    QuestionDraft.objects.filter(user=by, question=question).delete()
    if not changed:
        return current
    states = dict(question.bank_questions.values_list("test_bank", "state"))
    for test_bank in banks:
        if states.get(test_bank.pk) == State.PUBLISHED:
            record_change(test_bank=test_bank, at=at, changed=1)
        reindex_bank(test_bank=test_bank, at=at)
    saved = question.versions.latest("number")
    record(
        kind=AuditEntry.Kind.QUESTION_CHANGED,
        actor=by,
        at=at,
        test_bank=place.test_bank,
        question=str(question.public_id),
        version=saved.number,
    )
    return saved


def keep_draft(
    *,
    user: User,
    test_bank: TestBank,
    question: Question | None,
    kind: str,
    base_number: int,
    fields: dict[str, Any],
    at: datetime,
) -> None:
    """Keep what was typed and not saved. Idempotent; the latest counts."""
    whose: dict[str, Any] = {"user": user, "question": question}
    if question is None:
        whose |= {"test_bank": test_bank, "kind": kind}
    values = {
        "test_bank": test_bank,
        "kind": kind,
        "base_number": base_number,
        "fields": fields,
        "saved_at": at,
    }
    QuestionDraft.objects.update_or_create(**whose, defaults=values)


def also_writing(*, question: Question, user: User, at: datetime) -> list[str]:
    """The emails of others who have typed into the editor of this question lately."""
    others = QuestionDraft.objects.filter(question=question, saved_at__gt=at - WRITING)
    return list(others.exclude(user=user).values_list("user__email", flat=True))
