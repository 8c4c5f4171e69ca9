"""GIFT files as people and programs write them, and as nobody should."""

import json
import re
import time
from collections import Counter
from typing import Any

import nh3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from questions.formats.gift import LONGEST_BLOCK, MOST_LINES, read_gift
from questions.formats.problems import ReadFile
from questions.grading import ChoiceResponse, grade
from questions.items import (
    NOTHING,
    AcceptedNumber,
    Essay,
    Item,
    Matching,
    MultipleChoice,
    Numeric,
    Passage,
    ShortAnswer,
    SingleChoice,
    Text,
    TrueFalse,
)
from questions.text import plain_words, safe_html
from testing.parts import SHARED, require

KINDS = {
    "single": "single_choice",
    "multiple": "multiple_choice",
    "other": "passage",
    "true_false": "true_false",
    "numeric": "numeric",
    "short_answer": "short_answer",
    "matching": "matching",
    "essay": "essay",
}


def shared(name: str) -> bytes:
    require("shared")
    return (SHARED / "questions" / name).read_bytes()


def read(text: str) -> ReadFile:
    return read_gift(text.encode())


def only(text: str) -> Any:
    """The one item of a file without problems."""
    found = read(text)
    assert found.problems == []
    [item] = found.items
    return item


def problems(found: ReadFile) -> list[tuple[int, str]]:
    return [(problem.line, problem.text) for problem in found.problems]


# What expected.jsonl says, and our items in its words.

LOOSE = re.compile(r"\s+(?=[.?])")


def folded(words: str | None) -> str:
    """Tags stripped and white space folded; `_____ .` is our `_____.`: the file has no space."""
    text = re.sub(r"<!--.*?-->", "", words or "", flags=re.DOTALL)
    text = nh3.clean(text, tags=set()) if re.search(r"</?\w", text) else text
    text = re.sub(r"&(?:nbsp|#160);|\xa0", " ", text).replace("&amp;", "&")
    return LOOSE.sub("", " ".join(text.split()))


def words_of(text: Text) -> str:
    return folded(text.source)


def options(item: Item) -> list[dict[str, object]]:
    if isinstance(item, SingleChoice | MultipleChoice | TrueFalse):
        return [
            option(text=words_of(choice.text), weight=choice.weight, feedback=choice.feedback)
            for choice in item.choices
        ]
    if isinstance(item, ShortAnswer):
        return [
            option(text=folded(words.text), weight=words.weight, feedback=words.feedback)
            for words in item.accepted
        ]
    if isinstance(item, Numeric):
        numbers = [
            option(text=limits(number), weight=number.weight, feedback=number.feedback)
            for number in item.accepted
        ]
        rest = [option(text="*", weight=0, feedback=item.otherwise)]
        return numbers + (rest if item.otherwise.source else [])
    if isinstance(item, Matching):
        pairs = [(words_of(pair.prompt), words_of(pair.answer)) for pair in item.pairs]
        pairs += [("", words_of(answer)) for answer in item.distractors]
        return [{"prompt": prompt, "answer": answer} for prompt, answer in pairs]
    return []


def option(*, text: object, weight: float, feedback: Text) -> dict[str, object]:
    return {"text": text, "fraction": weight, "feedback": words_of(feedback)}


def limits(number: AcceptedNumber) -> tuple[float, float]:
    return float(number.low), float(number.high)


def expected_option(row: dict[str, Any]) -> dict[str, object]:
    if "prompt" in row:
        return {"prompt": folded(row["prompt"]), "answer": folded(row["answer"])}
    text: object = folded(row.get("text"))
    if "min" in row:
        text = (row["min"], row["max"])
    if "value" in row:
        value, tolerance = row["value"], row["tolerance"]
        text = (round(value - tolerance, 9), round(value + tolerance, 9))
    return {"text": text, "fraction": row["fraction"], "feedback": folded(row["feedback"])}


def key(item: Item) -> list[object]:
    """What is right, as expected.jsonl says it."""
    if isinstance(item, TrueFalse):
        return [item.is_true]
    if isinstance(item, SingleChoice | MultipleChoice):
        return [words_of(choice.text) for choice in item.choices if choice.id in item.key]
    if isinstance(item, ShortAnswer):
        return [folded(words.text) for words in item.accepted if words.is_full]
    if isinstance(item, Numeric):
        return [limits(number) for number in item.accepted if number.is_full]
    if isinstance(item, Matching):
        return [[words_of(pair.prompt), words_of(pair.answer)] for pair in item.pairs]
    return []


