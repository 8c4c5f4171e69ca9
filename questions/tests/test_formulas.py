"""Formulas: set as MathML, harmless, heard as they were written; prices stay prices."""

import re
import time
from html.parser import HTMLParser

import pytest
from django.utils.translation import override
from hypothesis import given, settings
from hypothesis import strategies as st
from latex2mathml import exceptions

from questions.formats.gift import read_gift
from questions.formats.jsonl import read_jsonl
from questions.formulas import FormulaRefused, _reason, to_mathml
from questions.items import Text
from questions.text import MATH_ATTRIBUTES, MATH_TAGS, formula_problems, plain_words, safe_html


def markdown(source: str) -> Text:
    return Text(source=source, markup="markdown")


def html(source: str) -> str:
    return safe_html(markdown(source))


def test_inline_formula_is_rendered_with_its_source() -> None:
    assert html("So $x^2$.") == (
        '<p>So <math display="inline" alttext="x^2"><mrow><msup><mi>x</mi><mn>2</mn></msup></mrow>'
        "</math>.</p>"
    )


def test_plus_or_minus_is_an_operator() -> None:
    assert "<mo>±</mo>" in html(r"$x \pm 1$")


@pytest.mark.parametrize("source", ["$$\nx\n$$", "$$x$$"])
def test_formula_on_a_line_of_its_own_is_a_block(source: str) -> None:
    assert html(source) == (
        '<p><math display="block" alttext="x"><mrow><mi>x</mi></mrow></math></p>'
    )


@pytest.mark.parametrize(
    "source",
    [
        "It costs $5 and $6.",
        "From 5$ to 6$ more.",
        "US$5, A$6",
        "$ x $",
        r"\$x\$",
        "`$x$`",
        "    $x$",
        "```\n$$x$$\n```",
        "$",
        "$$",
    ],
)
def test_text_that_is_not_a_formula_is_unchanged(source: str) -> None:
    assert "<math" not in html(source)
    assert formula_problems(markdown(source)) == []


@pytest.mark.parametrize("markup", ["plain", "html"])
def test_other_markups_have_no_formulas(markup: str) -> None:
    text = Text(source="$x^$ $y$", markup=markup)
    assert safe_html(text).count("$") == 4
    assert formula_problems(text) == []


@pytest.mark.parametrize(
    ("latex", "reason"),
    [
        ("x^", "a superscript or subscript is missing"),
        ("a_b_c", "an expression has two subscripts; group them with { }"),
        ("a^b^c", "an expression has two superscripts; group them with { }"),
        (r"\frac{1}", "an argument is missing"),
        (r"\mean{x}", r"\mean is not supported"),
        ("{x", "a { has no matching }"),
        ("x}", "a } has no matching {"),
        (r"\left( x", r"\left and \right must be used in pairs"),
        (r"x \right)", r"\left and \right must be used in pairs"),
        (r"\sqrt", "it is incomplete"),
        (r"\left", "it is incomplete"),
        (r"\over 2", "an argument is missing"),
        (r"\begin{matrix} a", r"a \begin has no matching \end"),
        (r"\skew{x}{y}", r"the width of \skew must be a whole number"),
        (r"\limits_1", r"\limits and \nolimits must follow an operator such as \sum"),
        (r"\skew x", "its LaTeX is not valid"),
        (r"\href{javascript:alert(1)}{x}", r"\href is not allowed"),
        (r"\def\x{\x\x}\x", r"\def is not allowed"),
        (r"\newcommand{\a}{aaa}\a", r"\newcommand is not allowed"),
        ("x" * 1001, "it has more than 1,000 characters"),
    ],
)
def test_formula_that_cannot_be_read_says_why(latex: str, reason: str) -> None:
    with pytest.raises(FormulaRefused) as refused:
        to_mathml(latex, display=False)
    assert str(refused.value).startswith(f"the formula ${latex[:60]}")
    assert reason in str(refused.value)


