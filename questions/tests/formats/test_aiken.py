"""Aiken files as people and programs write them, and as nobody should."""

import json
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from questions.formats.aiken import (
    LARGEST_FILE_BYTES,
    LONGEST_LINE,
    MOST_ERRORS,
    MOST_LINES,
    MOST_QUESTIONS,
    read_aiken,
)
from questions.formats.problems import ReadFile
from questions.items import Item, SingleChoice
from questions.text import safe_html
from testing.parts import SHARED, require

TECHNICIAN = "written-by-qti_package_maker/aiken-technician-2026-2030.txt"
ERRORS = "aiken/moodle41/question/format/aiken/tests/fixtures/aiken_errors.txt"
GOOD = "aiken/moodle41/question/format/aiken/tests/fixtures/questions.aiken.txt"
TRICKY = "hostile/text/aiken_tricky.txt"
QUESTION = "What?\nA. one\nB. two\nANSWER: B\n"


def shared(name: str) -> bytes:
    require("shared")
    return (SHARED / "questions" / name).read_bytes()


def expected(name: str) -> list[dict[str, object]]:
    require("shared")
    lines = (SHARED / "questions" / "expected.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return [row for row in rows if row["file"] == name and row["type"] != "INVALID"]


def told(item: Item) -> dict[str, object]:
    """An item as `expected.jsonl` writes it."""
    assert isinstance(item, SingleChoice)
    return {
        "stem": item.stem.source,
        "options": [
            {"id": choice.id.upper(), "text": choice.text.source, "fraction": choice.weight}
            for choice in item.choices
        ],
        "correct": [choice.text.source for choice in item.choices if choice.id in item.key],
    }


def problems(read: ReadFile) -> list[tuple[int, str]]:
    return [(problem.line, problem.text) for problem in read.problems]


def stems(read: ReadFile) -> list[str]:
    return [item.stem.source for item in read.items]


@pytest.mark.shared
@pytest.mark.parametrize(("name", "count"), [(TECHNICIAN, 360), (GOOD, 2), (ERRORS, 3)])
def test_real_file_matches_independent_parsers(name: str, count: int) -> None:
    read = read_aiken(shared(name))
    wanted = [{key: row[key] for key in ("stem", "options", "correct")} for row in expected(name)]
    assert [told(item) for item in read.items] == wanted
    assert len(read.items) == count


@pytest.mark.shared
def test_real_file_is_read_without_a_problem() -> None:
    read = read_aiken(shared(TECHNICIAN))
    assert read.problems == []
    assert read.lines[:3] == [1, 9, 17]


@pytest.mark.shared
def test_broken_questions_are_named_by_line_and_the_good_ones_read() -> None:
    read = read_aiken(shared(ERRORS))
    assert problems(read) == [
        (1, "A question needs at least two choices, on lines that start with A. and B."),
        (5, "A question needs at least two choices, on lines that start with A. and B."),
        (14, "This question has no ANSWER: line. Add one with the letter of the correct choice."),
    ]
    assert read.lines == [9, 18, 23]


@pytest.mark.shared
def test_tricky_file() -> None:
    read = read_aiken(shared(TRICKY))
    assert stems(read) == [
        "Two line\nstem here?",
        "A. Lincoln was born where?",
        "no space answer",
        "lower answer",
        "many",
    ]
    assert problems(read) == [
        (1, "The stem has several lines. They were joined into one."),
        (8, "Choice labels must be capital letters. Use A. or A) here."),
        (15, "ANSWER: Z does not match a choice. The choices are A to B."),
        (
            20,
            "The ANSWER: line lists several choices (A, B). Aiken allows only one correct choice. "
            "Use one letter.",
        ),
        (34, "Choice B is missing before choice C."),
    ]


@pytest.mark.parametrize(
    "content",
    [
        QUESTION.encode(),
        QUESTION.rstrip().encode(),
        QUESTION.replace("\n", "\r\n").encode(),
        QUESTION.replace("\n", "\r").encode(),
        QUESTION.replace("\n", "\n\n").encode(),
        QUESTION.encode("utf-8-sig"),
        QUESTION.encode("utf-16"),
        b"\xfe\xff" + QUESTION.encode("utf-16-be"),
        b"\n\n\t\n" + QUESTION.encode() + b"\n \n",
        b"What?\n  A) one\n\tB)two\nanswer : b.",
    ],
    ids=["lf", "no-end", "crlf", "cr", "blank", "bom", "utf-16-le", "utf-16-be", "space", "loose"],
)
def test_line_ends_encodings_and_spacing(content: bytes) -> None:
    read = read_aiken(content, domain="Words")
    [item] = read.items
    assert isinstance(item, SingleChoice)
    assert (item.stem.source, item.domain, list(item.key)) == ("What?", "Words", ["b"])
    assert [choice.text.source for choice in item.choices] == ["one", "two"]
    assert read.problems == []


def test_text_with_unusual_line_separators() -> None:
    read = read_aiken("Is <html>\u2028\x0b\x85 *bold*?\nA. a\u2029b\nB. \x0c x\nANSWER: A".encode())
    [item] = read.items
    assert item.stem.source == "Is <html>\u2028\x0b\x85 *bold*?"
    assert item.stem.markup == "text"


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("", 1, "The file contains no questions."),
        ("  \n\n", 1, "The file contains no questions."),
        ("x?\nA. a\nB. b", 1, "This question has no ANSWER: line"),
        ("\nx?\nA. a\nB. b\n\ny?\nA. a\nB. b\nANSWER: A", 2, "This question has no ANSWER: line"),
        ("A. a\nB. b\nANSWER: A", 1, "A question needs at least two choices"),
        ("ANSWER: A", 1, "There is no question before"),
        ("x?\nANSWER: A", 1, "A question needs at least two choices"),
        ("x?\nA. a\nB. b\nANSWER:", 4, "Use ANSWER: and one letter, such as ANSWER: A."),
        ("x?\nA. a\nB. b\nANSWER: one", 4, "Use ANSWER: and one letter"),
        ("x?\nA. a\nB. b\nANSWER: A and B", 4, "Use ANSWER: and one letter"),
        ("x?\nA. a\nB. b\nANSWER: a;b", 4, "The ANSWER: line lists several choices (a;b)."),
        ("x?\nA. a\nB. b\nANSWER: A B", 4, "The ANSWER: line lists several choices (A B)."),
        (
            "x?\nA. a\nB. b\nANSWER: C",
            4,
            "ANSWER: C does not match a choice. The choices are A to B.",
        ),
        (
            "x?\nA. a\nA. b\nANSWER: A",
            3,
            "Choice A appears twice. Start this line with “B.” instead.",
        ),
        ("x?\nA. a\nC. b\nANSWER: A", 3, "Choice B is missing before choice C."),
        ("x?\nA. a\nB.\nANSWER: A", 3, "Choice B is empty."),
        (
            "x?\nA. a\nmore of a\nB. b\nANSWER: A",
            3,
            "The line after a choice must start with “B.” or “ANSWER:”.",
        ),
        (
            "x?\na. a\nb. b\nANSWER: a",
            2,
            "Choice labels must be capital letters. Use A. or A) here.",
        ),
        (
            "x?\nA. a\nb) b\nANSWER: A",
            3,
            "Choice labels must be capital letters. Use B. or B) here.",
        ),
        ("x?\nB. a\nA. b\nC. c\nANSWER: A", 4, "Choice B is missing before choice C."),
    ],
)
def test_fault_is_named_with_its_line(text: str, line: int, problem: str) -> None:
    read = read_aiken(text.encode())
    found = [(at, said[: len(problem)]) for at, said in problems(read) if said.startswith(problem)]
    assert found == [(line, problem)]
    assert read.errors


