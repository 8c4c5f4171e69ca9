"""Words as search compares them: lower case, no accents, no English plural.

What is indexed, typed and highlighted is tokenized here, so the three cannot disagree on
either database.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

LONGEST_WORD = 60
MOST_WORDS = 8

# Names that tokenizing would reduce to a letter.
NAMES = {"c++": "cplusplus", "c#": "csharp", "f#": "fsharp", ".net": "dotnet"}
# Combining marks: Latin and Greek accents, Hebrew and Arabic vowels.
MARKS = "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670"
# Scripts written without spaces: each character is a word.
UNDIVIDED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
WORD = re.compile(
    rf"(?<![^\W_])(?:[cf]#|c\+\+|\.net(?![^\W_]))|[{UNDIVIDED}]|(?:(?![{UNDIVIDED}])[^\W_][{MARKS}]*)+",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Term:
    """A word to search for; with `is_prefix` also words that begin with it."""

    folded: str
    is_prefix: bool = False


class Word(NamedTuple):
    """A word of a text: its folded form, and its start and end in characters."""

    folded: str
    start: int
    end: int


def words_of(text: str) -> Iterator[Word]:
    """Tokenize a text."""
    for found in WORD.finditer(text):
        yield Word(folded(found[0]), found.start(), found.end())


def terms_of(typed: str) -> tuple[Term, ...]:
    """Parse a search query: at most eight words, each once.

    The last word may be unfinished, so it is a prefix, unless it is a single character, which
    most of the index begins with.
    """
    words = list(dict.fromkeys(word.folded for word in words_of(typed) if word.folded))[:MOST_WORDS]
    last = len(words) - 1
    return tuple(Term(word, place == last and len(word) > 1) for place, word in enumerate(words))


def indexed(text: str, *, most: int = 5000) -> str:
    """Prepare a text for the index: its folded words, joined by spaces."""
    return " ".join(folded(found[0]) for found in islice(WORD.finditer(text), most))


@lru_cache(maxsize=20_000)
def folded(word: str) -> str:
    """Fold a word: lower case, no combining marks, no English plural ending."""
    name = NAMES.get(word.lower())
    if name:
        return name
    if not word.isascii():
        parts = unicodedata.normalize("NFKD", word.casefold())
        word = "".join(part for part in parts if part.isalnum())
    return _singular(word.lower())[:LONGEST_WORD]


def _singular(word: str) -> str:
    """Apply Harman's S-stemmer, extended by -ches, -shes, -sses and -xes."""
    if len(word) < 4 or not word.endswith("s") or not word.isascii():
        return word
    if word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    if word.endswith("ies") and not word.endswith(("eies", "aies")):
        return word[:-3] + "y"
    if word.endswith(("us", "ss", "is")):
        return word
    return word[:-1]