def expected_key(row: dict[str, Any]) -> list[object]:
    return [
        expected_option({"fraction": 0, "feedback": None, **right})["text"]
        if isinstance(right, dict)
        else folded(right)
        if isinstance(right, str)
        else right
        for right in row["correct"] or []
    ]


def told(item: Item) -> dict[str, object]:
    return {
        "kind": item.kind,
        "title": item.title,
        "stem": words_of(item.stem),
        "id": item.external_id,
        "tags": list(item.tags),
        "options": options(item),
        "key": key(item),
        "explanation": words_of(item.explanation),
    }


def told_by(row: dict[str, Any]) -> dict[str, object]:
    return {
        "kind": KINDS[row["type"]],
        "title": row.get("title") or "",
        "stem": folded(row["stem"]),
        "id": row.get("id") or "",
        "tags": row.get("tags") or [],
        "options": [expected_option(option) for option in row.get("options") or []],
        "key": expected_key(row),
        "explanation": folded(row.get("general_feedback")),
    }


@pytest.mark.shared
def test_every_question_of_the_reference_files_is_as_expected() -> None:
    """The peg parser's own examples: kinds, stems, options, weights, keys and feedback."""
    require("shared")
    folder = SHARED / "questions" / "gift" / "gift-pegjs"
    lines = (SHARED / "questions" / "expected.jsonl").read_text(encoding="utf-8").split("\n")
    rows = [row for row in map(json.loads, filter(None, lines)) if row["format"] == "gift"]
    asserted: Counter[str] = Counter()
    for path in sorted(folder.glob("*.gift")):
        found = read_gift(path.read_bytes())
        of_file = [row for row in rows if row["file"] == f"gift/gift-pegjs/{path.name}"]
        assert [told(item) for item in found.items] == [told_by(row) for row in of_file], path.name
        asserted.update(item.kind for item in found.items)
    assert asserted == {
        "single_choice": 27,
        "multiple_choice": 4,
        "true_false": 17,
        "numeric": 14,
        "short_answer": 19,
        "matching": 4,
        "essay": 8,
        "passage": 7,
    }
    assert sum(asserted.values()) == len(rows)


@pytest.mark.shared
@pytest.mark.parametrize("name", ["category1.gift", "categorySpecialCharacter.gift"])
def test_reference_file_with_only_a_category_has_no_question(name: str) -> None:
    found = read_gift(shared(f"gift/gift-pegjs/{name}"))
    assert problems(found) == [(1, "The file contains no questions.")]


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        *(
            (name, ["single_choice", "single_choice"])
            for name in ("crlf", "cr_only", "mixed_eol", "utf8_bom", "utf16le_bom", "utf16be_bom")
        ),
        ("unicode_lines", ["single_choice", "true_false"]),
        ("rtl_emoji_combining", ["single_choice", "single_choice", "true_false"]),
    ],
)
def test_hostile_file_that_can_be_read(name: str, kinds: list[str]) -> None:
    found = read_gift(shared(f"hostile/text/gift_{name}.txt"))
    assert [item.kind for item in found.items] == kinds
    assert found.problems == []


@pytest.mark.shared
@pytest.mark.parametrize("name", ["cp1252", "invalid_utf8", "overlong_utf8", "surrogates"])
def test_hostile_bytes_are_refused_with_their_line(name: str) -> None:
    found = read_gift(shared(f"hostile/text/gift_{name}.txt"))
    assert problems(found) == [(1, "This file is not valid UTF-8 text. Save it as UTF-8.")]
    assert found.items == []


@pytest.mark.shared
def test_nul_is_refused() -> None:
    found = read_gift(shared("hostile/text/gift_nul.txt"))
    assert problems(found) == [(1, "This is a binary file, not a text file.")]


@pytest.mark.shared
def test_title_without_bidi_controls() -> None:
    first = read_gift(shared("hostile/text/gift_rtl_emoji_combining.txt")).items[0]
    assert first.title == "שלום  cod"


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "error_lines", "item_lines"),
    [
        ("nested_braces", [1, 7, 9, 11], [3, 5]),
        ("unterminated", [1, 5, 7, 9, 11, 14], [3]),
        ("weights", [1, 3, 5, 7, 13, 15], [9, 11]),
        ("tricky", [8, 14], [2, 4, 6, 10, 12, 16, 18, 20, 22, 30, 32, 35]),
    ],
)
def test_hostile_file_is_reported_by_line(
    name: str, error_lines: list[int], item_lines: list[int]
) -> None:
    found = read_gift(shared(f"hostile/text/gift_{name}.txt"))
    assert [problem.line for problem in found.errors] == error_lines
    assert found.lines == item_lines


