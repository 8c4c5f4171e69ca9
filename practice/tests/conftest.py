import pytest

from practice.services import start_attempt, submit_answer
from questions.grading import ChoiceResponse

# The choices of every question that the root `conftest.py` makes.
RIGHT, WRONG = "b", "c"
SESSION_AND_USER = 2
# The first request in a window adds the counter.
FIRST_OF_RATE_LIMIT = 3
# The attempt, the access, the version (cached after its first use), the look-up of an earlier
# answer, and the insertion between two statements for a savepoint.
STATEMENTS_PER_ANSWER = 7


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
