"""Show a text that was found: an excerpt, with the words that were looked for marked."""

from collections.abc import Sequence
from html import escape

from django.utils.safestring import SafeString

from catalog.indexing.words import Term, words_of

EXCERPT = 180
BEFORE = 60
# How far a cut may move back to the nearest gap between words.
LONGEST_STEP = 30

Span = tuple[int, int]


def found_spans(text: str, terms: Sequence[Term]) -> list[Span]:
    """Where the text has the terms, as pairs of start and end."""
    whole = {term.folded for term in terms if not term.is_prefix}
    prefixes = tuple(term.folded for term in terms if term.is_prefix)
    return [
        (word.start, word.end)
        for word in words_of(text)
        if word.folded in whole or word.folded.startswith(prefixes)
    ]


def highlight(text: str, spans: Sequence[Span]) -> SafeString:
    """Escape the text and put each span into a `mark` element."""
    return _marked(text, spans, 0, len(text))


def excerpt(text: str, spans: Sequence[Span]) -> SafeString:
    """Highlight some 180 characters around the first span, cut between words.

    The beginning of the text if it has no spans.
    """
    start = _cut(text, spans[0][0] - BEFORE) if spans else 0
    end = len(text) if len(text) - start <= EXCERPT else _cut(text, start + EXCERPT)
    before, after = ("… " if start else ""), (" …" if end < len(text) else "")
    part = _marked(text, spans, start, end)
    return SafeString(f"{before}{part.strip()}{after}")


def _marked(text: str, spans: Sequence[Span], start: int, end: int) -> SafeString:
    parts: list[str] = []
    place = start
    for first, last in spans:
        if first >= start and last <= end:
            parts += (escape(text[place:first]), "<mark>", escape(text[first:last]), "</mark>")
            place = last
    parts.append(escape(text[place:end]))
    # Every part is escaped.
    return SafeString("".join(parts))


def _cut(text: str, place: int) -> int:
    """The nearest gap before a place, or the beginning; the place itself in a long word."""
    if place <= 0:
        return 0
    gap = text.rfind(" ", max(place - LONGEST_STEP, 0), place)
    if gap < 0 and place > LONGEST_STEP:
        return place
    return gap + 1
