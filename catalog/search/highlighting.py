"""The part of a text that was found, with the words that were looked for marked."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from django.utils.safestring import SafeString

from catalog.search.words import NAMES, WORD, Term, Word, folded

EXCERPT = 180
BEFORE = 60
ASCII_WORD = re.compile("[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Sought:
    """Terms as a text's words are held against them; `begin` is how such words may begin."""

    whole: frozenset[str]
    beginnings: tuple[str, ...]
    begin: tuple[str, ...]

    @classmethod
    def of(cls, terms: Sequence[Term]) -> "Sought":
        """For all the texts of a page. A folded "query" may have been "queries"."""
        return cls(
            whole=frozenset(term.folded for term in terms if not term.is_prefix),
            beginnings=tuple(term.folded for term in terms if term.is_prefix),
            begin=tuple(term.folded.removesuffix("y") for term in terms),
        )


def marked(text: str, sought: Sought) -> SafeString:
    """The whole text, safe for a page, each found word in a `mark` element."""
    return _marked(text, _found(text, sought), 0, len(text))


def excerpt(text: str, sought: Sought) -> SafeString:
    """Some 180 characters round the first found word, cut between words; else the beginning."""
    found = _found(text, sought)
    start = _cut(text, found[0].start - BEFORE) if found else 0
    end = len(text) if len(text) - start <= EXCERPT else _cut(text, start + EXCERPT)
    words = _marked(text, found, start, end)
    return SafeString(  # made of escaped parts
        ("… " if start else "") + words.strip() + (" …" if end < len(text) else "")
    )


def _found(text: str, sought: Sought) -> list[Word]:
    """In one go: a page of results has a thousand words."""
    return [
        Word(word, found.start(), found.end())
        for found in _likely(text, sought.begin)
        if (word := folded(found[0])) in sought.whole or word.startswith(sought.beginnings)
    ]


def _likely(text: str, begin: tuple[str, ...]) -> Iterable[re.Match[str]]:
    """The words of a text that may be among the terms.

    Dividing and folding all words costs more than the rest of a page of results. In ASCII
    nothing but names needs it: a word begins as its folded form does, but for a last y.
    """
    if not text.isascii():
        return WORD.finditer(text)
    lower = text.lower()
    for name in NAMES:
        if name in lower:
            return WORD.finditer(text)
    starts = (
        _starts(lower, begin[0])
        if len(begin) == 1
        else sorted({start for beginning in begin for start in _starts(lower, beginning)})
    )
    return [found for start in starts if (found := ASCII_WORD.match(lower, start))]


def _starts(lower: str, beginning: str) -> list[int]:
    """Where words of an ASCII text begin so."""
    starts = []
    place = lower.find(beginning)
    while place >= 0:
        if place == 0 or not lower[place - 1].isalnum():
            starts.append(place)
        place = lower.find(beginning, place + 1)
    return starts


def _cut(text: str, place: int) -> int:
    """The nearest gap before a place, 0 at the beginning; the place itself in a long word."""
    if place <= 0:
        return 0
    gap = text.rfind(" ", max(place - 30, 0), place)
    return gap + 1 if gap >= 0 else place


def _marked(text: str, found: Sequence[Word], start: int, end: int) -> SafeString:
    parts: list[str] = []
    place = start
    for word in found:
        if place <= word.start and word.end <= end:
            before, itself = text[place : word.start], text[word.start : word.end]
            parts += (escape(before), f"<mark>{escape(itself)}</mark>")
            place = word.end
    parts.append(escape(text[place:end]))
    return SafeString("".join(parts))  # every part is escaped
