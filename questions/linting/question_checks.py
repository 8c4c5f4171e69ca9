"""Checks of a single question."""

import re
from collections.abc import Callable, Iterator
from textwrap import shorten

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from questions.formulas import has_tex
from questions.items import (
    Choice,
    ChoiceItem,
    Item,
    Numeric,
    Passage,
    ShortAnswer,
    SingleChoice,
    Text,
    TrueFalse,
    WithChoices,
    shown_texts,
    texts_of,
)
from questions.linting.findings import Finding, Placed, folded, found, key_and_others, prose, words
from questions.rendering import letter
from questions.text import formula_problems, has_words

LONGEST_QUOTE = 60
SHORTEST_STEM = 15
LONGEST_STEM = 900
LONGEST_CHOICE = 200
# A key that is longer than each distractor by this much is found without reading.
STANDS_OUT = 1.6
STANDS_OUT_CHARACTERS = 15
ABSOLUTE_IN_DISTRACTORS = 2

ALL_OR_NONE = re.compile(
    r"^(?:all|none|both|neither|any) of (?:the|these|those)\b.{0,12}$"
    r"|\b(?:all|none) of the above\b|^(?:both )?[a-d] and [a-d]$"
    r"|^(?:alle|keine)[rs]? (?:der )?(?:genannten|obigen|oben)",
    re.IGNORECASE,
)
ABSOLUTE = re.compile(
    r"\b(?:always|never|impossible|under no circumstances|in every case|guaranteed"
    r"|immer|niemals|unmöglich|in jedem fall)\b",
    re.IGNORECASE,
)
ASKS = re.compile(r"\b(?:which|what|who|when|where|welche[rsn]?|was|wer|wann|wo)\b", re.IGNORECASE)
# A “not” behind one of these belongs to something that is spoken of, not to the question.
ASIDE = re.compile(
    r"\b(?:that|who|whose|if|when|where|because|dass|wenn|falls|weil)\b.*", re.DOTALL
)
NEGATION = re.compile(r"\b(?:not|except|never|least|nicht|außer|kein(?:e[nrs]?)?|nie)\b", re.I)
EXCEPTION = re.compile(r"\b(?:except|außer)\b", re.IGNORECASE)
EMPHASIS = re.compile(r"<(strong|em|b|i|u|mark)\b[^>]*>.*?</\1>", re.DOTALL)


def check_question(question: Placed) -> Iterator[Finding]:
    """Every finding that needs no other question."""
    for rule, look in RULES.items():
        for text in look(question.item):
            yield found(question, rule, text)


def _explanation(item: Item) -> Iterator[str]:
    if not isinstance(item, Passage) and not item.explanation.source.strip():
        yield _("No explanation. Explain why the answer is correct.")


def _feedback(item: Item) -> Iterator[str]:
    """Feedback for each choice, and for a number that is wrong."""
    if isinstance(item, Numeric) and not item.otherwise.source.strip():
        yield _("No feedback for other numbers. Explain why they are incorrect.")
    if isinstance(item, Numeric | ShortAnswer):
        accepted = [one for one in item.accepted if not one.is_full]
        if any(not one.feedback.source.strip() for one in accepted):
            yield _(
                "No feedback for an answer with partial credit. Explain why it does not earn full "
                "credit."
            )
    if not isinstance(item, ChoiceItem):
        return
    without = [
        choice.id if isinstance(item, TrueFalse) else letter(place)
        for place, choice in enumerate(item.choices)
        if not choice.feedback.source.strip()
    ]
    if without:
        yield _(
            "No feedback for: %(choices)s. Explain why each choice is correct or incorrect."
        ) % {"choices": ", ".join(without)}


def _stem_length(item: Item) -> Iterator[str]:
    length = len(words(item.stem))
    if length < SHORTEST_STEM and not item.stem.pictures and not isinstance(item, Passage):
        text = ngettext(
            "The stem is too short (%(length)d character). Write a complete question.",
            "The stem is too short (%(length)d characters). Write a complete question.",
            length,
        )
        yield text % {"length": length}
    if len(prose(item.stem)) > LONGEST_STEM and not isinstance(item, Passage):
        yield _("The stem is long (%(length)d characters). Remove unnecessary details.") % {
            "length": length
        }


def _choice_length(item: Item) -> Iterator[str]:
    for place, choice in enumerate(_choices(item)):
        if len(prose(choice.text)) > LONGEST_CHOICE:
            yield _("Choice %(choice)s is long. Move text shared by all choices into the stem.") % {
                "choice": letter(place)
            }


