"""Files of unsupported formats are recognized; supported files never are."""

import pytest

from questions.formats.detect import read_questions_of

AIKEN = b"What?\nA. one\nB. two\nANSWER: B\n"
LINE = b'{"kind": "true_false", "stem": "So?", "answer": true}'
PAGE = b"<!DOCTYPE html>\n<html><head><style>p {margin: 0}</style></head>\n\n<p>404</p></html>"


def told_of(
    content: bytes, name: str = "bank.txt", format_name: str | None = None
) -> tuple[str, str]:
    """Return the name of the foreign format and the instruction; empty if it is supported."""
    read = read_questions_of(
        content, name=name, format_name=format_name, domain="", images=lambda name: name
    )
    first = read.problems[0].text if read.problems else ""
    told, separator, instruction = first.partition(", which Testbank cannot import. ")
    if not separator:
        return "", ""
    assert read.items == []
    return told.removeprefix("This is "), instruction


def refused(content: bytes, name: str = "bank.txt", format_name: str | None = None) -> str:
    """Return the name of the foreign format; empty if the file is supported."""
    return told_of(content, name, format_name)[0]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (PAGE, "an HTML page"),
        (b"  <html>{=a ~b}</html>", "an HTML page"),
        (b'<?xml version="1.0"?>\n<quiz>', "Moodle XML"),
        (b"<?xml version='1.0'?><!-- x --><questestinterop>", "QTI"),
        (b'<question type="multichoice"><name>{x}</name>', "Moodle XML"),
        (b"<qti-assessment-item>", "QTI"),
        (b'<item ident="i1">{x}</item>', "QTI"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><style>p {x}</style></svg>", "an image"),
        (b"---\ntitle: x\nquestions:\n  - q: {a}\n", "YAML"),
        (b"<?xml version='1.0'?><notes/>", "XML"),
        (b"{\\rtf1 What? {=a ~b}}", "a rich text file ("),
        (b"\\documentclass{exam} {x}", "LaTeX"),
        (b"#separator:tab\nfront\tback", "an Anki text export"),
        (b"MC\tWhat?\ta\tcorrect\tb\tincorrect", "a Blackboard text file"),
        (b"Quiz title: x\n1. What?\n*a) b", "a text2qti file"),
        (b"1. What is {x}?\n*a) yes\nb) no\n", "a text2qti or Respondus file"),
        (b"1) What is {x}?\nA. no\n*B. yes\n", "a text2qti or Respondus file"),
        (b"1 x 1 =\t1\n1 x 2 =\t{2}\n1 x 3 =\t3\n", "a tab-separated table"),
        (b"%PDF-1.7 {", "a PDF"),
        (b"PK\x03\x04", "a zip file (such as "),
    ],
)
def test_file_of_another_format_is_named(content: bytes, told: str) -> None:
    assert refused(content).startswith(told)
    assert refused(content, format_name="gift").startswith(told)
    assert refused(content, name="bank.gift").startswith(told)


@pytest.mark.parametrize(
    "content",
    [
        b'[{"kind": "true_false", "stem": "one", "answer": true}]',
        b'[\n {"question": "one", "options": ["a", "b"]}\n]',
        b'{\n "questions": [{"stem": "one"}]\n}',
        b"\xef\xbb\xbf[1, 2]",
        '["one {T}"]'.encode("utf-16"),
    ],
)
def test_json_that_is_not_json_lines_is_named(content: bytes) -> None:
    instruction = "Use JSON Lines, with one object per line and no [ ] around the objects."
    assert told_of(content) == ("a JSON file", instruction)
    assert told_of(content, name="bank.jsonl") == ("a JSON file", instruction)


@pytest.mark.parametrize(
    ("content", "name", "instruction"),
    [
        (b"<quiz>", "bank.xml", "In Moodle, export the questions as GIFT."),
        (AIKEN, "bank.json", "If it contains JSON Lines, change the file extension to .jsonl."),
        (PAGE, "bank.txt", "Use JSON Lines, GIFT, or Aiken."),
    ],
)
def test_instruction_fits_the_format(content: bytes, name: str, instruction: str) -> None:
    assert told_of(content, name)[1] == instruction


@pytest.mark.parametrize(
    "header",
    [
        "question,answer",
        '"Question";"Answer";"Points"',
        "Question\tAnswer",
        "Question,Question Type,Answer Option 1,Explanation 1",
        "Frage;Antwort",
        "id|stem|correct answer",
    ],
)
def test_table_is_named(header: str) -> None:
    assert refused(f'{header}\n"What is {{x}}?",4\n'.encode()) == "a CSV file"


@pytest.mark.parametrize(
    "ending", ["csv", "tsv", "xlsx", "xml", "html", "json", "yaml", "tex", "docx", "PDF"]
)
def test_foreign_format_by_file_name(ending: str) -> None:
    assert refused(AIKEN, name=f"bank.{ending}")
    assert refused(AIKEN, name=f"bank.{ending}", format_name="aiken") == ""


@pytest.mark.parametrize(
    "content",
    [
        AIKEN,
        LINE,
        LINE + b"\n" + LINE,
        b"[html]<p>So?</p> {T}",
        b"[1] is a list. {T}",
        b"{=a ~b}",
        b"Question, answer and proof: which? {=a ~b}",
        b"<b>Is it so?</b> {T}",
        b"MC Hammer sings? {T}",
        b"What?\tWhich?\nA.\tone\nB.\ttwo\nANSWER: B\n",
        b"Which?\t{\n=one\t#yes\n~two\t#no\n}",
        b"One?\t{T}\n\nTwo?\t{F}",
        b"---\nIs it so? {T}",
    ],
)
def test_supported_file_is_not_foreign(content: bytes) -> None:
    assert refused(content) == ""
