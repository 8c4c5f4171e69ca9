"""The part of a text that was found, with the words that were looked for marked.

A page of results has a thousand words, and a call for each of its texts costs more than the
look for them. So all texts of a page are gone through together: `pointed` finds the words,
`excerpt` cuts a text, `shown` makes what a page may show.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from django.utils.safestring import SafeString

from catalog.search.words import SIGNS_OF_NAMES, WORD, Term, folded

EXCERPT = 180
BEFORE = 60
ASCII_WORD = re.compile("[a-z0-9]+")
# What stands between texts, round a found word, and where something is left out, until they are
# shown. A page of ASCII stays one: characters of one byte are copied and replaced at half the cost.
BETWEEN, OPEN, CLOSE, LEFT_OUT = "\0", "\1", "\2", "\3"
AS_BLANKS = dict.fromkeys(map(ord, BETWEEN + OPEN + CLOSE + LEFT_OUT), " ")
SHOWN = {OPEN: "<mark>", CLOSE: "</mark>", LEFT_OUT: "&hellip;"}


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

    def has(self, word: str) -> bool:
        """Whether a folded word is among the terms."""
        return word in self.whole or word.startswith(self.beginnings)


def pointed(texts: Sequence[str], sought: Sought) -> list[str]:
    """The same texts, `OPEN` and `CLOSE` round each found word."""
    whole = BETWEEN.join(texts)
    if whole.count(BETWEEN) >= max(len(texts), 1) or any(sign in whole for sign in SHOWN):
        return pointed([text.translate(AS_BLANKS) for text in texts], sought)
    if (lower := _plain(whole)) is not None:
        together = _pointed(whole, _begun(lower, sought.begin), sought)
        return together.split(BETWEEN)[: len(texts)]
    return [
        _pointed(
            text,
            WORD.finditer(text) if (lower := _plain(text)) is None else _begun(lower, sought.begin),
            sought,
        )
        for text in texts
    ]


def excerpt(text: str) -> str:
    """Of a pointed text some 180 characters round the first found word, cut between words.

    The beginning where nothing was found.
    """
    start = _cut(text, text.find(OPEN) - BEFORE)
    end = len(text) if len(text) - start <= EXCERPT else _cut(text, start + EXCERPT)
    part = text[start:end].strip()
    if part.count(OPEN) > part.count(CLOSE):
        part = "".join(part.rsplit(OPEN, 1))
    before, behind = (f"{LEFT_OUT} " if start else ""), (f" {LEFT_OUT}" if end < len(text) else "")
    return before + part + behind


def shown(texts: Sequence[str]) -> list[SafeString]:
    """Pointed texts, safe for a page, each found word in a `mark` element."""
    whole = escape(BETWEEN.join(texts))
    for sign, markup in SHOWN.items():
        whole = whole.replace(sign, markup)
    return [SafeString(text) for text in whole.split(BETWEEN)[: len(texts)]]  # all is escaped


def _pointed(text: str, likely: Iterable[re.Match[str]], sought: Sought) -> str:
    parts: list[str] = []
    place = 0
    for found in likely:
        if sought.has(folded(found[0])):
            start, end = found.span()
            parts += (text[place:start], OPEN, text[start:end], CLOSE)
            place = end
    return "".join((*parts, text[place:]))


def _plain(text: str) -> str | None:
    """In lower case, if its words begin as they do when they are folded.

    Dividing and folding all words costs more than the rest of a page of results. In ASCII
    nothing but names needs it: a word begins as its folded form does, but for a last y.
    """
    if not text.isascii():
        return None
    lower = text.lower()
    return None if any(sign in lower for sign in SIGNS_OF_NAMES) else lower


def _begun(lower: str, begin: tuple[str, ...]) -> list[re.Match[str]]:
    """The words of a plain text that begin so, in their order."""
    starts = (
        _starts(lower, begin[0])
        if len(begin) == 1
        else sorted({start for beginning in begin for start in _starts(lower, beginning)})
    )
    return [found for start in starts if (found := ASCII_WORD.match(lower, start))]


def _starts(lower: str, beginning: str) -> list[int]:
    """Where words of a plain text begin so."""
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
