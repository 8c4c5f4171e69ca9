"""Each rule reports its fault with the question, and nothing in good questions."""

import json
from typing import Any

import pytest

from questions.formats.jsonl import read_jsonl
from questions.items import Text, TrueFalse
from questions.linting import lint, lint_stored
from questions.linting.statistics import figures_of

GOOD: dict[str, Any] = {
    "kind": "single_choice",
    "markup": "markdown",
    "stem": "Which of these trees keeps its leaves over the winter?",
    "choices": [
        {"text": "The beech", "feedback": "It drops them."},
        {"text": "The holly", "right": True, "feedback": "It is evergreen."},
        {"text": "The alder", "feedback": "It drops them while they are green."},
    ],
    "explanation": "Holly is evergreen.",
    "domain": "Trees",
}
TRUE = {
    "kind": "true_false",
    "stem": "The holly is an evergreen tree.",
    "answer": True,
    "feedback_true": "It is.",
    "feedback_false": "It is.",
    "explanation": "It keeps its leaves.",
    "domain": "Trees",
}


def linted(*questions: dict[str, Any]) -> Any:
    read = read_jsonl("\n".join(map(json.dumps, questions)).encode())
    assert read.problems == []
    return lint(read.items, read.lines)


def rules(*questions: dict[str, Any]) -> list[tuple[int, str]]:
    return [(finding.number, finding.rule) for finding in linted(*questions).findings]


def choices(*texts: str, right: int = 0) -> dict[str, Any]:
    return {
        "choices": [
            {"text": text, "feedback": "So it is.", **({"right": True} if place == right else {})}
            for place, text in enumerate(texts)
        ]
    }


def many(count: int, **changes: Any) -> list[dict[str, Any]]:
    """Questions whose keys go round, each with a stem of its own."""
    texts = ("The beech", "The holly", "The alder")
    return [
        GOOD
        | choices(*texts, right=number % 3)
        | {"stem": f"Which of these trees is meant by number {number}?"}
        | changes
        for number in range(count)
    ]


def test_good_question_has_no_finding() -> None:
    assert rules(GOOD, TRUE) == []


def test_many_good_questions_have_no_finding() -> None:
    assert rules(*many(30)) == []


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"explanation": ""}, "explanation"),
        ({"choices": [{"text": "Yew", "right": True}, {"text": "Oak"}]}, "feedback"),
        ({"stem": "Evergreen?"}, "stem-length"),
        ({"stem": "Which tree is it? " + "It stands there. " * 60}, "stem-length"),
        (choices("The beech " * 25, "The holly", right=1), "choice-length"),
        (choices("The beech", "the beech."), "same-choices"),
        (choices("The beech", "The holly", "All of the above"), "all-of-the-above"),
        (choices("The beech", "The holly", "None of these trees"), "all-of-the-above"),
        (choices("The beech", "The holly", "A and B"), "all-of-the-above"),
        (choices("It keeps them", "It never does", "It always does"), "absolute-words"),
        ({"stem": "Which of these trees is not an evergreen?"}, "negative-stem"),
        ({"stem": "All of these are trees except which?"}, "negative-stem"),
        (choices("The holly, which is evergreen in all of Europe", "An oak"), "key-stands-out"),
    ],
)
def test_fault_of_a_question_is_found(change: dict[str, Any], rule: str) -> None:
    assert rules(GOOD, GOOD | {"stem": "Which tree of the forest is meant here?"} | change) == [
        (2, rule)
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"stem": "Which of these trees is **not** an evergreen?"},
        {"stem": "Which of these trees is NOT an evergreen?"},
        {"stem": "You have not looked yet. Which of these trees is evergreen?"},
        {"stem": "Which command shows `git commit --not`, the option?"},
        choices("`-a`", "`-A`"),
        choices("`git add .`", "`git add`"),
        choices("$x^2$", "$x_2$"),
        choices("It never does", "It never did", "It always does"),
        choices("It keeps them", "It never does"),
        {"stem": "Which tree?\n\n```\n" + "x = 1\n" * 200 + "```"},
    ],
)
def test_good_question_has_no_findings(change: dict[str, Any]) -> None:
    assert rules(GOOD | change) == []


def test_true_false_and_number_without_feedback_are_found() -> None:
    number = {
        "kind": "numeric",
        "stem": "How many trees stand there?",
        "answers": [{"value": 3}],
        "explanation": "Count them.",
    }
    assert rules(TRUE | {"feedback_true": ""}, number) == [(1, "feedback"), (2, "feedback")]


def test_answer_of_few_points_without_feedback_is_found() -> None:
    words = {
        "kind": "short_answer",
        "stem": "Which tree keeps its leaves?",
        "answers": ["holly", {"text": "oak", "weight": 0}],
        "explanation": "Holly is evergreen.",
    }
    assert rules(words) == [(1, "feedback")]


def test_passage_needs_no_explanation() -> None:
    assert rules({"kind": "passage", "stem": "A wood."}) == []


def test_formula_that_cannot_be_read_is_found_in_what_was_stored_long_ago() -> None:
    read = read_jsonl(json.dumps(GOOD).encode())
    item = read.items[0]
    broken = item.model_copy(
        update={"stem": item.stem.model_copy(update={"source": "Which tree is $x^$ tall?"})}
    )
    [finding] = lint([broken], [7]).findings
    assert (finding.line, finding.number, finding.rule) == (7, 1, "formula")
    assert finding.text.startswith("The formula $x^$ cannot be read")


