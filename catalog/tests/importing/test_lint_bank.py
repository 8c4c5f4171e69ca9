"""The command on files and banks: each finding with its place, the figures, an exit code."""

import json

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from PIL import Image

pytestmark = pytest.mark.django_db

GOOD = {
    "kind": "true_false",
    "stem": "The holly is an evergreen tree.",
    "answer": True,
    "feedback_true": "It is.",
    "feedback_false": "It is.",
    "explanation": "It keeps its leaves.",
    "domain": "Trees",
    "difficulty": "easy",
}


@pytest.fixture
def file(tmp_path):
    """Writes questions into a file, and gives its path."""

    def write(*questions):
        path = tmp_path / "questions.jsonl"
        path.write_text("\n".join(json.dumps(question) for question in questions))
        return path

    return write


@pytest.fixture
def run(capsys):
    """Runs the command, and gives its exit code and what it printed."""

    def run(bank, *options):
        try:
            call_command("lint_bank", str(bank), *options)
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
        return code, capsys.readouterr().out

    return run


FIGURES = (
    "Questions: 1 (true_false 1).\n"
    "Domains: Trees 1.\n"
    "Difficulty: easy 1.\n"
    "With images: 0. With formulas: 0. With code blocks: 0.\n"
)


def test_good_file_ends_with_0_and_its_figures(run, file):
    assert run(file(GOOD)) == (0, f"{FIGURES}0 issues found.\n")


def test_folder_of_a_bank_is_its_questions(run, file):
    assert run(file(GOOD).parent) == (0, f"{FIGURES}0 issues found.\n")


def test_finding_ends_with_1_and_names_line_and_question(run, file):
    path = file(GOOD | {"explanation": ""})
    assert run(path) == (
        1,
        f"{path}:1: question 1: No explanation. Explain why the answer is correct.\n"
        f"{FIGURES}1 issue found.\n",
    )


def test_error_of_the_file_ends_with_1(run, file):
    path = file(GOOD, {"kind": "essay"})
    assert run(path) == (
        1,
        f"{path}:2: error: stem: this field is required.\n{FIGURES}1 issue found.\n",
    )


def test_unknown_picture_and_broken_formula_are_told_by_line(run, file):
    markdown = GOOD | {"markup": "markdown"}
    path = file(
        markdown | {"stem": "Is this a holly? ![A holly](none.png)"},
        markdown | {"stem": "Is $x^$ a holly?"},
    )
    code, printed = run(path)
    assert code == 1
    assert f"{path}:1: error: stem: the image none.png was not found" in printed
    assert f"{path}:2: error: The formula $x^$ cannot be read" in printed


def test_aiken_is_read_by_its_content(run, tmp_path):
    path = tmp_path / "bank.txt"
    path.write_text("Which of these is a tree?\nA. holly\nB. ivy\nANSWER: A\n")
    code, printed = run(path)
    assert (code, "No feedback for: A, B." in printed) == (1, True)
    assert run(path, "--format", "gift")[1] != printed


def test_bank_that_stands_here_is_looked_at(run, file, make_bank):
    bank = make_bank("trees", questions=0)
    call_command("import_bank", str(file(GOOD | {"explanation": ""})), "--bank", bank.slug)
    code, printed = run("trees")
    assert code == 1
    assert "trees:1: question 1: No explanation." in printed


def test_lost_picture_of_a_bank_is_found(run, file, make_bank, tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path / "media"
    Image.new("1", (9, 9)).save(tmp_path / "holly.png")
    stem = {"text": "Is this a holly? ![A holly](holly.png)", "markup": "markdown"}
    make_bank("trees", questions=0)
    call_command("import_bank", str(file(GOOD | {"stem": stem})), "--bank", "trees")
    assert "lost" not in run("trees")[1]
    [name] = default_storage.listdir("questions")[1]
    default_storage.delete(f"questions/{name}")
    assert f"trees:1: question 1: The image {name} is missing." in run("trees")[1]


def test_neither_file_nor_bank_is_wrong_use(run):
    with pytest.raises(CommandError, match="There is no file or test bank 'none'") as raised:
        run("none")
    assert raised.value.returncode == 2
