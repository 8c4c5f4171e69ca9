"""Statistics of questions: computed from answers, stored, and shown without names."""

import itertools

import pytest
from django.db.models import F
from django.urls import reverse

from accounts.models import User
from practice.models import Answer, Attempt
from studio.models import ItemStatistics
from studio.services.statistics import compute_due_statistics, compute_statistics

pytestmark = [pytest.mark.django_db, pytest.mark.pages]

# Session, user, second factor, permissions (two), bank, number of questions, suspects, questions, figures.
PAGE = 10
numbers = itertools.count()


@pytest.fixture
def answer(test_bank, at):
    """Stores an attempt of a new learner: the marks by position, with the choice that was taken."""
    places = list(test_bank.bank_questions.select_related("question").order_by("position"))

    def answer(*marks, is_first=True, choices=None):
        learner = User.objects.create(email=f"{next(numbers)}@example.org")
        attempt = Attempt.objects.create(
            learner=learner, test_bank=test_bank, version_ids=[], started_at=at
        )
        Answer.objects.bulk_create(
            Answer(
                attempt=attempt,
                learner=learner,
                test_bank=test_bank,
                question=place.question,
                version_id=place.question.current_id,
                position=place.position,
                response={
                    "kind": "choice",
                    "chosen": [(choices or {}).get(i, "b" if mark else "a")],
                },
                fraction=mark,
                answered_at=at,
                seconds=10 * (i + 1),
                is_first=is_first,
            )
            for i, (mark, place) in enumerate(zip(marks, places, strict=False))
        )

    return answer


def rows(test_bank):
    return list(test_bank.statistics.order_by("version"))


def test_figures_equal_the_definitions(test_bank, answer, at):
    matrix = [(1, 1, 1, 0), (1, 0, 1, 1), (0, 0, 1, 0), (1, 1, 0, 1), (0, 0, 0, 0), (1, 1, 1, 1)]
    # The same ratios of covariances as for six: n - 1 cancels out.
    for marks in matrix * 4:
        answer(*marks)
    compute_statistics(test_bank=test_bank, at=at)
    stored = rows(test_bank)
    assert [round(row.facility, 4) for row in stored] == [66.6667, 50, 66.6667, 50]
    assert [round(row.discrimination, 6) for row in stored] == [
        *(87.5, 46.852129, 9.449112, 46.852129)
    ]
    assert [round(row.efficiency, 6) for row in stored] == [100, 60, 10, 60]
    assert [row.median_seconds for row in stored] == [10, 20, 30, 40]


def test_nothing_is_shown_for_fewer_than_twenty_first_answers(test_bank, answer, at):
    for _number in range(19):
        answer(1, 0)
    answer(1, 0, is_first=False)
    compute_statistics(test_bank=test_bank, at=at)
    [first, _second] = rows(test_bank)
    assert (first.first_count, first.repeat_count, first.facility) == (19, 1, None)


def test_repeats_are_counted_apart(test_bank, answer, at):
    for _number in range(20):
        answer(1, 0)
        answer(0, 0, is_first=False)
    compute_statistics(test_bank=test_bank, at=at)
    first = rows(test_bank)[0]
    assert (first.facility, first.repeat_facility) == (100, 0)


def test_computing_again_gives_the_same(test_bank, answer, at):
    for number in range(30):
        answer(number % 2, number % 3 == 0)
    figures = ("version", "first_count", "facility", "discrimination", "efficiency", "distractors")
    compute_statistics(test_bank=test_bank, at=at)
    before = list(ItemStatistics.objects.values_list(*figures))
    compute_statistics(test_bank=test_bank, at=at)
    assert list(ItemStatistics.objects.values_list(*figures)) == before


def test_only_banks_with_new_answers_are_computed(test_bank, make_bank, answer, at):
    make_bank("other")
    answer(1, 1)
    assert compute_due_statistics(at=at) == 1
    assert compute_due_statistics(at=at) == 0
    answer(0, 1)
    assert compute_due_statistics(at=at) == 1


def test_answers_of_an_exam_that_runs_do_not_count(test_bank, answer, at):
    answer(1, 1)
    Answer.objects.update(fraction=None)
    assert compute_due_statistics(at=at) == 0


def test_wrong_key_is_on_top_of_the_page(desk, test_bank, answer, at):
    for number in range(120):
        is_strong = number % 2
        # Those who know everything else choose "c" at the first question, keyed "b".
        answer(0 if is_strong else 1, *[is_strong] * 4, choices={0: "c" if is_strong else "b"})
    compute_statistics(test_bank=test_bank, at=at)
    response = desk.get(reverse("studio:statistics", args=["git"]))
    assert [row.place.position for row in response.context["suspects"]] == [1]
    assert "Answer keys that are probably incorrect" in response.text
    text = response.text.replace("<wbr>", "")
    assert "seller@example.org" in text
    assert "@example.org" not in text.replace("seller@example.org", "")


@pytest.mark.parametrize("questions", [1, 3])
def test_page_costs_the_same_for_any_number_of_questions(
    desk, make_bank, django_assert_num_queries, at, questions
):
    test_bank = make_bank("many", questions=questions)
    for place in test_bank.bank_questions.annotate(version=F("question__current")):
        ItemStatistics.objects.create(
            test_bank=test_bank,
            version_id=place.version,
            first_count=25,
            repeat_count=0,
            facility=50,
            answers_until=1,
            computed_at=at,
        )
    with django_assert_num_queries(PAGE):
        response = desk.get(reverse("studio:statistics", args=["many"]))
    assert len(response.context["rows"]) == questions


def test_hardest_questions_come_first_if_asked_for(desk, test_bank, answer, at):
    for number in range(20):
        answer(1, number % 2, 0)
    compute_statistics(test_bank=test_bank, at=at)
    page = reverse("studio:statistics", args=["git"])
    shown = desk.get(page, {"sort": "hardest"}).context["rows"]
    assert [row.place.position for row in shown] == [3, 2, 1, 4, 5]
    shown = desk.get(page, {"sort": "nothing"}).context["rows"]
    assert [row.place.position for row in shown] == [1, 2, 3, 4, 5]


def test_page_explains_its_figures(desk, test_bank):
    page = desk.get(reverse("studio:statistics", args=["git"])).text
    assert "<summary>What these figures mean</summary>" in page
    assert page.count("<dt>") == 3


def test_large_bank_has_pages(desk, make_bank):
    make_bank("large", questions=51)
    page = reverse("studio:statistics", args=["large"])
    assert len(desk.get(page).context["rows"]) == 50
    [row] = desk.get(page, {"page": 2, "sort": "easiest"}).context["rows"]
    assert row.place.position == 51
