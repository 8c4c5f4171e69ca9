"""The way of a question from draft to review to published, with a note at each step."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts.models import User
from catalog.indexing.banks import reindex_bank
from catalog.models import BankQuestion
from catalog.services.changes import record_change
from studio.errors import StepNotPossible
from studio.models import AuditEntry, ReviewNote
from studio.services.audit import record
from studio.services.banks import check_sellable, lock_banks

State = BankQuestion.State
Step = ReviewNote.Step
Kind = AuditEntry.Kind


@dataclass(frozen=True)
class Move:
    """From which states a step leads to which, and what the audit log calls it."""

    before: frozenset[State]
    after: State
    kind: Kind


MOVES = {
    Step.SENT: Move(frozenset({State.DRAFT}), State.REVIEW, Kind.SENT_TO_REVIEW),
    Step.RETURNED: Move(frozenset({State.REVIEW}), State.DRAFT, Kind.SENT_BACK),
    Step.PUBLISHED: Move(
        frozenset({State.DRAFT, State.REVIEW, State.RETIRED}),
        State.PUBLISHED,
        Kind.QUESTION_PUBLISHED,
    ),
    Step.RETIRED: Move(frozenset({State.PUBLISHED}), State.RETIRED, Kind.QUESTION_RETIRED),
}
# What buyers see, or decide for others, is not every author's.
DECISIONS = frozenset({Step.RETURNED, Step.PUBLISHED, Step.RETIRED})


def steps_from(state: str) -> list[Step]:
    """Return the steps that a question in this state can take."""
    return [step for step, move in MOVES.items() if state in move.before]


@transaction.atomic
def take_step(*, place: BankQuestion, step: Step, words: str, by: User, at: datetime) -> None:
    """Move the question to the step's state, and keep the note.

    Retiring takes it out of new sessions; past ones keep it. Raises: NothingLeft, and
    StepNotPossible if it is in another state by now.
    """
    move = MOVES[step]
    [test_bank] = lock_banks(place.test_bank)
    places = BankQuestion.objects.filter(pk=place.pk, state__in=move.before)
    if not places.update(state=move.after):
        raise StepNotPossible(BankQuestion.objects.get(pk=place.pk).state)
    if step == Step.RETIRED:
        check_sellable(test_bank)
    ReviewNote.objects.create(
        test_bank=test_bank, question=place.question, step=step, words=words, by=by, at=at
    )
    if step == Step.PUBLISHED:
        record_change(test_bank=test_bank, at=at, added=1)
    reindex_bank(test_bank=test_bank, at=at)
    question = str(place.question.public_id)
    record(kind=move.kind, actor=by, at=at, test_bank=test_bank, question=question)
