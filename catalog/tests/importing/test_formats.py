"""The command on GIFT and JSON Lines: what it takes a file for, what it counts, real banks."""

import json
import shutil
from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from catalog.models import BankQuestion, TestBank
from questions.models import QuestionVersion
from testing.parts import SHARED, require

pytestmark = [pytest.mark.django_db, pytest.mark.pages]

GIFT = """Read this first.

Which? {=a ~b}

So? {T}

Match. {=a -> 1 =b -> 2}

How many? {#4}

// [id:w]
Write. {}

Name it. {=yes}

Which are? {~%50%a ~%50%b ~c}
"""
AIKEN = "Which?\nA. {one}\nB. two\nANSWER: B\n"
LINE = '{"kind": "true_false", "stem": "So?", "answer": true}\n'


@pytest.fixture
def run(tmp_path, capsys):
    """Runs the command on a file of this name and content, and gives what it printed before the hints."""

    def run(name, content, *options):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        call_command("import_bank", str(path), "--bank", "new", "--title", "New", *options)
        return capsys.readouterr().out.partition("Quality check:")[0]

    return run


def kinds():
    return list(QuestionVersion.objects.order_by("pk").values_list("kind", flat=True))


def test_gift_is_counted_by_kind_and_what_cannot_be_asked_apart(run):
    assert run("bank.gift", GIFT) == (
        "8 questions added to new.\n"
        "By type: passage 1, single_choice 1, true_false 1, matching 1, numeric 1, essay 1, "
        "short_answer 1, multiple_choice 1.\n"
        "The test bank has 5 questions. Its status is draft.\n"
        "Of a type that is not available for practice yet: 3.\n"
    )
    bank = TestBank.objects.get()
    assert (bank.question_count, bank.sample_count) == (5, 3)
    assert BankQuestion.objects.count() == 8


def test_samples_are_the_first_three_that_can_be_asked(run):
    run("bank.gift", GIFT)
    samples = BankQuestion.objects.filter(is_sample=True).order_by("position")
    assert list(samples.values_list("question__current__kind", flat=True)) == [
        "single_choice",
        "true_false",
        "numeric",
    ]
    run("more.gift", "Another? {=a ~b}")
    assert samples.count() == 3


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("bank.txt", AIKEN, "single_choice"),
        ("bank.txt", "So? {T}", "true_false"),
        ("bank.txt", LINE, "true_false"),
        ("bank", f"\ufeff{LINE}", "true_false"),
        ("BANK.GIFT", "Read {this\\}. ANSWER: it {T}".replace("{this", "\\{this"), "true_false"),
        ("bank.gift", "So it is.", "passage"),
        ("bank.ndjson", LINE, "true_false"),
    ],
)
def test_format_is_told_by_ending_and_content(run, name, content, kind):
    run(name, content)
    assert kinds() == [kind]


def test_format_that_is_said_wins(run):
    run("bank.gift", AIKEN, "--format", "aiken")
    assert kinds() == ["single_choice"]
    with pytest.raises(CommandError, match="invalid choice: 'qti'"):
        run("bank.gift", AIKEN, "--format", "qti")


@pytest.mark.parametrize("content", [b"\xff", b"a\0b", b""])
def test_what_is_no_text_is_refused_whatever_its_name(run, content):
    with pytest.raises(SystemExit) as ended:
        run("bank.bin", content)
    assert ended.value.code == 1
    assert not TestBank.objects.exists()


