"""Draft, in review, published, retired: with notes, a queue, and who may take which step."""

import pytest
from django.urls import reverse

from catalog.models import BankChange, BankQuestion
from studio.errors import StepNotPossible
from studio.models import Authorship, ReviewNote
from studio.services.reviews import Step, take_step
from studio.tests.conftest import sign_in, staff

pytestmark = [pytest.mark.django_db, pytest.mark.pages]

QUEUE = reverse("studio:review_queue")


@pytest.fixture
def in_state(place):
    def in_state(state):
        BankQuestion.objects.filter(pk=place.pk).update(state=state)

    return in_state


@pytest.fixture
def step(place):
    """Sends a step of the first question."""
    address = reverse("studio:review_step", args=["git", place.question.public_id])

    def step(client, name, words=""):
        return client.post(address, {"step": name, "words": words}, follow=True)

    return step


def state(place):
    return BankQuestion.objects.get(pk=place.pk).state


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("sent", "draft", "review"),
        ("returned", "review", "draft"),
        ("published", "review", "published"),
        ("published", "draft", "published"),
        ("published", "retired", "published"),
        ("retired", "published", "retired"),
    ],
)
def test_steps_of_a_reviewer(reviewer, place, in_state, step, name, before, after):
    in_state(before)
    step(sign_in(reviewer), name, "Because.")
    assert state(place) == after
    note = ReviewNote.objects.get()
    assert (note.step, note.words, note.by) == (name, "Because.", reviewer)


@pytest.mark.parametrize(
    ("name", "before"),
    [
        ("sent", "published"),
        ("returned", "draft"),
        ("published", "published"),
        ("retired", "draft"),
    ],
)
def test_step_from_another_state_changes_nothing(desk, place, in_state, step, name, before):
    in_state(before)
    response = step(desk, name, "Because.")
    assert "Nothing changed" in response.text
    assert state(place) == before
    assert not ReviewNote.objects.exists()


def test_author_sends_to_review_and_decides_nothing(author, place, in_state, step):
    in_state("draft")
    client = sign_in(author)
    step(client, "sent", "Please check the key.")
    assert state(place) == "review"
    for name in ("published", "returned", "retired"):
        assert step(client, name, "x").status_code == 403
    assert state(place) == "review"


def test_sending_back_needs_a_note(reviewer, place, in_state, step):
    in_state("review")
    response = step(sign_in(reviewer), "returned")
    assert "Write a note" in response.text
    assert state(place) == "review"


def test_unknown_step_is_refused(desk, place, step):
    step(desk, "deleted")
    assert state(place) == "published"


def test_publishing_stands_in_the_list_of_changes(desk, in_state, step):
    in_state("review")
    step(desk, "published")
    assert BankChange.objects.get().added == 1


def test_notes_stand_at_the_question(desk, place, in_state, step):
    in_state("draft")
    step(desk, "sent", "First version.")
    step(desk, "returned", "Name the command.")
    text = desk.get(reverse("studio:question", args=["git", place.question.public_id])).text
    assert text.index("First version.") < text.index("Name the command.")


def test_step_is_taken_once(place, in_state, seller, at):
    in_state("draft")
    taken = {"place": place, "step": Step.SENT, "words": "", "by": seller, "at": at}
    take_step(**taken)
    with pytest.raises(StepNotPossible):
        take_step(**taken)
    assert ReviewNote.objects.count() == 1


def test_queue_lists_own_banks_with_author_and_note(
    author, reviewer, make_bank, place, in_state, step
):
    Authorship.objects.create(question=place.question, user=author)
    make_bank("other").bank_questions.update(state="review")
    in_state("draft")
    step(sign_in(author), "sent", "Please check.")
    response = sign_in(reviewer).get(QUEUE)
    assert [place for place, _excerpt, _kind in response.context["rows"]] == [place]
    assert author.email in response.text.replace("<wbr>", "")
    assert "Please check." in response.text


@pytest.mark.parametrize("count", [1, 3])
def test_queue_takes_the_same_statements(desk, test_bank, django_assert_num_queries, count):
    test_bank.bank_questions.filter(position__lte=count).update(state="review")
    # Session, user, second factor, permissions (two), count, rows.
    with django_assert_num_queries(7):
        desk.get(QUEUE)


def test_queue_is_for_staff_with_a_bank(client, owner):
    assert client.get(QUEUE).status_code == 302
    client.force_login(owner)
    assert client.get(QUEUE).status_code == 404
    assert sign_in(staff("nobody@example.org")).get(QUEUE).status_code == 403


def test_list_filters_by_author(desk, author, test_bank, place):
    Authorship.objects.create(question=place.question, user=author)
    address = reverse("studio:questions", args=["git"])
    response = desk.get(address, {"author": author.pk})
    assert [row.place for row in response.context["rows"]] == [place]
    assert author.email in response.text
    assert len(desk.get(address, {"author": 0}).context["rows"]) == 5


def test_last_question_that_is_sold_is_not_retired(desk, make_bank):
    test_bank = make_bank("small", questions=4)
    place = test_bank.bank_questions.get(position=4)
    address = reverse("studio:review_step", args=["small", place.question.public_id])
    response = desk.post(address, {"step": "retired"}, follow=True)
    assert "unpublish the test bank first" in response.text
    assert test_bank.bank_questions.askable().count() == 4