@pytest.mark.shared
def test_three_third_weights_of_a_hostile_file_are_full_marks() -> None:
    found = read_gift(shared("hostile/text/gift_weights.txt"))
    [thirds] = [item for item in found.items if item.title.startswith("W6")]
    assert isinstance(thirds, MultipleChoice)
    right = tuple(choice.id for choice in thirds.choices if choice.weight > 0)
    assert len(right) == 3
    assert grade(thirds, ChoiceResponse(chosen=right)).is_right


@pytest.mark.shared
def test_lower_case_true_is_a_short_answer() -> None:
    found = read_gift(shared("hostile/text/gift_tricky.txt"))
    kinds = {item.title.partition(" ")[0]: item.kind for item in found.items}
    assert (kinds["T9"], kinds["T10"]) == ("short_answer", "short_answer")


@pytest.mark.shared
def test_hostile_runs_of_one_character_are_read_quickly() -> None:
    content = shared("hostile/text/gift_redos.txt")
    started = time.process_time()
    found = read_gift(content)
    assert time.process_time() - started < 1
    assert [problem.line for problem in found.errors] == [1, 3, 5]


@pytest.mark.parametrize("sign", ["{", "}", "=", "~", "::", "\\", "#", "%", "->", "[html]", "//"])
def test_ten_thousand_equal_characters_are_read_quickly(sign: str) -> None:
    started = time.process_time()
    for text in (sign * 10_000, f"What? {{{sign * 10_000}}}", f"What? {{={f'{sign} ' * 10_000}}}"):
        read(text)
    assert time.process_time() - started < 1


@settings(deadline=None)
@given(st.text(alphabet="{}=~#:%\\-> \n[]/T15.ahtml$", max_size=60))
def test_arbitrary_text_does_not_raise(text: str) -> None:
    found = read(text)
    assert len(found.items) == len(found.lines)
    assert found.items or found.errors


# The grammar, sign by sign.


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"\~ \= \# \{ \} \:", "~ = # { } :"),
        (r"a\\b", r"a\b"),
        (r"a\\nb", r"a\nb"),
        (r"a\nb", "a\nb"),
        (r"a\qb \ c", r"a\qb \ c"),
    ],
)
def test_backslash_escapes_special_characters(written: str, meant: str) -> None:
    assert only(f"{written} {{T}}").stem.source == meant
    assert only(f"What? {{=x{written}x}}").accepted[0].text == f"x{meant}x"


def test_title_with_escaped_colons() -> None:
    item = only(r"::About a\:\:b::What? {T}")
    assert (item.title, item.stem.source) == ("About a::b", "What?")


def test_title_stands_in_for_a_stem_that_is_empty() -> None:
    assert only("::Is it so?::{T}").stem.source == "Is it so?"


@pytest.mark.parametrize(
    ("stem", "markup", "html"),
    [
        ("[html]<b>x</b>", "html", "<b>x</b>"),
        ("[markdown]**x**", "markdown", "<p><strong>x</strong></p>"),
        ("[plain]<b>x</b>", "plain", "<p>&lt;b&gt;x&lt;/b&gt;</p>"),
        ("[moodle]x", "moodle", "<p>x</p>"),
        ("x", "moodle", "<p>x</p>"),
        ("What does <b> do?", "moodle", "<p>What does &lt;b&gt; do?</p>"),
        ("a < b and b > c", "moodle", "<p>a &lt; b and b &gt; c</p>"),
        ("x <b>y</b>", "moodle", "x <b>y</b>"),
        ("x<br>y", "moodle", "x<br>y"),
        ("a &lt; b", "moodle", "a &lt; b"),
        (r"x\ny <b>z</b>", "moodle", "x\n<br>y <b>z</b>"),
    ],
)
def test_markup_comes_from_the_prefix_or_the_text(stem: str, markup: str, html: str) -> None:
    text = only(f"{stem} {{T}}").stem
    assert (text.markup, safe_html(text)) == (markup, html)