@pytest.mark.parametrize(
    ("stem", "said"),
    [
        ("?", "The stem is too short (1 character)."),
        ("Tree?", "The stem is too short (5 characters)."),
    ],
)
def test_length_of_a_short_stem_is_told(stem: str, said: str) -> None:
    [finding] = linted(GOOD | {"stem": stem}).findings
    assert finding.text == f"{said} Write a complete question."


def test_same_stem_names_the_first() -> None:
    [finding] = linted(GOOD, TRUE, GOOD | choices("Oak", "Yew", right=1)).findings
    assert (finding.number, finding.line, finding.rule) == (3, 3, "same-stems")
    assert finding.text == (
        "The stem is the same as in question 1. Rewrite or remove one of the questions."
    )


def test_longest_choice_that_is_mostly_the_key_is_found() -> None:
    given_away = [
        question | choices("Oak", "The holly", "Yew", right=1) if number % 3 == 1 else question
        for number, question in enumerate(many(30))
    ]
    assert [rule for _number, rule in rules(*given_away)] == []
    all_longest = [
        question
        | choices(
            *(
                "The old holly" if place == number % 3 else "An oak" + "s" * place
                for place in range(3)
            ),
            right=number % 3,
        )
        for number, question in enumerate(many(30))
    ]
    [finding] = linted(*all_longest).findings
    assert finding.rule == "longest-key"
    assert "in 30 of 30 questions (1, 2, 3, " in finding.text


def test_shortest_choice_that_is_mostly_the_key_is_found() -> None:
    shortest = [
        question
        | choices(
            *("Yew" if place == number % 3 else "An oak" + "s" * place for place in range(3)),
            right=number % 3,
        )
        for number, question in enumerate(many(15))
    ]
    assert rules(*shortest) == [(1, "shortest-key")]


def test_key_position_never_used() -> None:
    one_sided = [
        question | choices("The beech", "The holly", "The alder", right=number % 2)
        for number, question in enumerate(many(20))
    ]
    found = linted(*one_sided).findings
    assert [finding.rule for finding in found] == ["key-place"]
    assert found[0].text == "The correct choice is never C. Reorder some choices."


def test_run_of_one_letter_is_found() -> None:
    questions = many(30)
    questions[9:15] = [
        question | choices("The beech", "The holly", "The alder") for question in questions[9:15]
    ]
    assert (10, "key-run") in rules(*questions)


def test_domain_of_two_questions_is_found_in_a_large_bank() -> None:
    questions = many(14)
    questions[3] |= {"domain": "Flowers"}
    questions[5] |= {"domain": ""}
    assert rules(*questions) == [(4, "domain"), (6, "domain")]


def test_statements_that_are_mostly_true_are_found() -> None:
    statements = [TRUE | {"stem": f"The tree of number {number} is tall."} for number in range(8)]
    [finding] = linted(*statements).findings
    assert (finding.rule, finding.text) == (
        "true-or-false",
        "8 of 8 statements are true. Make some of them false.",
    )


def test_lint_statistics_count_kinds_domains_and_keys() -> None:
    code = GOOD | {"stem": "Which $x$ is it in this?\n\n```\nx\n```", "difficulty": "hard"}
    figures = figures_of(linted(GOOD, code, TRUE).questions)
    assert figures.kinds == {"single_choice": 2, "true_false": 1}
    assert figures.domains == {"Trees": 3}
    assert figures.difficulties == {"": 2, "hard": 1}
    assert (figures.keys, figures.singles, figures.longest) == ({"B": 2}, 2, 0)
    assert (figures.total, figures.formulas, figures.code, figures.pictures) == (3, 1, 1, 0)


def stored(*texts: Text) -> Any:
    """What is found of questions as they are stored, whatever their HTML would be today."""
    items = [TrueFalse(stem=text, is_true=True) for text in texts]
    findings = lint_stored(items, range(1, len(items) + 1)).findings
    return [
        (finding.number, finding.rule)
        for finding in findings
        if finding.rule in {"shows-nothing", "bare-tex"}
    ]


@pytest.mark.parametrize("shown", ["", "<br>", "<p></p>", "<p>&nbsp;</p>", "<hr>"])
def test_stored_text_that_shows_nothing_is_found(shown: str) -> None:
    assert stored(Text(source="<br>", markup="html", html=shown)) == [(1, "shows-nothing")]


@pytest.mark.parametrize(
    "words",
    [
        "Solve $$x^2 = 4$$.",
        r"What is \(\frac{1}{2}\)?",
        r"Is \[a &lt; b\]?",
        r"The root \sqrt{2} is",
        r"Is $\alpha$ small?",
    ],
)
def test_stored_text_that_shows_tex_is_found(words: str) -> None:
    assert stored(Text(source=words, html=f"<p>{words}</p>")) == [(1, "bare-tex")]


@pytest.mark.parametrize(
    "shown",
    [
        "<p>It costs $5 and $6.</p>",
        r"<p>Write <code>\frac{1}{2}</code>.</p>",
        '<p><math alttext="x^2"><mi>x</mi></math></p>',
        r"<p>C:\temp\times new</p>".replace(r"\times", r"\timesnew"),
        "<p>echo $HOME_DIR and $PATH</p>",
        '<p><img src="/questions/images/a.png" alt=""></p>',
    ],
)
def test_stored_text_that_is_as_it_should_be_is_not_found(shown: str) -> None:
    assert stored(Text(source="words", html=shown)) == []


def test_only_the_bad_question_of_three_is_reported() -> None:
    good = Text(source="So it is.", html="<p>So it is.</p>")
    bad = Text(source="<br>", markup="html", html="<br>")
    assert stored(good, bad, good) == [(2, "shows-nothing")]
