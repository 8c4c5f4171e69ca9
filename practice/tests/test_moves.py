"""Whatever happens to a bank in the middle of a session, its state is clear and its score fair."""

from datetime import timedelta

import pytest
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.models import Access, BankQuestion
from practice.models import Attempt
from practice.services import NoAccess, finish_attempt, start_attempt, start_exam, submit_answer
from practice.tests.conftest import RIGHT, WRONG
from questions.grading import ChoiceResponse
from questions.items import Text
from questions.services import current_of, store_next_versions

MINUTE = timedelta(minutes=1)
MOVES = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(["right", "wrong", "retire", "correct", "move"]), st.integers(1, 5)
        ),
        st.tuples(st.sampled_from(["end access", "give access"]), st.just(0)),
    ),
    max_size=12,
)


def reword(question):
    item = current_of(question).item.model_copy(update={"stem": Text(source="New?")})
    store_next_versions(changes=[(question, item)])


class World:
    """A session, and what the rules say about it."""

    def __init__(self, attempt, test_bank, other_bank):
        self.attempt, self.test_bank, self.other_bank = attempt, test_bank, other_bank
        # In a practice session the first answer counts, in an exam the newest.
        self.keeps_first = not attempt.is_exam
        self.given, self.gone, self.has_access = {}, set(), True

    def do(self, move, position, at):
        place = BankQuestion.objects.filter(
            test_bank=self.test_bank, question=self.attempt.question_ids[position - 1]
        )
        if move in {"right", "wrong"}:
            self.answer(position, RIGHT if move == "right" else WRONG, at)
        elif move == "retire":
            place.update(state="retired")
            self.gone.add(position)
        elif move == "move":
            place.update(test_bank=self.other_bank, position=100 + position)
            self.gone.add(position)
        elif move == "correct" and (found := place.select_related("question__current").first()):
            reword(found.question)
        elif move in {"end access", "give access"}:
            self.has_access = move == "give access"
            Access.objects.update(withheld_from=None if self.has_access else at)

    def answer(self, position, choice, at):
        fields = {"attempt_id": self.attempt.pk, "learner_id": self.attempt.learner_id}
        response = ChoiceResponse(chosen=(choice,))
        if not self.has_access:
            with pytest.raises(NoAccess):
                submit_answer(**fields, position=position, response=response, at=at)
            return
        submit_answer(**fields, position=position, response=response, at=at)
        if not (self.keeps_first and position in self.given):
            self.given[position] = choice

    def expected(self):
        """The points, and how many questions count."""
        out = {
            position
            for position in range(1, 6)
            if position not in self.given and (position in self.gone or not self.has_access)
        }
        return sum(choice == RIGHT for choice in self.given.values()), 5 - len(out)


def exam_of(owner, test_bank, at):
    return start_exam(learner=owner, test_bank=test_bank, can_pause=False, at=at)


def practice_of(owner, test_bank, at):
    return start_attempt(learner=owner, test_bank=test_bank, at=at)


@pytest.mark.slow
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(moves=MOVES, start=st.sampled_from([exam_of, practice_of]))
def test_score_is_fair_after_any_moves(moves, start, make_world, at, client):
    world = make_world(start)
    for step, (move, position) in enumerate(moves):
        world.do(move, position, at + step * MINUTE)
    url = reverse("practice:result", args=[world.attempt.pk])
    assert client.get(url).status_code == 200
    finish_attempt(attempt=world.attempt, at=at + 30 * MINUTE)
    assert (world.attempt.points, world.attempt.counted) == world.expected()
    assert client.get(url).status_code == 200


@pytest.fixture
def make_world(owner, test_bank, make_bank, at, client):
    test_bank.blueprint = [{"count": 5}]
    test_bank.save()
    other_bank = make_bank("other", questions=0)
    places = list(test_bank.bank_questions.order_by("position").values("pk", "position"))
    client.force_login(owner)

    def make(start):
        for one in places:
            BankQuestion.objects.filter(pk=one["pk"]).update(
                test_bank=test_bank, position=one["position"], state="published"
            )
        Access.objects.update(withheld_from=None)
        Attempt.objects.all().delete()
        attempt = start(owner, test_bank, at)
        return World(attempt, test_bank, other_bank)

    return make


def test_page_says_that_a_question_was_withdrawn_or_revised(owners_client, attempt, test_bank):
    first, second = test_bank.bank_questions.order_by("position")[:2]
    BankQuestion.objects.filter(pk=first.pk).update(state="retired")
    reword(second.question)
    pages = [
        owners_client.get(reverse("practice:question", args=[attempt.pk, place])).text
        for place in (1, 2, 3)
    ]
    assert ["This question was removed from the test bank." in page for page in pages] == [
        True,
        False,
        False,
    ]
    assert ["was revised after you started" in page for page in pages] == [False, True, False]
    assert "Question 2?" in pages[1]