def test_texts_take_the_markup_of_the_stem_unless_they_name_one() -> None:
    item = only("[markdown]Which? {=a#[html]<i>f</i> ~[plain]b#g ####why}")
    a, b = item.choices
    assert [text.markup for text in (a.text, a.feedback, b.text, b.feedback)] == [
        "markdown",
        "html",
        "plain",
        "markdown",
    ]
    assert (item.explanation.source, item.explanation.markup) == ("why", "markdown")


def test_category_names_the_domain_of_what_follows() -> None:
    found = read_gift(
        b"One {T}\n\n$CATEGORY: $course$/top/Law/Traffic//Signs\n\nTwo {T}\n\nThree {T}\n"
        b"$CATEGORY: tom/dick\nFour {T}",
        domain="Else",
    )
    assert [(item.stem.source, item.domain) for item in found.items] == [
        ("One", "Else"),
        ("Two", "Law / Traffic/Signs"),
        ("Three", "Law / Traffic/Signs"),
        ("Four", "tom / dick"),
    ]


def test_comment_carries_id_and_tags_of_the_next_question_only() -> None:
    found = read("// by hand\n// [id:7] [tag:a] [tag: b c ]\n\nOne {T}\n\nTwo {T}")
    assert [(item.external_id, item.tags) for item in found.items] == [
        ("7", ("a", "b c")),
        ("", ()),
    ]


def test_comment_inside_of_a_question_is_left_out_and_counted_as_a_line() -> None:
    found = read("Which? {\n// no answer\n=a\n  // ~ nor this\n~b\n~\n}")
    assert problems(found) == [(6, "This answer is empty and was skipped.")]
    assert found.errors == []


def test_first_feedback_of_true_false_is_for_the_wrong_answer() -> None:
    assert only("x {T#no#yes}").feedback_true.source == "yes"
    assert only("x {F#no#yes}").feedback_true.source == "no"
    assert only("x {FALSE##yes}").feedback_false.source == "yes"


@pytest.mark.parametrize("word", ["t", "True", "f", "false", r"\T"])
def test_true_false_is_written_in_capitals_only(word: str) -> None:
    assert isinstance(only(f"x {{{word}}}"), ShortAnswer)


def test_question_with_one_right_answer_is_a_single_choice() -> None:
    item = only("2 + 2? {~1 =2 =4 ~%50%3}")
    assert isinstance(item, SingleChoice)
    assert [choice.weight for choice in item.choices] == [0, 100, 100, 50]


def test_weights_without_a_right_sign_make_it_a_multiple_choice() -> None:
    item = only("Which? {~%33.33333%a ~%33.33333%b ~%33.33333%c ~%-100%d ~e}")
    assert isinstance(item, MultipleChoice)
    assert [choice.weight for choice in item.choices] == [33.33333] * 3 + [-100, 0]


@pytest.mark.parametrize(
    ("braces", "ranges"),
    [
        ("{#4}", [(4, 4, 100)]),
        ("{#3:2}", [(1, 5, 100)]),
        ("{#1..5}", [(1, 5, 100)]),
        ("{# -1.5 .. 1e1 }", [(-1.5, 10, 100)]),
        ("{#=1822:0 =%50%1822:2}", [(1822, 1822, 100), (1820, 1824, 50)]),
        ("{#3:2~#wrong}", [(1, 5, 100)]),
    ],
)
def test_numbers(braces: str, ranges: list[tuple[float, float, float]]) -> None:
    item = only(f"How many? {braces}")
    assert [(float(n.low), float(n.high), n.weight) for n in item.accepted] == ranges


def test_tolerance_is_exact() -> None:
    [number] = only("Pi? {#3.1415:0.0005}").accepted
    assert (str(number.low), str(number.high)) == ("3.1410", "3.1420")


@pytest.mark.parametrize("braces", ["{#}", "{#1,5}", "{#five}", "{#=}", "{#NaN}", "{#1:x}"])
def test_invalid_number_is_refused(braces: str) -> None:
    found = read(f"How many?\n{braces}")
    assert [(problem.line, problem.is_error) for problem in found.problems] == [(2, True)]


def test_answer_without_a_prompt_is_a_distractor() -> None:
    item = only("Match. {=a -> 1 =b -> 2 = -> 3}")
    assert isinstance(item, Matching)
    assert [answer.source for answer in item.distractors] == ["3"]


