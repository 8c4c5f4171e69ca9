"""Formulas: LaTeX as authors write it, to MathML that browsers set without any script.

Made once, when a text is stored. Where `$…$` begins and ends is Markdown's matter: `text.py`.
"""

import html
import re
from xml.etree import ElementTree

LONGEST_FORMULA = 1_000
# A formula of 1,000 characters makes some thousand: more is one that was written to do harm.
LARGEST_MATHML = 100_000
LONGEST_SHOWN = 60
# What defines further commands could let a short line grow without end; links, colours and
# styles of its author's have no place in a question.
REFUSED = frozenset(
    "def let edef gdef newcommand renewcommand providecommand newenvironment renewenvironment"
    " DeclareMathOperator href style class color textcolor colorbox fcolorbox".split()
)
COMMAND = re.compile(r"\\([a-zA-Z]+|.)", re.DOTALL)
# Operators that the converter takes for names, so that they would stand too close.
OPERATORS = frozenset("±∓:")
# How many children an element needs; with another number browsers show an error instead.
CHILDREN = {
    "mfrac": 2,
    "mover": 2,
    "mroot": 2,
    "msub": 2,
    "msubsup": 3,
    "msup": 2,
    "munder": 2,
    "munderover": 3,
}


class FormulaRefused(ValueError):
    """The formula cannot be read; the words say why, and quote it."""

    def __init__(self, latex: str, reason: str) -> None:
        shown = latex if len(latex) <= LONGEST_SHOWN else f"{latex[:LONGEST_SHOWN]}…"
        super().__init__(f"the formula ${shown}$ cannot be read: {reason}")


def to_mathml(latex: str, *, display: bool) -> str:
    """The formula as one `math` element, its source in `alttext` for those who hear it.

    `display` sets it on a line of its own. Raises: FormulaRefused, for commands that are not
    known as well. What comes out is still cleaned with the text around it.
    """
    _refuse_what_does_harm(latex)
    _refuse_open_braces(latex)
    math = _parsed(latex, "block" if display else "inline")
    for element in math.iter():
        element.text = html.unescape(element.text or "")
        _refuse_what_is_unknown(element, latex)
        if element.text in OPERATORS:
            element.tag = "mo"
    math.attrib.pop("xmlns", None)
    math.set("alttext", latex.strip())
    written = ElementTree.tostring(math, encoding="unicode")
    if len(written) > LARGEST_MATHML:
        raise FormulaRefused(latex, "it is too large")
    return written


def _parsed(latex: str, display: str) -> ElementTree.Element:
    # Only who stores texts needs it; the web processes serve without its tables.
    from latex2mathml.converter import convert_to_element  # noqa: PLC0415

    try:
        return convert_to_element(latex, display=display)
    except Exception as error:
        # Its errors share no base, and bad input raises others than its own as well.
        name = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__.removesuffix("Error"))
        reason = name.lower() if type(error).__module__.startswith("latex2mathml") else "it is cut"
        raise FormulaRefused(latex, reason) from error


def _refuse_what_does_harm(latex: str) -> None:
    if len(latex) > LONGEST_FORMULA:
        raise FormulaRefused(latex, f"it has more than {LONGEST_FORMULA:,} characters")
    for command in COMMAND.findall(latex):
        if command in REFUSED:
            raise FormulaRefused(latex, f"\\{command} is not taken")


def _refuse_open_braces(latex: str) -> None:
    """The converter closes them silently, wherever the formula ends."""
    depth = 0
    for sign in COMMAND.sub("", latex):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if depth < 0:
            raise FormulaRefused(latex, "a } closes nothing")
    if depth:
        raise FormulaRefused(latex, "a { is not closed")


def _refuse_what_is_unknown(element: ElementTree.Element, latex: str) -> None:
    words = element.text or ""
    if element.tag != "mtext" and words.startswith("\\"):
        raise FormulaRefused(latex, f"{words} is not known")
    if len(element) != CHILDREN.get(element.tag, len(element)):
        raise FormulaRefused(latex, "something is missing in it")
