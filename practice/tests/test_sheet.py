from decimal import Decimal

from practice.models import Attempt
from practice.sheet import (
    EXCERPT_CHARACTERS,
    MOST_MISSED,
    Bubble,
    Missed,
    Score,
    bubbles,
    excerpt,
    first_open,
    missed,
    scores,
    window,
)
from practice.tests.conftest import RIGHT, WRONG
from questions.items import Choice, SingleChoice, Text
from questions.services import store_items


def sheet_of(count, *, answered=()):
    return [
        Bubble(position=place, is_right=True if place in answered else None, is_current=False)
        for place in range(1, count + 1)
    ]


def version_of(source, markup="plain"):
    choices = tuple(Choice(id=name, text=Text(source=name), weight=100) for name in "ab")
    stem = Text(source=source, markup=markup)
    return store_items(items=[SingleChoice(stem=stem, choices=choices)])[0]


def test_bubbles_tell_right_wrong_open_and_current(attempt, answer):
    answer(1, RIGHT)
    answer(3, WRONG)
    assert bubbles(attempt, current=2) == [
        Bubble(1, is_right=True, is_current=False),
        Bubble(2, is_right=None, is_current=True),
        Bubble(3, is_right=False, is_current=False),
        Bubble(4, is_right=None, is_current=False),
        Bubble(5, is_right=None, is_current=False),
    ]


def test_first_open_looks_after_and_then_round():
    sheet = sheet_of(4, answered={1, 3})
    assert [first_open(sheet, after=after) for after in range(5)] == [2, 2, 4, 4, 2]


def test_first_open_of_a_full_sheet_is_none():
    assert first_open(sheet_of(2, answered={1, 2})) is None


def test_window_of_a_small_sheet_is_all_of_it():
    part = window(sheet_of(100), around=100)
    assert (len(part.bubbles), part.earlier, part.later) == (100, None, None)


def test_window_in_the_middle_has_neighbours():
    part = window(sheet_of(250), around=101)
    assert (part.bubbles[0].position, part.bubbles[-1].position) == (101, 200)
    assert (part.earlier, part.later) == (1, 201)


def test_window_at_the_end_has_the_rest():
    part = window(sheet_of(250), around=250)
    assert (part.bubbles[0].position, part.bubbles[-1].position) == (201, 250)
    assert (part.earlier, part.later) == (101, None)


def test_scores_count_what_was_not_answered_as_nothing(attempt, answer):
    answer(1, RIGHT)
    answer(2, WRONG)
    answer(3, RIGHT)
    whole, by_domain = scores(attempt)
    assert whole == Score(title="", points=Decimal(2), total=5)
    assert by_domain == [
        Score(title="Odd", points=Decimal(2), total=3),
        Score(title="Even", points=Decimal(0), total=2),
    ]


def test_scores_take_two_statements(attempt, answer, django_assert_num_queries):
    answer(1, RIGHT)
    with django_assert_num_queries(2):
        scores(attempt)


def test_score_rounds_down():
    assert Score(title="", points=Decimal("2.999"), total=3).percent == 99


def test_score_of_nothing_is_0():
    assert Score(title="", points=Decimal(0), total=0).percent == 0


def test_missed_are_the_wrong_ones_in_order(attempt, answer):
    answer(4, WRONG)
    answer(1, RIGHT)
    answer(3, WRONG)
    assert missed(attempt) == [
        Missed(position=3, domain="Odd", stem="Question 3?"),
        Missed(position=4, domain="Even", stem="Question 4?"),
    ]


def test_missed_are_bounded_and_take_one_statement(owner, test_bank, at, django_assert_num_queries):
    version = version_of("Again?")
    attempt = Attempt.objects.create(
        learner=owner,
        test_bank=test_bank,
        version_ids=[version.pk] * (MOST_MISSED + 1),
        started_at=at,
    )
    for position in range(1, MOST_MISSED + 2):
        attempt.answers.create(
            position=position, version=version, response={}, fraction=0, answered_at=at
        )
    with django_assert_num_queries(1):
        assert [row.position for row in missed(attempt)] == list(range(1, MOST_MISSED + 1))


def test_excerpt_is_plain_words(db):
    version = version_of("What does `a < b`\n\n- **me**an?", "markdown")
    assert excerpt(version) == "What does a < b mean?"


def test_excerpt_of_plain_text_shows_its_tags(db):
    assert excerpt(version_of("What is <html>?")) == "What is <html>?"


def test_excerpt_is_short(db):
    assert len(excerpt(version_of("word " * 100))) == EXCERPT_CHARACTERS