def test_twenty_seventh_choice_is_too_many() -> None:
    labels = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    choices = "".join(f"{label}. {label}\n" for label in labels)
    read = read_aiken(f"x?\n{choices}A. again\nANSWER: A".encode())
    assert problems(read) == [(28, "A question can have at most 26 choices: A to Z.")]


@pytest.mark.parametrize(
    ("content", "line", "text"),
    [
        (b"x?\nA. caf\xe9\n", 2, "This file is not valid UTF-8 text. Save it as UTF-8."),
        (b"x?\rA. a\rB. caf\xe9\r", 3, "This file is not valid UTF-8 text. Save it as UTF-8."),
        (b"x?\r\nA. \xc0\xbc\r\n", 2, "This file is not valid UTF-8 text. Save it as UTF-8."),
        (b"x?\nA. \xed\xa0\x80\n", 2, "This file is not valid UTF-8 text. Save it as UTF-8."),
        (b"\xff\xfex\0\n\0\x00\xd8", 2, "This file is not valid UTF-16 text. Save it as UTF-8."),
        (b"\xff\xfex", 1, "This file is not valid UTF-16 text. Save it as UTF-8."),
        (b"x?\rA. a\r\0", 3, "This is a binary file, not a text file."),
        ("x?\n".encode("utf-16-le"), 1, "This is a binary file, not a text file."),
    ],
)
def test_binary_file_is_refused_with_its_line(content: bytes, line: int, text: str) -> None:
    read = read_aiken(content)
    assert (problems(read), read.items) == ([(line, text)], [])


