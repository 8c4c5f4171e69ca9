from decimal import Decimal

import pytest
from django.urls import reverse

from practice.answer_sheet import (
    AnswerSheet,
    Navigation,
    answer_sheet,
    cells,
    closed_navigation,
    open_navigation,
    page_of,
    questions_url,
)
from practice.models import Attempt
from practice.tests.conftest import RIGHT, WRONG


def words(label):
    return f'<span class="visually-hidden"> {label}</span>'


def sheet_of(total, *, answered=()):
    attempt = Attempt(version_ids=list(range(total)), question_ids=list(range(total)))
    return AnswerSheet(attempt, dict.fromkeys(answered, Decimal(1)), frozenset(answered))


def test_sheet_has_what_each_answer_earned(attempt, answer, django_assert_num_queries):
    answer(3, WRONG)
    answer(1, RIGHT)
    with django_assert_num_queries(1):
        sheet = answer_sheet(attempt)
    assert sheet.fractions == {1: Decimal(1), 3: Decimal(0)}
    assert sheet.unanswered_count == 3


def test_next_unanswered_wraps_around():
    sheet = sheet_of(4, answered={1, 3})
    assert [sheet.next_unanswered(after=after) for after in range(5)] == [2, 2, 4, 4, 2]


def test_next_unanswered_of_a_full_sheet_is_none():
    assert sheet_of(2, answered={1, 2}).next_unanswered() is None


def test_cells_of_an_open_attempt_are_links(attempt, answer):
    answer(1, RIGHT)
    answer(3, WRONG)
    shown = cells(answer_sheet(attempt), range(1, 4), is_closed=False, current=2)
    url = f"/practice/{attempt.pk}/"
    assert shown.splitlines() == [
        f'<li><a href="{url}1/" class="bubble bubble--right">1{words("correct")}</a></li>',
        f'<li><a href="{url}2/" class="bubble" aria-current="step">2{words("not answered")}</a></li>',
        f'<li><a href="{url}3/" class="bubble bubble--wrong">3{words("incorrect")}</a></li>',
    ]


def test_cells_tell_a_partly_correct_answer_from_the_others():
    sheet = AnswerSheet(
        sheet_of(3).attempt,
        {1: Decimal(1), 2: Decimal("0.5"), 3: Decimal(0)},
        frozenset({1, 2, 3}),
    )
    shown = cells(sheet, range(1, 4), is_closed=True).splitlines()
    assert [cell.split('class="', 1)[1] for cell in shown] == [
        f'bubble bubble--right">1{words("correct")}</a></li>',
        f'bubble bubble--partial">2{words("partially correct")}</a></li>',
        f'bubble bubble--wrong">3{words("incorrect")}</a></li>',
    ]


def test_cells_of_a_closed_attempt_are_links_where_they_are_answered(attempt, answer):
    answer(2, RIGHT)
    shown = cells(answer_sheet(attempt), range(1, 4), is_closed=True).splitlines()
    assert shown[0] == f'<li><span class="bubble">1{words("not answered")}</span></li>'
    assert shown[1].startswith(f'<li><a href="/practice/{attempt.pk}/2/"')


def test_cells_of_an_exam_are_buttons_that_save_the_answer(attempt):
    shown = cells(answer_sheet(attempt), [2], is_closed=False, flagged={2}, saves_answer=True)
    assert shown == (
        '<li><button form="answer" name="go" value="2" formnovalidate '
        f'class="bubble bubble--flagged">2{words("not answered, flagged")}</button></li>'
    )


def test_questions_url_begins_the_url_of_every_question(attempt):
    url = reverse("practice:question", args=[attempt.pk, 31])
    assert url == f"{questions_url(attempt.pk)}31/"


@pytest.mark.parametrize(
    ("total", "position", "page"),
    [
        (100, 100, range(1, 101)),
        (250, 1, range(1, 101)),
        (250, 101, range(101, 201)),
        (250, 250, range(201, 251)),
    ],
)
def test_page_holds_a_hundred_positions(total, position, page):
    assert page_of(sheet_of(total), position) == page


@pytest.mark.parametrize(
    ("position", "earlier", "later"), [(100, None, 101), (101, 1, 201), (250, 101, None)]
)
def test_navigation_leads_to_the_neighboring_pages(position, earlier, later):
    found = open_navigation(sheet_of(250), position)
    assert (found.earlier, found.later) == (earlier, later)


def test_navigation_of_an_open_attempt_goes_on_to_an_unanswered_question():
    found = open_navigation(sheet_of(5, answered={3, 4}), 3)
    assert found == Navigation(previous=2, following=4, onward=5, earlier=None, later=None)


def test_navigation_of_a_closed_attempt_follows_the_answered_questions():
    sheet = sheet_of(250, answered={1, 120, 240})
    found = closed_navigation(sheet, 120)
    assert found == Navigation(previous=1, following=240, onward=240, earlier=None, later=None)
