"""The exam of a bank in the studio: its blueprint, its clock, and what it lacks."""

import json

import pytest
from django.urls import reverse

from catalog.services.blueprint import PoolQuestion
from studio.forms.exams import parts_of
from studio.models import AuditEntry
from studio.tests.test_banks import settings_of

pytestmark = [pytest.mark.django_db, pytest.mark.pages]


def part(domain="", group="", *, per_group=False):
    return json.dumps([domain, group, per_group])


def rows(*sections):
    """The fields of the blueprint's form, for pairs of number and part."""
    fields = {"blueprint-TOTAL_FORMS": len(sections)}
    for place, (count, chosen) in enumerate(sections):
        fields |= {f"blueprint-{place}-count": count, f"blueprint-{place}-part": chosen}
    return fields


@pytest.fixture
def url(test_bank):
    return reverse("studio:settings", args=[test_bank.slug])


@pytest.fixture
def overview(test_bank):
    return reverse("studio:bank", args=[test_bank.slug])


def test_blueprint_is_saved_without_its_empty_rows(desk, test_bank, url):
    sections = [(2, part("Odd")), ("", part()), (1, part())]
    fields = rows(*sections) | {"exam_minutes": 20, "has_calculator": "on"}
    assert desk.post(url, settings_of(test_bank, **fields)).status_code == 303
    test_bank.refresh_from_db()
    assert test_bank.blueprint == [{"count": 2, "domain": "Odd"}, {"count": 1}]
    assert (test_bank.exam_minutes, test_bank.has_calculator) == (20, True)
    assert "blueprint" in AuditEntry.objects.get().detail["fields"]


def test_form_shows_the_blueprint_and_saves_it_unchanged(desk, test_bank, url):
    test_bank.blueprint = [{"count": 2, "domain": "Odd"}, {"count": 1, "domain": "Gone"}]
    test_bank.save()
    form = desk.get(url).context["blueprint"]
    shown = [(row["count"].value() or "", row["part"].value() or part()) for row in form]
    assert shown == [(2, part("Odd")), (1, part("Gone")), ("", part()), ("", part())]
    fields = rows(*shown) | {"blueprint-INITIAL_FORMS": 2}
    desk.post(url, settings_of(test_bank, **fields))
    test_bank.refresh_from_db()
    assert test_bank.blueprint == [{"count": 2, "domain": "Odd"}, {"count": 1, "domain": "Gone"}]
    assert "blueprint" not in AuditEntry.objects.get().detail["fields"]


def test_parts_to_choose_from_have_their_numbers(desk, url):
    choices = desk.get(url).context["blueprint"].forms[0].fields["part"].choices
    assert [name for _value, name in choices] == [
        "The whole test bank (5 questions)",
        "Even (2 questions)",
        "Odd (3 questions)",
    ]


def test_groups_can_be_chosen_one_by_one_and_each():
    pool = [PoolQuestion(n, n, "Odd", group) for n, group in enumerate(("O1", "O1", "O2"))]
    assert [(json.loads(value), name) for value, name in parts_of(pool)] == [
        (["", "", False], "The whole test bank (3 questions)"),
        (["Odd", "", False], "Odd (3 questions)"),
        (["Odd", "O1", False], "Odd · O1 (2 questions)"),
        (["Odd", "O2", False], "Odd · O2 (1 question)"),
        (["", "", True], "Each group"),
        (["Odd", "", True], "Each group in “Odd”"),
    ]


@pytest.mark.parametrize("section", [(0, part()), (501, part()), ("x", part()), (1, "Nowhere")])
def test_blueprint_that_is_wrong_changes_nothing(desk, test_bank, url, section):
    response = desk.post(url, settings_of(test_bank, **rows(section)))
    test_bank.refresh_from_db()
    assert (response.status_code, test_bank.blueprint) == (422, [])
    assert test_bank.price_minor == 1900


def test_blueprint_that_cannot_be_drawn_is_told(desk, test_bank, url, overview):
    desk.post(url, settings_of(test_bank, **rows((9, part("Odd")))))
    words = "The exam does not have enough questions from “Odd” (9 needed, 3 available)."
    assert [words in desk.get(page).text for page in (url, overview)] == [True, True]
    desk.post(url, settings_of(test_bank, **rows((3, part("Odd")))))
    assert [words in desk.get(page).text for page in (url, overview)] == [False, False]
    assert "3 questions in each exam" in desk.get(overview).text


def test_questions_retired_later_are_told_on_the_overview(desk, test_bank, overview):
    test_bank.blueprint = [{"count": 5}]
    test_bank.save()
    test_bank.bank_questions.filter(position__lte=2).update(state="retired")
    assert "(5 needed, 3 available)" in desk.get(overview).text
