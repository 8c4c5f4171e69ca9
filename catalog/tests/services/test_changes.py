"What changed in a bank: who writes it down, and what buyers read of it."

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.urls import reverse

from catalog.importing.items import import_items
from catalog.listing.bank_page import newest_changes
from catalog.models import BankChange
from catalog.services.changes import record_change, update_questions_changed_at
from catalog.validators import name_without_link
from conftest import item
from questions.formats.problems import ReadFile

pytestmark = pytest.mark.django_db


def file_of(*numbers):
    return ReadFile(items=[item(number) for number in numbers], lines=list(numbers))


def test_change_makes_the_bank_as_new_as_itself(test_bank, at):
    record_change(test_bank=test_bank, at=at, added=4, words="A new domain")
    test_bank.refresh_from_db()
    assert (test_bank.updated_at, test_bank.questions_changed_at) == (at, at)
    assert test_bank.changes.values_list("at", "added", "changed", "words").get() == (
        (at, 4, 0, "A new domain")
    )


def test_change_without_anything_to_say_is_refused(test_bank, at):
    with pytest.raises(IntegrityError, match="catalog_bank_change_says_something"):
        record_change(test_bank=test_bank, at=at)


def test_bank_without_changes_never_changed(test_bank, at):
    record_change(test_bank=test_bank, at=at, changed=1)
    BankChange.objects.all().delete()
    update_questions_changed_at(test_bank=test_bank)
    test_bank.refresh_from_db()
    assert test_bank.questions_changed_at is None


def test_import_notes_what_it_added_and_nothing_the_second_time(make_bank, at):
    bank = make_bank("fresh", questions=0)
    for later in range(2):
        import_items(test_bank=bank, read=file_of(1, 2), at=at + timedelta(days=later))
    bank.refresh_from_db()
    change = bank.changes.get()
    assert (change.added, change.changed, change.words) == (2, 0, "")
    assert bank.questions_changed_at == change.at == at


def test_newest_changes_are_as_many_as_a_page_shows_and_one(test_bank, at):
    for day in range(5):
        record_change(test_bank=test_bank, at=at + timedelta(days=day), added=day + 1)
    assert [change.added for change in newest_changes(test_bank)] == [5, 4, 3, 2]


def test_page_tells_three_changes_and_leads_to_all(client, test_bank, at):
    for day in range(4):
        record_change(
            test_bank=test_bank, at=at + timedelta(days=day), added=1, words=f"Part {day}"
        )
    text = client.get(reverse("catalog:detail", args=["git"])).text
    assert [f"Part {day}" in text for day in range(4)] == [False, True, True, True]
    assert reverse("catalog:changes", args=["git"]) in text
    assert "Nov. 5, 2026" in text


def test_all_changes_are_words_and_never_markup(client, test_bank, at):
    record_change(test_bank=test_bank, at=at, added=1, changed=2, words="<b>Bold</b>")
    text = client.get(reverse("catalog:changes", args=["git"])).text
    assert "&lt;b&gt;Bold&lt;/b&gt;" in text
    assert "1 question added" in text
    assert "2 questions updated" in text


def test_all_changes_of_a_bank_that_never_changed(client, test_bank):
    assert "No changes yet" in client.get(reverse("catalog:changes", args=["git"])).text


def test_changes_of_a_draft_are_not_found(client, make_bank):
    make_bank("draft", status="draft")
    assert client.get(reverse("catalog:changes", args=["draft"])).status_code == 404


@pytest.mark.parametrize("name", ["See https://a.example", "WWW.exam.example", "me@exam.example"])
def test_name_of_an_exam_leads_nowhere(name):
    with pytest.raises(ValidationError, match="Enter a name, not"):
        name_without_link(name)


def test_name_of_an_exam_is_a_name():
    name_without_link("ISO 27001: Lead Auditor (2022), Part 1/2")
