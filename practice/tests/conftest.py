import pytest

from practice.models import Answer, Attempt
from practice.services import start_attempt, submit_answer
from questions.grading import ChoiceResponse

# The choices of every question that the root `conftest.py` makes.
RIGHT, WRONG = "b", "c"
SESSION_AND_USER = 2
# The first request in a window adds the counter.
FIRST_OF_RATE_LIMIT = 3
# The attempt, the access to its bank, the version (cached after its first use), the earlier
# answers to the question, and the insertion, between the two of a savepoint.
STATEMENTS_PER_ANSWER = 7
# The attempt with its bank, the access to it, its answers, the marks, and for an open question its place
# in the bank, for an answered one the answer.
STATEMENTS_PER_QUESTION = 5
# A question that is shown for the first time: how many were in this hour, and that it was.
STATEMENTS_OF_FIRST_SHOWING = 2


def stored_attempt(learner, test_bank, versions, at, **fields):
    """An attempt over these versions, without the services."""
    return Attempt.objects.create(
        learner=learner,
        test_bank=test_bank,
        version_ids=[version.pk for version in versions],
        question_ids=[version.question_id for version in versions],
        started_at=at,
        **fields,
    )


def stored_answer(attempt, position, **fields):
    """An answer, without the services."""
    known = {"response": {}, "fraction": 0, "answered_at": attempt.started_at}
    return Answer.objects.create(
        attempt=attempt,
        learner_id=attempt.learner_id,
        question_id=attempt.question_ids[position - 1],
        test_bank_id=attempt.test_bank_id,
        position=position,
        version_id=attempt.version_ids[position - 1],
        **(known | fields),
    )


@pytest.fixture
def attempt(owner, test_bank, at):
    """The owner's unfinished attempt at the five questions of `test_bank`."""
    return start_attempt(learner=owner, test_bank=test_bank, at=at)


@pytest.fixture
def answer(attempt, at):
    """Answers a question of `attempt`."""

    def submit(position, choice, *, at=at):
        response = ChoiceResponse(chosen=(choice,))
        submit_answer(
            attempt_id=attempt.pk,
            learner_id=attempt.learner_id,
            position=position,
            response=response,
            at=at,
        )

    return submit


@pytest.fixture
def owners_client(client, owner):
    """A browser in which the owner is signed in."""
    client.force_login(owner)
    return client


@pytest.fixture
def end_access(owner, at):
    """Takes the owner's access away."""
    return lambda: owner.accesses.update(revoked_at=at)
