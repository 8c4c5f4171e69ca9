"""The command: all or nothing, every problem with its line, an exit code for each end."""

import pytest
from django.core.management import CommandError, call_command

from catalog.models import BankQuestion, Category, TestBank
from questions.models import Question, QuestionVersion
from testing.parts import SHARED, require

pytestmark = [pytest.mark.django_db, pytest.mark.pages]
TECHNICIAN = "written-by-qti_package_maker/aiken-technician-2026-2030.txt"


def question(stem, key="B"):
    return f"{stem}\nA. one\nB. two\nANSWER: {key}\n\n"


FIVE = "".join(question(f"Question {number}?") for number in range(1, 6))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "bank.txt"
    path.write_text(FIVE, encoding="utf-8")
    return path


@pytest.fixture
def bank(make_bank):
    """A bank that is there already: a draft without questions, at 19.00."""
    return make_bank("radio", questions=0, status="draft")


@pytest.fixture
def run(file, capsys):
    """Runs the command on the file, and gives what it printed before the hints."""

    def run(*options, file=file):
        call_command("import_bank", str(file), *options)
        return capsys.readouterr().out.partition("Quality check:")[0]

    return run


def written():
    counted = (TestBank, Category, Question, QuestionVersion, BankQuestion)
    return [model.objects.count() for model in counted]


def test_questions_are_added_in_their_order(run, bank):
    printed = run("--bank", "radio", "--domain", "Rules")
    assert printed == (
        "5 questions added to radio.\nThe test bank has 5 questions. Its status is draft.\n"
    )
    placed = bank.bank_questions.order_by("position").select_related("question__current")
    assert [
        (place.position, place.is_sample, place.question.current.item.stem.source)
        for place in placed
    ] == [(number, number <= 3, f"Question {number}?") for number in range(1, 6)]
    assert {place.question.current.domain for place in placed} == {"Rules"}


def test_report_ends_with_how_many_hints_there_are(file, bank, capsys):
    call_command("import_bank", str(file), "--bank", "radio")
    assert capsys.readouterr().out.endswith(
        f"\nQuality check: 16 issues. To view the details, run: manage.py lint_bank {file}\n"
    )


def test_same_file_twice_adds_nothing(run, bank):
    run("--bank", "radio")
    before = written()
    assert run("--bank", "radio") == (
        "0 questions added to radio.\n"
        "Already in the test bank: 5 (lines 1, 6, 11, 16, 21).\n"
        "The test bank has 5 questions. Its status is draft.\n"
    )
    assert written() == before


def test_question_that_stands_in_the_file_twice_is_added_once(run, bank, file):
    file.write_text(FIVE + question("Question 2?") + question("Question 2?", key="A"))
    assert "6 questions added to radio.\nAlready in the test bank: 1 (line 26).\n" in run(
        "--bank", "radio"
    )


def test_more_questions_are_put_behind_and_are_no_samples(run, bank, file):
    run("--bank", "radio")
    file.write_text(question("Question 6?"))
    run("--bank", "radio")
    places = bank.bank_questions.order_by("position").values_list("position", "is_sample")
    assert list(places)[-2:] == [(5, False), (6, False)]


def test_broken_file_writes_nothing_and_names_every_line(run, bank, file, capsys):
    file.write_text(FIVE + question("Six?", key="Z") + "Seven?\nA. one\nANSWER: A\n")
    before = written()
    with pytest.raises(SystemExit) as ended:
        run("--bank", "radio", "--publish", "--price", "100")
    assert ended.value.code == 1
    assert capsys.readouterr().err == (
        f"{file}:29: error: ANSWER: Z does not match a choice. The choices are A to B.\n"
        f"{file}:31: error: A question needs at least two choices, on lines that start with A. and "
        "B.\n"
        f"2 errors in {file}. Nothing was imported. Correct the file and try again.\n"
    )
    bank.refresh_from_db()
    assert (written(), bank.status, bank.price_minor) == (before, "draft", 1900)


def test_warning_does_not_stop_the_import(run, bank, file):
    file.write_text(f"Read this.\n{question('Question 1?')}")
    assert run("--bank", "radio").startswith(
        f"{file}:1: warning: The stem has several lines. They were joined into one.\n1 question added"
    )


