"""The key is hidden before the answer, and shown after it."""

from dataclasses import asdict, fields
from fractions import Fraction

import pytest
from django.utils.translation import override

from questions.grading import ChoiceResponse, Grade, NumberResponse, TextResponse, grade
from questions.items import (
    AcceptedNumber,
    AcceptedText,
    Choice,
    MultipleChoice,
    Numeric,
    ShortAnswer,
    SingleChoice,
    Text,
    TrueFalse,
)
from questions.rendering import (
    Draft,
    PresentedChoice,
    PresentedItem,
    RevealedItem,
    excerpt,
    keep_words_of_code,
    letter,
    present,
    reveal,
    words_before_answering,
)
from questions.services import safe
from questions.tests.makers import GRANT, NAZARETH, TRUE, number, numeric, short, words
from questions.text import plain_words

ITEM = safe(
    SingleChoice(
        stem=Text(source="Which?"),
        explanation=Text(source="Explained."),
        domain="Rules",
        external_id="T1A01",
        tags=("hard",),
        choices=(
            Choice(id="a", text=Text(source="One"), feedback=Text(source="Not one.")),
            Choice(id="b", text=Text(source="Two"), weight=100, feedback=Text(source="Yes, two.")),
        ),
    )
)


def revealed(chosen: str) -> RevealedItem:
    response = ChoiceResponse(chosen=(chosen,))
    return reveal(ITEM, response, grade(ITEM, response))


def test_presented_item_has_no_field_for_the_key() -> None:
    assert [field.name for field in fields(PresentedItem)] == [
        "kind",
        "stem_html",
        "domain",
        "choices",
        "typed",
        "problem",
    ]
    assert [field.name for field in fields(PresentedChoice)] == [
        "id",
        "letter",
        "html",
        "is_chosen",
    ]


def test_presented_item_is_the_same_whatever_the_key_is() -> None:
    turned = ITEM.model_copy(
        update={
            "explanation": Text(source="Other."),
            "choices": tuple(
                choice.model_copy(
                    update={"weight": 100 - choice.weight, "feedback": Text(source="")}
                )
                for choice in ITEM.choices
            ),
        }
    )
    assert present(turned) == present(ITEM)
    assert asdict(present(ITEM)) == {
        "kind": "single_choice",
        "stem_html": "<p>Which?</p>",
        "domain": "Rules",
        "choices": (
            {"id": "a", "letter": "A", "html": "One", "is_chosen": False},
            {"id": "b", "letter": "B", "html": "Two", "is_chosen": False},
        ),
        "typed": "",
        "problem": "",
    }


@pytest.mark.parametrize(("chosen", "is_right"), [("a", False), ("b", True)])
def test_revealed_item_has_key_choice_and_explanation(chosen: str, is_right: bool) -> None:
    item = revealed(chosen)
    assert (item.is_right, item.is_answered) == (is_right, True)
    assert item.explanation_html == "<p>Explained.</p>"
    assert [choice.is_right for choice in item.choices] == [False, True]
    assert [choice.is_chosen for choice in item.choices] == [chosen == "a", chosen == "b"]
    assert [choice.feedback_html for choice in item.choices] == ["Not one.", "Yes, two."]


def test_revealed_item_of_several_right_choices() -> None:
    item = MultipleChoice(
        stem=Text(source="Which?"),
        choices=tuple(
            Choice(id=name, text=Text(source=name), weight=weight)
            for name, weight in (("a", 50), ("b", 50), ("c", -50))
        ),
    )
    response = ChoiceResponse(chosen=("a", "c"))
    shown = reveal(item, response, grade(item, response))
    assert [choice.is_right for choice in shown.choices] == [True, True, False]
    assert [choice.is_chosen for choice in shown.choices] == [True, False, True]
    assert not shown.is_right


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("<p>one</p>", "one"),
        ("one", "one"),
        ("", ""),
        ("<p>one</p><p>two</p>", "<p>one</p><p>two</p>"),
        ('<p>one</p><p dir="rtl">two</p>', '<p>one</p><p dir="rtl">two</p>'),
        ('<p dir="rtl">one</p>', '<p dir="rtl">one</p>'),
        ("<p>one</p><pre>two</pre><p>three</p>", "<p>one</p><pre>two</pre><p>three</p>"),
    ],
)
def test_choice_label_without_outer_paragraph(html: str, shown: str) -> None:
    choice = ITEM.choices[0].model_copy(update={"text": Text(source="x", html=html)})
    item = ITEM.model_copy(update={"choices": (choice, ITEM.choices[1])})
    assert present(item).choices[0].html == shown


@pytest.mark.parametrize(
    ("place", "name"),
    [(0, "A"), (25, "Z"), (26, "AA"), (27, "AB"), (51, "AZ"), (52, "BA"), (99, "CV")],
)
def test_letter_of_a_choice_position(place: int, name: str) -> None:
    assert letter(place) == name


