"""Checks that need all questions of a bank."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from fractions import Fraction

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from questions.items import Passage, SingleChoice, TrueFalse
from questions.linting.findings import Finding, Placed, folded, found, key_and_others, words
from questions.rendering import letter

FEWEST_FOR_FIGURES = 12
FEWEST_IN_A_DOMAIN = 3
FEWEST_TRUE_FALSE = 6
MOST_OF_ONE_ANSWER = Fraction(3, 4)
# How far a count may lie above what chance gives, in standard deviations.
DEVIATIONS = 2
LONGEST_RUN = 5


def check_bank(questions: Sequence[Placed]) -> list[Finding]:
    """Every finding that needs more than one question."""
    return [
        *_same_stems(questions),
        *_domains(questions),
        *_lengths(questions),
        *_positions(questions),
        *_runs(questions),
        *_true_or_false(questions),
    ]


def _same_stems(questions: Sequence[Placed]) -> Iterator[Finding]:
    seen: dict[str, Placed] = {}
    for question in questions:
        first = seen.setdefault(folded(question.item.stem), question)
        if first is not question:
            text = _(
                "The stem is the same as in question %(number)d. Rewrite or remove one of the "
                "questions."
            )
            yield found(question, "same-stems", text % {"number": first.number})


def _domains(questions: Sequence[Placed]) -> Iterator[Finding]:
    by_domain: dict[str, list[Placed]] = defaultdict(list)
    if len(questions) < FEWEST_FOR_FIGURES:
        return
    for question in questions:
        if not isinstance(question.item, Passage):
            by_domain[question.item.domain].append(question)
    for domain, members in by_domain.items() if len(by_domain) > 1 else ():
        if not domain:
            yield found(
                members[0],
                "domain",
                _("This question has no domain, but other questions do. Add a domain."),
            )
        elif len(members) < FEWEST_IN_A_DOMAIN:
            text = ngettext(
                "The domain “%(domain)s” has only %(count)d question, which is not enough for a "
                "meaningful score. Add more questions, or move this one to another domain.",
                "The domain “%(domain)s” has only %(count)d questions, which is not enough for a "
                "meaningful score. Add more questions, or move these to another domain.",
                len(members),
            )
            said = {"domain": domain, "count": len(members)}
            yield found(members[0], "domain", text % said)


def single_choices(questions: Sequence[Placed]) -> list[tuple[Placed, SingleChoice]]:
    """Those with one right choice, which figures about keys are counted of."""
    return [
        (question, question.item)
        for question in questions
        if isinstance(question.item, SingleChoice) and key_and_others(question.item)
    ]


def key_place(item: SingleChoice) -> int:
    """Where the right choice stands, from 0."""
    return next(place for place, choice in enumerate(item.choices) if choice.id in item.key)


def key_is_longest(item: SingleChoice) -> bool:
    """Whether the longest choice is the key."""
    lengths = [len(words(choice.text)) for choice in item.choices]
    own = lengths.pop(key_place(item))
    return own > max(lengths)


def key_is_shortest(item: SingleChoice) -> bool:
    """Whether the shortest choice is the key."""
    lengths = [len(words(choice.text)) for choice in item.choices]
    own = lengths.pop(key_place(item))
    return own < min(lengths)


def _too_many(count: int, chances: Sequence[float]) -> bool:
    """True where chance alone would hardly give so many."""
    expected = sum(chances)
    spread = math.sqrt(sum(chance * (1 - chance) for chance in chances))
    return count > expected + DEVIATIONS * spread


def _lengths(questions: Sequence[Placed]) -> Iterator[Finding]:
    singles = single_choices(questions)
    if len(singles) < FEWEST_FOR_FIGURES:
        return
    chances = [1 / len(item.choices) for _question, item in singles]
    for rule, test, text in (
        (
            "longest-key",
            key_is_longest,
            _(
                "The longest choice is correct in %(count)d of %(all)d questions (%(numbers)s). "
                "Shorten the correct choices, or lengthen the distractors."
            ),
        ),
        (
            "shortest-key",
            key_is_shortest,
            _(
                "The shortest choice is correct in %(count)d of %(all)d questions (%(numbers)s). "
                "Shorten the distractors, or lengthen the correct choices."
            ),
        ),
    ):
        such = [question for question, item in singles if test(item)]
        if _too_many(len(such), chances):
            yield found(such[0], rule, text % _counted(such, len(singles)))


def _positions(questions: Sequence[Placed]) -> Iterator[Finding]:
    """Keys that stand at one place too often, or never."""
    singles = single_choices(questions)
    if len(singles) < FEWEST_FOR_FIGURES:
        return
    at: dict[int, list[Placed]] = defaultdict(list)
    for question, item in singles:
        at[key_place(item)].append(question)
    for place in range(max(len(item.choices) for _question, item in singles)):
        chances = [1 / len(item.choices) for _q, item in singles if len(item.choices) > place]
        such = at[place]
        if _too_many(len(such), chances):
            text = _(
                "The correct choice is %(choice)s in %(count)d of %(all)d questions (%(numbers)s). "
                "Reorder some choices."
            )
            said = _counted(such, len(singles)) | {"choice": letter(place)}
            yield found(such[0], "key-place", text % said)
        if not such and sum(chances) >= DEVIATIONS:
            text = _("The correct choice is never %(choice)s. Reorder some choices.")
            yield found(singles[0][0], "key-place", text % {"choice": letter(place)})


def _counted(such: Sequence[Placed], total: int) -> dict[str, object]:
    numbers = ", ".join(str(question.number) for question in such)
    return {"count": len(such), "all": total, "numbers": numbers}


def _runs(questions: Sequence[Placed]) -> Iterator[Finding]:
    """The same letter many times in a row is a pattern to guess by."""
    singles = single_choices(questions)
    row = "".join(chr(ord("A") + min(key_place(item), 25)) for _question, item in singles)
    for run in re.finditer(rf"(.)\1{{{LONGEST_RUN - 1},}}", row):
        question = singles[run.start()][0]
        text = _(
            "The correct choice is %(choice)s in %(count)d questions in a row, starting with this "
            "one. Reorder some choices."
        )
        yield found(question, "key-run", text % {"choice": run[1], "count": len(run[0])})


def _true_or_false(questions: Sequence[Placed]) -> Iterator[Finding]:
    keys = [(one, one.item.is_true) for one in questions if isinstance(one.item, TrueFalse)]
    [(most, count)] = Counter(is_true for _question, is_true in keys).most_common(1) or [(True, 0)]
    if len(keys) >= FEWEST_TRUE_FALSE and count > MOST_OF_ONE_ANSWER * len(keys):
        text = (
            _("%(count)d of %(all)d statements are true. Make some of them false.")
            if most
            else _("%(count)d of %(all)d statements are false. Make some of them true.")
        )
        yield found(keys[0][0], "true-or-false", text % {"count": count, "all": len(keys)})