HOSTILE = {
    "gift_cp1252.txt": "This file is not valid UTF-8 text. Save it as UTF-8.",
    "gift_invalid_utf8.txt": "This file is not valid UTF-8 text. Save it as UTF-8.",
    "gift_overlong_utf8.txt": "This file is not valid UTF-8 text. Save it as UTF-8.",
    "gift_surrogates.txt": "This file is not valid UTF-8 text. Save it as UTF-8.",
    "gift_nul.txt": "This is a binary file, not a text file.",
}


@pytest.mark.shared
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_are_refused_with_a_reason(name: str) -> None:
    read = read_aiken(shared(f"hostile/text/{name}"))
    assert [text for _line, text in problems(read)] == [HOSTILE[name]]


@pytest.mark.shared
def test_files_of_another_format_are_refused_in_less_than_a_second() -> None:
    require("shared")
    for path in sorted((SHARED / "questions" / "hostile" / "text").glob("gift_*.txt")):
        began = time.process_time()
        assert read_aiken(path.read_bytes()).errors, path.name
        assert time.process_time() - began < 1, path.name


def test_file_that_is_too_large_is_refused_before_it_is_read() -> None:
    read = read_aiken(b"A" * (LARGEST_FILE_BYTES + 1))
    assert problems(read) == [(1, "The file is larger than 10 MB. Split it into smaller files.")]


@pytest.mark.parametrize("line", [1, 2, 4])
def test_line_that_is_too_long_is_refused(line: int) -> None:
    lines = QUESTION.splitlines()
    lines[line - 1] += "x" * LONGEST_LINE
    read = read_aiken("\n".join(lines).encode())
    assert problems(read) == [(line, "This line has more than 20,000 characters.")]


def test_stem_that_is_too_long_is_refused() -> None:
    stem = "\n".join(["x" * (LONGEST_LINE - 1)] * 3)
    read = read_aiken(f"{stem}\nA. a\nB. b\nANSWER: A".encode())
    assert problems(read) == [(1, "The stem has more than 50,000 characters.")]


def test_question_of_too_many_lines_is_refused() -> None:
    read = read_aiken(("x\n" * MOST_LINES + QUESTION).encode())
    assert problems(read) == [(1, "This question is too long. Use fewer than 1,000 lines.")]
    assert stems(read) == ["What?"]


@pytest.mark.proof
def test_file_of_too_many_questions_is_refused() -> None:
    read = read_aiken((QUESTION * (MOST_QUESTIONS + 1)).encode())
    [problem] = read.errors
    assert (problem.line, problem.text) == (
        4 * MOST_QUESTIONS + 1,
        "The file has more than 20,000 questions. Split it into smaller files.",
    )


def test_joined_files_with_byte_order_marks() -> None:
    read = read_aiken(QUESTION.encode("utf-8-sig") * 2 + b"\xef\xbb\xbf\n")
    assert (stems(read), problems(read)) == (["What?", "What?"], [])


def test_reading_stops_after_the_first_hundred_errors() -> None:
    for broken in ("x?\nA. a\nANSWER: A\n\n", "x?\nA. a\nB. b\n\n"):
        read = read_aiken((broken * (MOST_ERRORS + 50)).encode())
        assert len(read.errors) == MOST_ERRORS + 1
        assert (
            read.errors[-1].text
            == "The rest of the file was not checked because there are too many errors."
        )


@pytest.mark.slow
@pytest.mark.parametrize(
    "content",
    [
        b"x\n\n" * 1_000_000,
        b"x?\nA. a\nB. b\nANSWER: A" + b" " * 1_000_000 + b"!",
        b"x?\nA. a\nB. b\nANSWER: " + b"A," * 500_000 + b"!",
        b"x?\nA." + b" " * 3_000_000 + b"\nANSWER: A",
        b"ANSWER" + b" " * 3_000_000,
        b"A. a\n" * 600_000,
    ],
    ids=["stems", "answer-spaces", "answer-letters", "choice-spaces", "no-colon", "labels"],
)
def test_file_made_to_be_slow_is_read_in_a_few_seconds(content: bytes) -> None:
    began = time.process_time()
    assert read_aiken(content).errors
    assert time.process_time() - began < 5


LINES = st.lists(
    st.sampled_from(
        [
            "What?",
            "A. a",
            "A) a",
            "B.b",
            "B)",
            "C. c",
            "b. b",
            "ANSWER: A",
            "answer:b",
            "ANSWER:",
            "",
        ]
    )
    | st.text(max_size=20),
    max_size=20,
)


@settings(deadline=None)
@given(st.binary(max_size=300))
@example(b"\xff\xfe")
@example(b"\xef\xbb\xbf")
def test_arbitrary_bytes_do_not_raise(content: bytes) -> None:
    read = read_aiken(content)
    assert read.items or read.errors


