"""Texts with word frequencies as in real ones (Zipf's law), and the words to search for.

Deterministic, so that the process that fills the database and the one that searches agree.
"""

import random
from itertools import accumulate

WORDS = 20_000
TITLE, BODY = 6, 30
SYLLABLES = [consonant + vowel for consonant in "bcdfgklmnprstvz" for vowel in "aeiou"]
# Ranks by frequency: of 100,000 texts with 36 words each, about 26,000, 1,600 and 85 contain one.
COMMON, MIDDLE, RARE = range(9, 15), range(190, 250), range(3900, 4300)


def vocabulary() -> list[str]:
    """List the words, most frequent first."""
    draw = random.Random(7)
    words: dict[str, None] = {}
    while len(words) < WORDS:
        words["".join(draw.choices(SYLLABLES, k=draw.randint(2, 4)))] = None
    return list(words)


class Author:
    """Writes texts in which a word of rank n is 1/n as frequent as the first."""

    def __init__(self) -> None:
        self._words = vocabulary()
        self._weights = list(accumulate(1 / place for place in range(1, WORDS + 1)))
        self._draw = random.Random(8)

    def writes(self, count: int) -> str:
        return " ".join(self._draw.choices(self._words, cum_weights=self._weights, k=count))


def queries() -> dict[str, list[str]]:
    """List the searches of each class."""
    words = vocabulary()
    common, middle, rare = ([words[place] for place in part] for part in (COMMON, MIDDLE, RARE))
    return {
        "rare": rare,
        "middle": middle,
        "pair": [f"{common[place % len(common)]} {word}" for place, word in enumerate(middle)],
        "common": common,
    }
