"""Formulas: LaTeX as authors write it, to MathML that browsers set without any script.

Made once, when a text is stored. `split_formulas` finds those between Moodle's delimiters;
where `$…$` begins and ends in Markdown is its parser's matter: `text.py`.
"""

import html
import re
from dataclasses import dataclass
from xml.etree import ElementTree

from questions.wording import grouped
from questions.wording import translate as _

LONGEST_FORMULA = 1_000
# A formula of 1,000 characters makes some thousand; more is an attack.
LARGEST_MATHML = 100_000
LONGEST_SHOWN = 60
# Commands that define commands could make a short line grow without end; links, colors and
# styles are not the author's to choose.
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


OPENING = re.compile(r"\$\$|\\\(|\\\[")
CLOSING = {"$$": "$$", "\\(": "\\)", "\\[": "\\]"}
# Words between two dollars or brackets of a shell or a regular expression are no formula.
MATHEMATICAL = re.compile(r"[\\^_=+*/<>(){}|\d-]")
LONGEST_NAME = 2


# Commands that stand in hardly anything but formulas, and dollars around one.
TEX = re.compile(
    r"\\(?:[dt]?frac|sqrt|sum|prod|int|lim|alpha|beta|gamma|delta|theta|lambda|mu|pi|sigma|omega"
    r"|infty|cdot|times|leq?|geq?|neq|approx|pm|mathrm|mathbf|overline|vec|hat|bar)(?![a-zA-Z])"
    r"|\$[^$\s][^$\n]{0,200}(?:\\|\^|_\{)[^$\n]{0,200}\$"
)


@dataclass(frozen=True)
class Delimited:
    """A formula between Moodle's delimiters."""

    opening: str
    latex: str

    @property
    def written(self) -> str:
        """The formula as it stands in the text."""
        return f"{self.opening}{self.latex}{CLOSING[self.opening]}"

    @property
    def is_display(self) -> bool:
        """True for a formula on a line of its own."""
        return self.opening != "\\("


def split_formulas(text: str) -> list[str | Delimited]:
    """Split a text into what is written and the formulas in it. Takes linear time."""
    pieces: list[str | Delimited] = []
    closings: dict[str, int] = {}
    start = place = 0
    while opened := OPENING.search(text, place):
        place = opened.end()
        closed = _next_closing(text, CLOSING[opened[0]], place, closings)
        latex = text[place:closed] if 0 <= closed - place <= LONGEST_FORMULA else ""
        if MATHEMATICAL.search(latex) or 0 < len(latex.strip()) <= LONGEST_NAME:
            pieces += [text[start : opened.start()], Delimited(opened[0], latex)]
            start = place = closed + len(opened[0])
    return [*pieces, text[start:]]


def _next_closing(text: str, closing: str, place: int, known: dict[str, int]) -> int:
    """Where it next stands, or -1. What is known is not searched for again."""
    found = known.get(closing)
    if found is None or 0 <= found < place:
        known[closing] = found = text.find(closing, place)
    return found


def has_tex(words: str) -> bool:
    """Return True for words in which TeX stands: a formula with its delimiters, or a command."""
    is_delimited = any(isinstance(piece, Delimited) for piece in split_formulas(words))
    return is_delimited or bool(TEX.search(words))


class FormulaRefused(ValueError):
    """The formula cannot be read; the words say why, and quote it."""

    def __init__(self, latex: str, reason: str) -> None:
        shown = latex if len(latex) <= LONGEST_SHOWN else f"{latex[:LONGEST_SHOWN]}…"
        said = {"formula": shown, "reason": reason}
        super().__init__(_("the formula $%(formula)s$ cannot be read: %(reason)s") % said)


def to_mathml(latex: str, *, display: bool) -> str:
    """Convert a formula to one `math` element, with its source in `alttext` for screen readers.

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
        raise FormulaRefused(latex, _("it is too large"))
    return written


def _parsed(latex: str, display: str) -> ElementTree.Element:
    # Only who stores texts needs it; the web processes serve without its tables.
    from latex2mathml.converter import convert_to_element  # noqa: PLC0415

    try:
        return convert_to_element(latex, display=display)
    except Exception as error:
        # Its errors share no base, and bad input raises others than its own as well.
        raise FormulaRefused(latex, _reason(error)) from error


def _reason(error: Exception) -> str:
    """Why the converter cannot read a formula. By name, since its classes are not loaded yet."""
    incomplete, argument_missing = _("it is incomplete"), _("an argument is missing")
    reasons = {
        "NoAvailableTokensError": incomplete,
        "StopIteration": incomplete,
        "IndexError": incomplete,
        "NumeratorNotFoundError": argument_missing,
        "DenominatorNotFoundError": argument_missing,
        "ExtraLeftOrMissingRightError": _("\\left and \\right must be used in pairs"),
        "MissingSuperScriptOrSubscriptError": _("a superscript or subscript is missing"),
        "DoubleSubscriptsError": _("an expression has two subscripts; group them with { }"),
        "DoubleSuperscriptsError": _("an expression has two superscripts; group them with { }"),
        "MissingEndError": _("a \\begin has no matching \\end"),
        "InvalidAlignmentError": _("the columns of an array can only be l, c, r, or |"),
        "InvalidWidthError": _("the width of \\skew must be a whole number"),
        "InvalidStyleForGenfracError": _("the style of \\genfrac must be a number from 0 to 3"),
        "LimitsMustFollowMathOperatorError": _(
            "\\limits and \\nolimits must follow an operator such as \\sum"
        ),
    }
    return reasons.get(type(error).__name__, _("its LaTeX is not valid"))


def _refuse_what_does_harm(latex: str) -> None:
    if len(latex) > LONGEST_FORMULA:
        raise FormulaRefused(
            latex,
            _("it has more than %(most)s characters") % {"most": grouped(LONGEST_FORMULA)},
        )
    for command in COMMAND.findall(latex):
        if command in REFUSED:
            raise FormulaRefused(
                latex, _("%(command)s is not allowed") % {"command": f"\\{command}"}
            )


def _refuse_open_braces(latex: str) -> None:
    """The converter closes them silently, wherever the formula ends."""
    depth = 0
    for sign in COMMAND.sub("", latex):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if depth < 0:
            raise FormulaRefused(latex, _("a } has no matching {"))
    if depth:
        raise FormulaRefused(latex, _("a { has no matching }"))


def _refuse_what_is_unknown(element: ElementTree.Element, latex: str) -> None:
    words = element.text or ""
    if element.tag != "mtext" and words.startswith("\\"):
        raise FormulaRefused(latex, _("%(command)s is not supported") % {"command": words})
    if len(element) != CHILDREN.get(element.tag, len(element)):
        raise FormulaRefused(latex, _("an argument is missing"))