def test_dry_run_says_what_would_happen_and_writes_nothing(run):
    before = written()
    assert run("--bank", "new", "--title", "New", "--dry-run") == (
        "5 questions would be added to new.\nThe test bank has 5 questions. Its status is draft.\n"
    )
    assert written() == before


def test_dry_run_changes_no_bank_that_is_there(run, bank):
    run("--bank", "radio", "--dry-run", "--publish", "--price", "100")
    bank.refresh_from_db()
    assert (bank.status, bank.price_minor) == ("draft", 1900)


def test_title_makes_a_draft(run, settings):
    settings.CURRENCY = "EUR"
    run("--bank", "new", "--title", "New bank")
    made = TestBank.objects.get(slug="new")
    assert (made.title, made.status, made.currency) == ("New bank", "draft", "EUR")


def test_publish_puts_on_sale_at_the_price(run):
    run("--bank", "new", "--title", "New bank", "--publish", "--price", "2500")
    made = TestBank.objects.get(slug="new")
    assert (made.status, made.price_minor) == ("published", 2500)


def test_publish_keeps_the_price_that_a_bank_has(run, bank):
    run("--bank", "radio", "--publish")
    bank.refresh_from_db()
    assert (bank.status, bank.price_minor) == ("published", 1900)


def test_price_of_nothing_must_be_said(run):
    run("--bank", "new", "--title", "New bank", "--publish", "--price", "0")
    assert TestBank.objects.get(slug="new").is_free


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--bank", "none"], "There is no test bank 'none'. To create it, add --title"),
        (["--bank", "new", "--title", "New", "--publish"], "--publish requires a --price"),
        (["--bank", "new", "--title", "New", "--price", "-1"], "--price: Ensure this value is gr"),
        (["--bank", "new", "--title", "New", "--price", "9" * 30], "--price: Ensure this value is"),
        (["--bank", "radio", "--price", "-1"], "--price: Ensure this value is greater"),
        (["--bank", "radio", "--price", "19.00"], "invalid int value: '19.00'"),
        (["--bank", "no slug", "--title", "New"], "--bank: Enter a valid"),
        (["--bank", "x" * 101, "--title", "New"], "--bank: Ensure this value has at most 100"),
        (["--bank", "new", "--title", "x" * 201], "--title: Ensure this value has at most 200"),
        (["--bank", "radio", "--domain", "x" * 201], "longer than 200 characters"),
        ([], "the following arguments are required: --bank"),
    ],
)
def test_wrong_use_is_told_in_a_sentence_and_writes_nothing(run, bank, options, sentence):
    before = written()
    with pytest.raises(CommandError) as raised:
        run(*options)
    assert sentence in str(raised.value)
    bank.refresh_from_db()
    assert (written(), bank.price_minor, bank.status) == (before, 1900, "draft")


@pytest.mark.parametrize("name", ["missing.txt", "."])
def test_file_that_cannot_be_read_is_wrong_use(run, bank, tmp_path, name):
    with pytest.raises(CommandError, match="cannot be read: ") as raised:
        run("--bank", "radio", file=tmp_path / name)
    assert raised.value.returncode == 2


def test_wrong_use_ends_with_code_2(run):
    with pytest.raises(CommandError) as raised:
        run("--bank", "none")
    assert raised.value.returncode == 2


def test_huge_file_is_refused_by_its_size(run, bank, tmp_path, capsys):
    path = tmp_path / "huge.txt"
    with path.open("wb") as opened:
        opened.truncate(200_000_000)
    with pytest.raises(SystemExit):
        run("--bank", "radio", file=path)
    assert (
        f"{path}:1: error: The file is larger than 10 MB. Split it into smaller files."
        in capsys.readouterr().err
    )


@pytest.mark.shared
def test_real_bank_of_360_questions(run):
    require("shared")
    path = SHARED / "questions" / TECHNICIAN
    printed = run("--bank", "technician", "--title", "Technician", file=path)
    assert printed == (
        "360 questions added to technician.\nThe test bank has 360 questions. Its status is draft.\n"
    )