@settings(deadline=None)
@given(LINES, st.sampled_from(["\n", "\r\n", "\r"]))
def test_arbitrary_lines_do_not_raise(lines: list[str], end: str) -> None:
    text = end.join(lines).replace("\0", "").encode("utf-8", "ignore")
    read = read_aiken(text)
    last = len(text.decode().replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    assert all(1 <= problem.line <= last for problem in read.problems)
    assert len(read.items) == len(read.lines)
    assert read.lines == sorted(read.lines)


# What follows ANSWER.

FIRST = "What is 2 + 3?\nA. 4\nB. 5\nANSWER: B\n"
NEXT = "What is 3 + 3?\nA. 5\nB. 6\nANSWER: B\n"


def explanations(text: str) -> list[tuple[str, str]]:
    """Stem and explanation of each question of a file without problems."""
    read = read_aiken(text.encode())
    assert read.problems == []
    return [(item.stem.source, item.explanation.source) for item in read.items]


@pytest.mark.parametrize(
    ("after", "explanation"),
    [
        ("Feedback: Count.\n\n", "Count."),
        ("FEEDBACK : Count.\n\n", "Count."),
        ("Explanation: Count.\n\n", "Count."),
        ("Reference: Book, page 3.\n\n", "Reference: Book, page 3."),
        ("\nFeedback: Count.\n\n", "Count."),
        ("Feedback: Count\nagain.\n\n", "Count\nagain."),
        ("Feedback: Count.\nReference: Book.\n\n", "Count.\nReference: Book."),
        ("Feedback: Count.\n\nReference: Book.\n\n", "Count.\nReference: Book."),
        ("Feedback: Count.\n", "Count."),
        ("Feedback: Count.\nReference: Book.\n", "Count.\nReference: Book."),
        ("Feedback:\n", ""),
        ("FEEDBACK - Count.\n", "Count."),
        ("**Explanation:** Count.\n\n", "Count."),
        ("**Explanation**: Count.\n\n", "Count."),
        ("Explanation：Count.\n\n", "Count."),
        ("", ""),
        ("\n", ""),
    ],
)
def test_feedback_after_the_answer_is_the_explanation(after: str, explanation: str) -> None:
    expected = [("What is 2 + 3?", explanation), ("What is 3 + 3?", "")]
    assert explanations(FIRST + after + NEXT) == expected


def test_feedback_after_the_last_answer_is_its_explanation() -> None:
    assert explanations(f"{FIRST}Feedback: Count.") == [("What is 2 + 3?", "Count.")]


@pytest.mark.parametrize("stem", ["Reference: which book?", "Feedback of an amplifier is what?"])
def test_stem_that_begins_with_keyword(stem: str) -> None:
    assert explanations(f"{FIRST}\n{stem}\nA. x\nB. y\nANSWER: A")[1] == (stem, "")


def test_stem_without_blank_line_after_an_answer() -> None:
    stems = [stem for stem, _why in explanations(f"{FIRST}Which?\n\nA. x\nB. y\nANSWER: A")]
    assert stems == ["What is 2 + 3?", "Which?"]


@pytest.mark.parametrize(
    ("after", "line", "quoted"),
    [
        ("POINTS: 1\n\n", 5, "POINTS: 1"),
        ("POINTS: 1\n", 5, "POINTS: 1"),
        ("\nPoints: 1\n\n", 6, "Points: 1"),
        ("Difficulty: hard\nTags: sums\n\n", 5, "Difficulty: hard"),
        ("Hint: count.\n", 5, "Hint: count."),
        ("Feedback: Count.\nMark: 2\n", 6, "Mark: 2"),
        ("Because of that.\n\n", 5, "Because of that."),
    ],
)
def test_unknown_line_after_answer(after: str, line: int, quoted: str) -> None:
    read = read_aiken(f"{FIRST}{after}{NEXT}".encode())
    assert problems(read) == [
        (
            line,
            f"“{quoted}” appears after the ANSWER: line, where Aiken does not allow text. If it is an "
            "explanation, put Feedback: before it. If it starts the next question, put a blank line "
            "before it.",
        )
    ]
    assert stems(read) == ["What is 3 + 3?"]


def test_unknown_line_after_last_answer() -> None:
    read = read_aiken(f"{FIRST}\nPOINTS: 1".encode())
    assert [problem.line for problem in read.errors] == [6]


def test_formula_between_moodle_delimiters_is_rendered() -> None:
    read = read_aiken(b"Is $$x^2$$ <br>?\nA. \\(x\\)\nB. no\nANSWER: A")
    [item] = read.items
    assert isinstance(item, SingleChoice)
    assert safe_html(item.stem).count("<math") == safe_html(item.choices[0].text).count("<math")
    assert "&lt;br&gt;?" in safe_html(item.stem)