def test_scrollable_parts_are_focusable_except_in_labels() -> None:
    """A label hands what can be focused its clicks no more, and so would not be chosen."""
    code = Text(source="```\nx = 1\n```", markup="markdown")
    choices = tuple(choice.model_copy(update={"text": code}) for choice in ITEM.choices)
    stem = Text(source="```\nx\n```\n\n$$x$$\n\n|a|\n|-|\n\n$y$ here", markup="markdown")
    shown = present(safe(ITEM.model_copy(update={"stem": stem, "choices": choices})))
    assert shown.stem_html.count('tabindex="0"') == 3
    assert [choice.html.count("tabindex") for choice in shown.choices] == [0, 0]


@pytest.mark.parametrize(
    ("html", "kept"),
    [
        (
            "Use <code>git rebase -i HEAD~2</code>.",
            'Use <code>git rebase <span class="code-word">-i</span> HEAD~2</code>.',
        ),
        (
            "<code>&lt;a-b&gt;</code>",
            '<code><span class="code-word">&lt;a-b&gt;</span></code>',
        ),
        ("A well-known <code>word</code>", "A well-known <code>word</code>"),
        (
            "<pre><code>git commit --amend\n</code></pre>",
            "<pre><code>git commit --amend\n</code></pre>",
        ),
    ],
)
def test_hyphenated_words_of_code_are_kept_together(html: str, kept: str) -> None:
    assert keep_words_of_code(html) == kept
    assert plain_words(kept) == plain_words(html)


def test_plain_text_before_answering_has_the_stem_and_nonempty_choices() -> None:
    assert words_before_answering(ITEM) == "Which?\nOne\nTwo"
    statement = safe(TrueFalse(stem=Text(source="So it is."), is_true=True))
    assert words_before_answering(statement) == "So it is."


def test_draft_is_restored_in_the_form() -> None:
    shown = present(ITEM, draft=Draft(chosen=("b", "z"), problem="Select an answer."))
    assert [choice.is_chosen for choice in shown.choices] == [False, True]
    assert shown.problem == "Select an answer."


def test_reveal_of_stored_ambiguous_answer() -> None:
    """Stored by older rules: `1.609` was judged wrong and is ambiguous now."""
    item = safe(Numeric(stem=Text(source="?"), accepted=(AcceptedNumber(low=1609, high=1609),)))
    shown = reveal(item, NumberResponse(typed="1.609"), Grade(fraction=Fraction(0)))
    assert (shown.typed, shown.is_right, shown.accepted) == ("1.609", False, ("1609",))


def test_page_before_the_answer_does_not_contain_the_key() -> None:
    secrets = ("1822", "1820", "Nazareth", "Misspelled", "Close", "It is true")
    for item in (GRANT, NAZARETH, TRUE):
        shown = str([getattr(present(item), field.name) for field in fields(present(item))])
        assert [secret for secret in secrets if secret in shown] == []


def test_true_and_false_are_shown_as_two_choices() -> None:
    assert [(choice.id, choice.letter, choice.html) for choice in present(TRUE).choices] == [
        ("true", "A", "True"),
        ("false", "B", "False"),
    ]


def test_true_false_reveals_its_key_and_its_feedback() -> None:
    item = safe(TRUE)
    response = ChoiceResponse(chosen=("false",))
    shown = reveal(item, response, grade(item, response))
    assert [choice.is_right for choice in shown.choices] == [True, False]
    assert [choice.is_chosen for choice in shown.choices] == [False, True]
    assert not shown.is_right


def test_number_reveals_what_earns_all_points_and_the_feedback() -> None:
    item = safe(numeric(*GRANT.accepted, number("1.50", "2")))
    response = NumberResponse(typed="1821")
    shown = reveal(item, response, grade(item, response))
    assert (shown.typed, shown.choices) == ("1821", ())
    assert shown.accepted == ("1822", "1.50 to 2")
    assert shown.feedback_html == "<p>Close.</p>"


def test_numbers_have_the_decimal_separator_of_the_language() -> None:
    item = safe(numeric(number("-0.750", "-0.750")))
    response = NumberResponse(typed="1")
    with override("de"):
        assert reveal(item, response, grade(item, response)).accepted == ("-0,750",)


def test_short_answer_reveals_what_earns_all_points_and_the_feedback() -> None:
    item = safe(short(words(r"git *"), words(r"2 \* 3"), words("svn", 0, "Older.")))
    response = TextResponse(typed="svn")
    shown = reveal(item, response, grade(item, response))
    assert (shown.typed, shown.accepted) == ("svn", ("git …", "2 * 3"))
    assert shown.feedback_html == "<p>Older.</p>"


def test_of_many_spellings_the_first_three_are_shown() -> None:
    item = ShortAnswer(
        stem=Text(source="Which?"),
        accepted=tuple(AcceptedText(text=text) for text in ("a", "b", "c", "d")),
    )
    response = TextResponse(typed="x")
    assert reveal(item, response, grade(item, response)).accepted == ("a", "b", "c")


@pytest.mark.parametrize("mark", [".", ",", ";", ":", "،"])
def test_cut_excerpt_has_no_punctuation_before_its_ellipsis(mark: str) -> None:
    stem = Text(source=f"{'a' * 110} word{mark} more words")
    assert excerpt(safe(ITEM.model_copy(update={"stem": stem}))) == f"{'a' * 110} word…"