def test_every_error_of_the_converter_has_a_reason_of_its_own() -> None:
    errors = [one for one in vars(exceptions).values() if isinstance(one, type)]
    assert len(errors) > 10
    assert _reason(TypeError()) not in {_reason(error()) for error in errors}


def test_reason_is_told_in_the_language_of_the_page() -> None:
    with override("de"), pytest.raises(FormulaRefused) as refused:
        to_mathml(r"\left( x", display=False)
    assert str(refused.value) == (
        r"die Formel $\left( x$ kann nicht gelesen werden: "
        r"\left und \right müssen paarweise stehen"
    )


def test_formula_that_cannot_be_read_is_shown_as_it_was_written() -> None:
    assert html(r"a $\mean{<b>}$ b") == r"<p>a <code>$\mean{&lt;b&gt;}$</code> b</p>"


def test_problem_stops_an_import_with_its_line() -> None:
    line = '{"kind": "true_false", "markup": "markdown", "stem": "%s", "answer": true}'
    read = read_jsonl("\n".join([line % "$x$", line % "$x^$"]).encode())
    [problem] = read.errors
    assert (problem.line, len(read.items)) == (2, 1)
    assert problem.text == (
        "The formula $x^$ cannot be read: a superscript or subscript is missing."
    )


def test_gift_in_markdown_has_formulas_too() -> None:
    read = read_gift(b"[markdown]Is $x$? {T}\n\n[markdown]Is $x^$? {T}\n")
    assert [problem.line for problem in read.errors] == [3]
    assert "<math" in safe_html(read.items[0].stem)


class Tags(HTMLParser):
    """Every tag and attribute that a browser would find."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[tuple[str, str]] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {(tag, "")} | {(tag, name) for name, _value in attrs}


ALLOWED = {(tag, "") for tag in MATH_TAGS} | {
    (tag, name) for tag, names in MATH_ATTRIBUTES.items() for name in names
}


@settings(deadline=None)
@given(st.text(alphabet=r"\{}^_&$<>/'\"=abctexfrqsumlgh0123 ()[]|#%~!-" + "\n", max_size=80))
def test_hostile_formula_cannot_inject_html(latex: str) -> None:
    tags = Tags()
    tags.feed(html(f"${latex}$"))
    ours = {"p", "code", "pre", "em", "strong", "a", "h3", "h4", "h5", "h6", "ul", "ol", "li", "hr"}
    others = {(tag, name) for tag, name in tags.found - ALLOWED if tag not in {*ours, "br", "q"}}
    assert others <= {("blockquote", ""), ("table", ""), ("b", ""), ("s", ""), ("u", "")}


@pytest.mark.parametrize(
    "source",
    [
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
        "<math><annotation-xml encoding='text/html'><script>alert(1)</script></annotation-xml></math>",
        "<math href='javascript:alert(1)'><mi>x</mi></math>",
        "<math><maction actiontype='statusline#x' xlink:href='javascript:alert(1)'>x</maction></math>",
        "<math><mi style='position:fixed' onclick='alert(1)'>x</mi></math>",
        "<math><mtext></form><form><mglyph><svg><mtext><style><path id='</style><img src=x onerror=alert(1)>'>",
    ],
)
def test_math_of_an_author_is_cleaned(source: str) -> None:
    for markup in ("html", "markdown"):
        cleaned = safe_html(Text(source=source, markup=markup))
        again = safe_html(Text(source=cleaned, markup="html"))
        assert again == cleaned
        assert not re.search(r"<(?:script|style|img|svg|annotation|mglyph|maction)", cleaned)
        assert not re.search(r"<[^>]*(?:href|style|onclick|onerror)=", cleaned)


def test_plain_text_of_a_formula_is_its_source() -> None:
    assert plain_words(html(r"Is $a < b$ or $\sum x$?")) == r"Is a < b or \sum x?"


@pytest.mark.slow
def test_many_formulas_are_read_in_time() -> None:
    began = time.process_time()
    html("$x_{i}^{2}$ " * 2_000)
    assert time.process_time() - began < 20