def test_text_after_the_braces_makes_a_blank() -> None:
    assert only("A {=b ~c} d.").stem.source == "A _____ d."
    assert only("A {=b ~c}.").stem.source == "A _____."


def test_empty_braces_are_an_essay_and_no_braces_a_passage() -> None:
    assert isinstance(only("Write. {}"), Essay)
    assert only("Write. {#### Like this.}").explanation.source == "Like this."
    assert isinstance(only("Read this."), Passage)


def test_name_of_the_image_tag_is_no_image() -> None:
    found = read("Which tag shows a picture?{=<img> ~<a>}")
    assert (len(found.items), found.problems) == (1, [])


def test_image_is_reported_and_does_not_stop_the_import() -> None:
    found = read('[html]Look\\: <img src\\="a.png"> {T}')
    assert [(problem.line, problem.is_error) for problem in found.problems] == [(1, False)]
    assert len(found.items) == 1


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("\n\n{=a ~b}", 3, "The question text is missing. Add it before the {."),
        (
            "x {=a -> b =c}",
            1,
            "Write each line of a matching question like this: = prompt -> answer",
        ),
        ("x {=a ->}", 1, "Write each line of a matching question like this: = prompt -> answer"),
        ("x {=a -> b}", 1, "A matching question needs at least two answers."),
        ("x {=%50%a}", 1, "No accepted answer earns full credit."),
        ("x {=\\=}\n\ny {=%101%a}", 3, "A weight must be between %-100% and %100%."),
        ("::" + "t" * 256 + ":: x {T}", 1, "The title was shortened to 255 characters."),
        ("x" * 50_001 + " {T}", 1, "The text has too many characters (maximum: 50,000)."),
        (
            "x\n" * (MOST_LINES + 1),
            1,
            "This question is too long. Check for a missing blank line between questions.",
        ),
        (
            "x" * (LONGEST_BLOCK + 1),
            1,
            "This question is too long. Check for a missing blank line between questions.",
        ),
    ],
)
def test_error_is_a_sentence(text: str, line: int, sentence: str) -> None:
    assert problems(read(text))[0] == (line, sentence)


# What Moodle's reader takes is neither refused nor cut without a word.


def notes(text: str) -> list[str]:
    found = read(text)
    assert found.errors == []
    return [problem.text for problem in found.warnings]


@pytest.mark.parametrize(
    "answer",
    ["%d", "%reset", "%", "% of all", "%%", "%5", "%50 percent", "%a%b", "%+5%x", "100%"],
)
def test_percent_sign_in_answer(answer: str) -> None:
    assert only(f"Which? {{={answer} ~{answer}s}}").choices[0].text.source == answer
    assert only(f"Which? {{={answer}}}").accepted[0].text == answer
    assert only(f"Which? {{=%50%{answer} =b}}").accepted[0].weight == 50


@pytest.mark.parametrize(("written", "weight"), [("%50%", 50), ("%33.%", 33), ("%-12.5%", -12.5)])
def test_percent_signs_around_a_number_are_a_weight(written: str, weight: float) -> None:
    item = only(f"Which? {{=a ~{written}b}}")
    assert [(choice.text.source, choice.weight) for choice in item.choices] == [
        ("a", 100),
        ("b", weight),
    ]


def test_weight_after_the_sign_of_a_right_choice_belongs_to_it_as_in_moodle() -> None:
    [item] = read("Which? {=%50%a ~b}").items
    assert isinstance(item, SingleChoice)
    assert [(choice.text.source, choice.weight) for choice in item.choices] == [
        ("%50%a", 100),
        ("b", 0),
    ]
    assert notes("Which? {=%50%a ~b}") == [
        "A weight is allowed only after ~. Here it was read as part of the answer."
    ]


def test_answer_before_the_first_sign_is_an_answer() -> None:
    assert [words.text for words in only("Which? {a =b}").accepted] == ["a", "b"]
    assert [choice.weight for choice in only("Which? {a =b ~c}").choices] == [0, 100, 0]
    assert [n.weight for n in only("How many? {#3 =%50%4:1}").accepted] == [100, 50]
    assert [p.prompt.source for p in only("Match. {a -> 1 =b -> 2}").pairs] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("Which? {=a ~ ~b}", "This answer is empty and was skipped."),
        ("Which? {=a = =b}", "This answer is empty and was skipped."),
        (
            "Which? {=a =%-50%b}",
            "A typed answer cannot have a negative weight, so the weight was set to 0.",
        ),
        (
            "How many? {#5..1}",
            "The start of the range is greater than its end. The range was read as 1..5.",
        ),
        (
            f"$CATEGORY: {'c' * 201}\nSo? {{T}}",
            "The category was shortened to 200 characters.",
        ),
    ],
)
def test_note_for_adjusted_answer(text: str, note: str) -> None:
    assert notes(text) == [note]


