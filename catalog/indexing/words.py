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

LONGEST_WORD = 60
MOST_WORDS = 8

# Names that would be cut to a letter.
NAMES = {"c++": "cplusplus", "c#": "csharp", "f#": "fsharp", ".net": "dotnet"}
# Each of them has one of these, which are looked for more quickly.
SIGNS_OF_NAMES = ("+", "#", ".net")
# Marks that belong to the letter before them: Latin and Greek accents, Hebrew and Arabic vowels.
MARKS = "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670"
# Written without blanks between words: each character is a word.
UNDIVIDED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
WORD = re.compile(
    rf"(?<![^\W_])(?:[cf]#|c\+\+|\.net(?![^\W_]))|[{UNDIVIDED}]|(?:(?![{UNDIVIDED}])[^\W_][{MARKS}]*)+",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Term:
    """A word that is looked for; with `is_prefix` also what begins with it."""

    folded: str
    is_prefix: bool = False


@dataclass(frozen=True)
class Word:
    """A word of a text: how it is compared, and where it stands (places of characters)."""

    folded: str
    start: int
    end: int


def words_of(text: str) -> Iterator[Word]:
    """The words of a text, from its beginning. Places are those of `text` itself."""
    for found in WORD.finditer(text):
        yield Word(folded(found[0]), found.start(), found.end())


def terms_of(typed: str) -> tuple[Term, ...]:
    """What somebody looks for who types this, at most eight words, each once.

    The last word may be unfinished, so it also stands for what begins with it, unless it is
    a single character: that would be most of the index.
    """
    words = list(dict.fromkeys(word.folded for word in words_of(typed) if word.folded))[:MOST_WORDS]
    last = len(words) - 1
    return tuple(Term(word, place == last and len(word) > 1) for place, word in enumerate(words))


def indexed(text: str, *, most: int = 5000) -> str:
    """A text as it is stored for search: its folded words, joined by blanks."""
    return " ".join(folded(found[0]) for found in islice(WORD.finditer(text), most))


@lru_cache(maxsize=20_000)
def folded(word: str) -> str:
    """A word in lower case, without marks and without the ending of an English plural."""
    name = NAMES.get(word.lower())
    if name:
        return name
    if not word.isascii():
        parts = unicodedata.normalize("NFKD", word.casefold())
        word = "".join(part for part in parts if part.isalnum())
    return _singular(word.lower())[:LONGEST_WORD]


def _singular(word: str) -> str:
    """Harman's rules for English plurals, and -ches, -shes, -sses, -xes; others stay."""
    if len(word) < 4 or not word.endswith("s") or not word.isascii():
        return word
    if word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    if word.endswith("ies") and not word.endswith(("eies", "aies")):
        return word[:-3] + "y"
    if word.endswith(("us", "ss", "is")):
        return word
    return word[:-1]