def test_gift_with_an_error_writes_nothing_and_names_the_line(run, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        run("bank.gift", f"{GIFT}\nBroken {{=a\n")
    assert ended.value.code == 1
    assert capsys.readouterr().err == (
        f"{tmp_path / 'bank.gift'}:18: error: This {{ has no matching }}. A blank line ends a "
        "question, even inside { }.\n"
        f"1 error in {tmp_path / 'bank.gift'}. Nothing was imported. Correct the file and try again.\n"
    )
    assert (TestBank.objects.count(), kinds()) == (0, [])


def test_same_gift_twice_adds_nothing(run):
    run("bank.gift", GIFT)
    assert run("bank.gift", GIFT).startswith(
        "0 questions added to new.\nAlready in the test bank: 8 "
    )


def lines(entries):
    return "".join(f"{json.dumps(entry)}\n" for entry in entries)


# Real banks, put into our fields here: a converter is no part of the product.


def bank(name: str) -> Iterable[dict[str, Any]]:
    require("shared")
    path = SHARED / "questions" / "banks" / name / "normalized.jsonl"
    with path.open(encoding="utf-8") as opened:
        yield from map(json.loads, opened)


def civics(row: dict[str, Any]) -> dict[str, Any]:
    """A question of the civics test; where it asks for several all right ones are the key."""
    right = [{"text": text, "right": True} for text in row["answers"]]
    return {
        "kind": "single_choice" if row["choose"] == 1 else "multiple_choice",
        "stem": row["stem"],
        "choices": [*right, *({"text": text} for text in row["distractors"])],
        "domain": row["theme"],
        "group": row["topic"],
        "id": str(row["id"]),
    }


def developer_quiz(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": "single_choice",
        "stem": row["stem"],
        "choices": [
            {"text": text, "right": place == row["correct"]}
            for place, text in enumerate(row["options"])
        ],
        "domain": row["topic"],
        "explanation": row["explanation"],
    }


@pytest.mark.shared
def test_civics_arrive_with_their_domains(run) -> None:
    rows = list(bank("uscis-civics-2025"))
    assert run("civics.jsonl", lines(map(civics, rows))) == (
        "128 questions added to new.\n"
        "By type: single_choice 119, multiple_choice 9.\n"
        "The test bank has 128 questions. Its status is draft.\n"
    )
    kept = QuestionVersion.objects.order_by("pk")
    assert Counter(version.kind for version in kept) == {"single_choice": 119, "multiple_choice": 9}
    assert [version.domain for version in kept] == [row["theme"] for row in rows]
    assert [version.item.group for version in kept] == [row["topic"] for row in rows]


@pytest.mark.proof
@pytest.mark.shared
def test_developer_quiz_arrives_with_its_explanations(run) -> None:
    rows = list(bank("freecodecamp-developer-quiz"))
    assert run("quiz.jsonl", lines(map(developer_quiz, rows))) == (
        "1608 questions added to new.\nThe test bank has 1608 questions. Its status is draft.\n"
    )
    kept = list(QuestionVersion.objects.order_by("pk"))
    assert [version.domain for version in kept] == [row["topic"] for row in rows]
    assert [version.item.explanation.source for version in kept] == [
        row["explanation"] for row in rows
    ]
    assert all(version.item.explanation.html for version in kept)


RADIO = SHARED / "questions" / "banks" / "ncvec-us-amateur-radio"


def with_figure(row: dict[str, Any]) -> dict[str, Any]:
    figure = f"\n\n![The figure of the question](bank/{row['figure']})" if row["figure"] else ""
    return {
        "kind": "single_choice",
        "stem": {"text": row["stem"] + figure, "markup": "markdown"},
        "choices": [
            {"text": text, "right": place == row["correct"]}
            for place, text in enumerate(row["options"])
        ],
        "group": row["group"],
        "id": row["id"],
    }


@pytest.fixture
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT / "questions"


@pytest.fixture
def radio(tmp_path, media):
    """The questions with figures of a real bank, beside its figures."""
    require("shared")
    shutil.copytree(RADIO, tmp_path / "bank")
    rows = [row for row in bank("ncvec-us-amateur-radio") if row["figure"]]
    return [with_figure(row) for row in rows]


@pytest.mark.shared
def test_figures_of_a_real_bank_arrive(run, radio, media):
    assert f"{len(radio)} questions added to new." in run("radio.jsonl", lines(radio))
    kept = {path.name for path in media.iterdir()}
    shown = [version.item.stem for version in QuestionVersion.objects.all()]
    assert len(kept) == 14
    assert {name for stem in shown for _reference, name in stem.pictures} == kept
    assert all(stem.html.count("<img ") == 1 for stem in shown)


@pytest.mark.shared
def test_a_missing_figure_stops_all_and_nothing_is_written(run, radio, media, capsys):
    radio[1]["stem"]["text"] += "![Another](none.png)"
    with pytest.raises(SystemExit, match="1"):
        run("radio.jsonl", lines(radio))
    assert "radio.jsonl:2: error: stem: the image none.png was not found" in capsys.readouterr().err
    assert (TestBank.objects.count(), media.exists()) == (0, False)


@pytest.mark.shared
def test_a_dry_run_writes_no_figure(run, radio, media):
    assert "would be added" in run("radio.jsonl", lines(radio), "--dry-run")
    assert (TestBank.objects.count(), media.exists()) == (0, False)


HOSTILE = SHARED / "questions" / "hostile"


@pytest.mark.shared
@pytest.mark.parametrize("format_name", ["aiken", "gift", "jsonl"])
def test_hostile_files_are_imported_or_refused_and_never_half(format_name, run) -> None:
    """Whatever a file is taken for: it ends with 0 or 1, and 1 has written nothing."""
    require("shared")
    files = sorted(path for path in (HOSTILE / "text").iterdir() if path.suffix == ".txt")
    assert len(files) >= 18
    ended: Counter[str] = Counter()
    for path in files:
        TestBank.objects.all().delete()
        try:
            run(path.name, path.read_bytes(), "--format", format_name)
        except SystemExit as end:
            assert (end.code, TestBank.objects.count()) == (1, 0), path.name
            ended["refused"] += 1
        else:
            assert BankQuestion.objects.exists(), path.name
            ended["imported"] += 1
    assert ended["refused"] >= 9