def test_answer_for_any_number_without_weight_is_the_feedback_for_others() -> None:
    item = only("How many? {#=5 =%0%*#Count again.}")
    assert (len(item.accepted), item.otherwise.source) == (1, "Count again.")


def test_id_and_tags_may_hold_brackets() -> None:
    item = only(r"// [id:a\]b] [tag:x[1\]]" + "\nSo? {T}")
    assert (item.external_id, item.tags) == ("a]b", ("x[1]",))


# Texts that would show nothing.


@pytest.mark.parametrize(
    "tag", ["<br>", "</p>", "<hr>", "<p>", "<lb>", "<br/>", "<HR >", "</b>", "<img>", "<stdio.h>"]
)
@pytest.mark.parametrize("prefix", ["", "[html]", "[markdown]"])
def test_choice_that_is_an_html_tag_is_shown_as_text(prefix: str, tag: str) -> None:
    [item] = read(f"{prefix}Which? {{={tag} ~no}}").items
    assert isinstance(item, SingleChoice)
    assert plain_words(safe_html(item.choices[0].text)) == tag


@pytest.mark.parametrize(
    "stem",
    [
        "What does the element <br> do?",
        "What does <hr> draw?",
        "Where does </p> stand?",
        "What is <br>?",
        "Is #include <stdio.h> needed?",
        "What does &nbsp; do?",
        "Is x<y or x>y?",
    ],
)
def test_tag_name_in_stem_is_shown(stem: str) -> None:
    [item] = read(f"{stem} {{T}}").items
    assert plain_words(safe_html(item.stem)) == stem


def test_html_tag_shown_as_text_is_reported() -> None:
    assert notes("What does <br> do? {T}") == [
        "The HTML tags in this text will appear as plain text: 'What does <br> do?'. To use HTML, "
        "start the text with [html]."
    ]


@pytest.mark.parametrize("empty", ["<p><br></p>", "<p></p>", "&nbsp;", "<div> </div>", "\u200b"])
def test_empty_choice_of_an_editor_is_an_error(empty: str) -> None:
    found = read(f"[html]Which?\n{{={empty.replace('=', chr(92) + '=')} ~no}}")
    assert problems(found) == [(1, f"This text would appear empty: {empty!r}. Add visible text.")]


@pytest.mark.parametrize("empty", ["<p><br></p>", "<br>", "&nbsp;"])
def test_empty_feedback_of_an_editor_is_no_feedback(empty: str) -> None:
    item = only(f"[html]Which? {{=yes#{empty} ~no####{empty}}}")
    assert (item.choices[0].feedback, item.explanation) == (NOTHING, NOTHING)


# Formulas as Moodle writes them.


@pytest.mark.parametrize(
    ("stem", "count"),
    [
        (r"[html]<p>Solve $$x^2 - 5x + 6 \= 0$$.</p>", 1),
        (r"[html]<p>What is \\(\\frac\{1\}\{3\}\\) of 9?</p>", 1),
        (r"What is $$\\sqrt\{25\}$$?", 1),
        (r"[markdown]What is $\\sqrt\{25\}$?", 1),
        (r"[moodle]Is \\[a^2\\] or \(b_1\) more?", 2),
        (r"[html]Is $$a &lt; b$$?", 1),
        (r"[plain]What is $$\\sqrt\{25\}$$?", 0),
        (r"[html]<code>$$x^2$$</code> in TeX", 0),
        (r"Does echo $$ print what $$ holds?", 0),
    ],
)
def test_formula_is_set_in_html_and_unmarked_texts(stem: str, count: int) -> None:
    assert safe_html(only(f"{stem} {{T}}").stem).count("<math") == count


def test_unreadable_formula_is_a_warning() -> None:
    found = read(r"What is \(\\foo\{1\}\)? {T}")
    assert [(problem.line, problem.is_error) for problem in found.problems] == [(1, False)]
    assert plain_words(safe_html(found.items[0].stem)) == r"What is \(\foo{1}\)?"
