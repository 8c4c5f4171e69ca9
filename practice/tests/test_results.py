from decimal import Decimal

import pytest
from django.utils.safestring import SafeString

from practice.answer_sheet import answer_sheet
from practice.results import (
    EXCERPT_CHARACTERS,
    MISSED_LIMIT,
    Missed,
    Result,
    Score,
    excerpt,
    find_missed,
    is_pass,
    missed,
    result_of,
)
from practice.services import finish_attempt
from practice.tests.conftest import RIGHT, WRONG, stored_answer, stored_attempt
from questions.items import Choice, SingleChoice, Text
from questions.services import store_items


def store(source, markup="plain"):
    choices = tuple(Choice(id=name, text=Text(source=name), weight=100) for name in "ab")
    stem = Text(source=source, markup=markup)
    return store_items(items=[SingleChoice(stem=stem, choices=choices)])[0]


def stem_html(source, markup="plain"):
    return store(source, markup).item.stem.html


def test_result_so_far_counts_what_was_answered(attempt, answer):
    answer(1, RIGHT)
    answer(3, WRONG)
    assert result_of(answer_sheet(attempt)) == Result(
        whole=Score(title="", points=Decimal(1), total=2),
        domains=[Score(title="Odd", points=Decimal(1), total=2)],
    )


def test_result_at_the_end_counts_unanswered_questions_as_no_points(attempt, answer, at):
    answer(1, RIGHT)
    answer(2, WRONG)
    answer(3, RIGHT)
    finish_attempt(attempt=attempt, at=at)
    assert result_of(answer_sheet(attempt)) == Result(
        whole=Score(title="", points=Decimal(2), total=5),
        domains=[
            Score(title="Odd", points=Decimal(2), total=3),
            Score(title="Even", points=Decimal(0), total=2),
        ],
    )


def test_result_takes_one_statement(attempt, answer, django_assert_num_queries):
    answer(1, RIGHT)
    sheet = answer_sheet(attempt)
    with django_assert_num_queries(1):
        result_of(sheet)


@pytest.mark.parametrize(
    ("points", "percent"),
    [("0", 0), ("0.001", 1), ("1", 33), ("2", 67), ("2.999", 99), ("3", 100)],
)
def test_percent_is_rounded_and_100_only_for_all_points(points, percent):
    assert Score(title="", points=Decimal(points), total=3).percent == percent


@pytest.mark.parametrize(("points", "passes"), [(25, False), (26, True)])
def test_pass_is_decided_by_the_exact_share(points, passes):
    assert is_pass(Decimal(points), 35, 74) is passes


@pytest.mark.parametrize(
    ("points", "total", "percent", "passes"),
    [
        ("73.5", 100, 73, False),
        ("73.999", 100, 73, False),
        ("73.999999999", 100, 74, True),
        ("74", 100, 74, True),
        ("25", 34, 73, False),
        ("0", 34, 0, False),
        ("34", 34, 100, True),
    ],
)
def test_percent_beside_a_pass_mark_never_reaches_it_unless_passed(points, total, percent, passes):
    score = Score(title="", points=Decimal(points), total=total, pass_percent=74)
    assert (score.percent, score.is_pass) == (percent, passes)


def test_pass_mark_of_one_percent_is_missed_with_zero():
    assert Score(title="", points=Decimal("0.001"), total=3, pass_percent=1).percent == 0


def test_percent_of_no_questions_is_0():
    assert Score(title="", points=Decimal(0), total=0).percent == 0


def test_missed_are_the_wrong_answers_in_order(attempt, answer):
    answer(4, WRONG)
    answer(1, RIGHT)
    answer(3, WRONG)
    assert find_missed(answer_sheet(attempt)) == [
        Missed(position=3, url=f"/practice/{attempt.pk}/3/", stem=SafeString("Question 3?")),
        Missed(position=4, url=f"/practice/{attempt.pk}/4/", stem=SafeString("Question 4?")),
    ]


def test_missed_are_rendered_with_their_stems_escaped(owner, test_bank, at):
    version = store("What is <html>?")
    attempt = stored_attempt(owner, test_bank, [version], at)
    stored_answer(attempt, 1)
    assert missed(answer_sheet(attempt)) == (
        f'<li class="missed__row"><a class="bubble bubble--wrong" href="/practice/{attempt.pk}/1/">1'
        '<span class="visually-hidden"> Open question</span></a> '
        '<div class="missed__stem prose" dir="auto">What is &lt;html&gt;?</div> '
        f'<a class="missed__report small" href="/reports/{attempt.pk}/1/">Report'
        '<span class="visually-hidden"> 1</span></a></li>'
    )


def test_missed_are_limited_and_take_one_statement(owner, test_bank, at, django_assert_num_queries):
    version = store("Again?")
    attempt = stored_attempt(owner, test_bank, [version] * (MISSED_LIMIT + 1), at)
    for position in range(1, MISSED_LIMIT + 2):
        stored_answer(attempt, position)
    sheet = answer_sheet(attempt)
    with django_assert_num_queries(1):
        found = find_missed(sheet)
    assert [one.position for one in found] == list(range(1, MISSED_LIMIT + 1))


def test_excerpt_is_plain_text(db):
    html = stem_html("What does `a < b`\n\n- **me**an?", "markdown")
    assert excerpt(html) == "What does a < b mean?"


def test_excerpt_of_plain_text_shows_its_tags(db):
    assert excerpt(stem_html("What is <html>?")) == "What is <html>?"


def test_excerpt_is_short(db):
    assert len(excerpt(stem_html("word " * 100))) == EXCERPT_CHARACTERS


@pytest.mark.parametrize("mark", [".", ",", ";", ":", " "])
def test_cut_excerpt_has_no_punctuation_before_its_ellipsis(db, mark):
    words = "a" * (EXCERPT_CHARACTERS - 2)
    assert excerpt(stem_html(f"{words}{mark} and more")) == f"{words}…"


def test_excerpt_that_is_not_cut_keeps_its_punctuation(db):
    assert excerpt(stem_html("One, two:")) == "One, two:"
