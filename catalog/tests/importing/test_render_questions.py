"""The command renders what older rules stored, bank by bank, and says how much."""

import pytest
from django.core.management import CommandError, call_command

from catalog.importing.linting import lint_bank
from catalog.models import BankQuestion, TestBank
from questions.items import Text, TrueFalse
from questions.services import store_items, version_of

pytestmark = pytest.mark.django_db

TEX = Text(source=r"Is \(x^2\) even?", html=r"<p>Is \(x^2\) even?</p>")


@pytest.fixture
def old_bank(make_bank):
    """A bank with one question that shows TeX, and one that does not."""
    bank = make_bank("old", questions=1)
    [version] = store_items(items=[TrueFalse(stem=Text(source="x"), is_true=True)])
    question = version.question
    question.current = version_of(question, TrueFalse(stem=TEX, is_true=True), number=2)
    question.current.save()
    question.save(update_fields=["current"])
    BankQuestion.objects.create(test_bank=bank, question=question, position=2)
    return bank


def rules(bank):
    return [finding.rule for finding in lint_bank(bank).findings if finding.rule == "bare-tex"]


def test_lint_finds_the_question_until_it_is_rendered_anew(old_bank, capsys):
    assert rules(old_bank) == ["bare-tex"]
    call_command("render_questions", "old")
    assert capsys.readouterr().out == "old: 1 question rendered again.\n"
    assert rules(old_bank) == []


def test_bank_is_indexed_anew(old_bank):
    assert not TestBank.objects.filter(search_text__isnull=False).exists()
    call_command("render_questions")
    assert TestBank.objects.filter(search_text__isnull=False).get() == old_bank


def test_dry_run_changes_nothing(old_bank, capsys):
    call_command("render_questions", "--dry-run")
    assert capsys.readouterr().out == "old: 1 question would be rendered again.\n"
    assert rules(old_bank) == ["bare-tex"]


def test_bank_that_is_not_there_is_named(old_bank):
    with pytest.raises(CommandError, match="There is no test bank 'new'"):
        call_command("render_questions", "old", "new")