def _same_choices(item: Item) -> Iterator[str]:
    seen: dict[str, int] = {}
    for place, choice in enumerate(_choices(item)):
        first = seen.setdefault(_exact(choice.text), place)
        if first != place:
            yield _("Choices %(first)s and %(second)s are the same. Change one.") % {
                "first": letter(first),
                "second": letter(place),
            }


def _exact(text: Text) -> str:
    """In code, case and punctuation tell choices apart."""
    is_plain = "<code>" not in text.html and "<math" not in text.html
    return folded(text) if is_plain else text.html


def _all_of_the_above(item: Item) -> Iterator[str]:
    for place, choice in enumerate(_choices(item)):
        if ALL_OR_NONE.search(words(choice.text)):
            yield _(
                "Choice %(choice)s refers to other choices. Rewrite it so that it makes sense on its "
                "own, or allow more than one correct choice."
            ) % {"choice": letter(place)}


def _absolute(item: Item) -> Iterator[str]:
    parts = key_and_others(item) if isinstance(item, SingleChoice) else None
    if not parts:
        return
    key, others = parts
    absolute = [choice for choice in others if ABSOLUTE.search(prose(choice.text))]
    if len(absolute) >= ABSOLUTE_IN_DISTRACTORS and not ABSOLUTE.search(prose(key.text)):
        yield _(
            "Words such as “always” and “never” appear only in the distractors. This reveals the "
            "answer. Use such words in the correct choice too, or remove them."
        )


def _negative(item: Item) -> Iterator[str]:
    """A “not” in the question itself that nothing sets apart is read over."""
    sentences = re.split(r"(?<=[.:;!?])\s+", prose(item.stem))
    asked = [sentence for sentence in sentences if sentence.endswith("?")]
    ask = ASKS.search(asked[-1]) if asked else None
    if not ask:
        return
    before, after = asked[-1][: ask.start()], asked[-1][ask.end() :]
    if not (NEGATION.search(ASIDE.sub("", after)) or EXCEPTION.search(before)):
        return
    emphasised = " ".join(match[0] for match in EMPHASIS.finditer(item.stem.html))
    capital = re.search(r"\b(?:NOT|EXCEPT|NEVER|LEAST|NICHT|AUSSER)\b", words(item.stem))
    if not capital and not NEGATION.search(emphasised):
        yield _(
            "The question is phrased negatively. Rephrase it, or emphasize the negative word "
            "(for example, **not**)."
        )


def _key_stands_out(item: Item) -> Iterator[str]:
    parts = key_and_others(item) if isinstance(item, SingleChoice) else None
    if not parts:
        return
    own, longest = len(words(parts[0].text)), max(len(words(one.text)) for one in parts[1])
    if own > STANDS_OUT * longest and own - longest > STANDS_OUT_CHARACTERS:
        yield _(
            "The correct choice is much longer than the others (%(own)d characters, compared with "
            "%(longest)d for the next longest). Shorten it, or lengthen a distractor."
        ) % {"own": own, "longest": longest}


def _formulas(item: Item) -> Iterator[str]:
    for text in texts_of(item):
        for problem in formula_problems(text):
            yield f"{problem[:1].upper()}{problem[1:]}."


def _shows_nothing(item: Item) -> Iterator[str]:
    for text in shown_texts(item):
        if text.source.strip() and not has_words(text.html):
            yield _("The text “%(text)s” would appear empty. Add visible text.") % {
                "text": _quoted(text)
            }


def _bare_tex(item: Item) -> Iterator[str]:
    """TeX that a learner would read as it is written."""
    for text in texts_of(item):
        if has_tex(prose(text)):
            yield _(
                "The formula in “%(text)s” appears as raw TeX. In Markdown, write formulas between "
                "dollar signs. If it is already written this way, ask the site's operator to run "
                "manage.py render_questions."
            ) % {"text": _quoted(text)}


def _quoted(text: Text) -> str:
    return shorten(text.source, LONGEST_QUOTE, placeholder="…")


def _choices(item: Item) -> tuple[Choice, ...]:
    return item.choices if isinstance(item, WithChoices) else ()


Look = Callable[[Item], Iterator[str]]
RULES: dict[str, Look] = {
    "explanation": _explanation,
    "feedback": _feedback,
    "stem-length": _stem_length,
    "choice-length": _choice_length,
    "same-choices": _same_choices,
    "all-of-the-above": _all_of_the_above,
    "absolute-words": _absolute,
    "negative-stem": _negative,
    "key-stands-out": _key_stands_out,
    "formula": _formulas,
    "shows-nothing": _shows_nothing,
    "bare-tex": _bare_tex,
}
