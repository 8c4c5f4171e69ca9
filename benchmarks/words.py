"""Texts as people write them: few words are frequent, most are rare (Zipf's law).

Known on both sides of the process: who fills the database and who asks it draw the same words.
"""

import random
from itertools import accumulate

WORDS = 20_000
TITLE, BODY = 6, 30
SYLLABLES = [consonant + vowel for consonant in "bcdfgklmnprstvz" for vowel in "aeiou"]
# Places in the order of frequency: in 100,000 texts of 36 words some 26,000, 1,600 and 85
# have the word.
COMMON, MIDDLING, RARE = range(9, 15), range(190, 250), range(3900, 4300)


def vocabulary() -> list[str]:
    """The words, the most frequent first."""
    draw = random.Random(7)
    words: dict[str, None] = {}
    while len(words) < WORDS:
        words["".join(draw.choices(SYLLABLES, k=draw.randint(2, 4)))] = None
    return list(words)


class Author:
    """Writes texts out of the vocabulary, each word as often as its place says."""

    def __init__(self) -> None:
        self._words = vocabulary()
        self._weights = list(accumulate(1 / place for place in range(1, WORDS + 1)))
        self._draw = random.Random(8)

    def writes(self, count: int) -> str:
        """That many words."""
        return " ".join(self._draw.choices(self._words, cum_weights=self._weights, k=count))


def queries() -> dict[str, list[str]]:
    """What is asked, by its class."""
    words = vocabulary()
    common, middling, rare = ([words[place] for place in part] for part in (COMMON, MIDDLING, RARE))
    return {
        "rare": rare,
        "mid": middling,
        "pair": [f"{common[place % len(common)]} {word}" for place, word in enumerate(middling)],
        "common": common,
    }
