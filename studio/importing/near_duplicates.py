"""New questions that ask nearly the same as one that the bank has."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from questions.items import Item
from questions.text import plain_words

WORD = re.compile(r"\w+")
# The share of words that two stems have in common, of all words of both.
NEAR = 0.75
FEWEST_WORDS = 4


def near_duplicates(items: Sequence[Item], stems: Mapping[int, str]) -> dict[int, int]:
    """Return for each item, by its index, the question of `stems` that is nearest, if one is near.

    Compares the words of the stems. An item is compared only with questions that share one of
    its rarest words, so that large banks take seconds and not hours.
    """
    words = {question: words_of(stem) for question, stem in stems.items()}
    having: dict[str, list[int]] = defaultdict(list)
    for question, each in words.items():
        for word in each:
            having[word].append(question)
    found = {}
    for index, item in enumerate(items):
        own = words_of(item.stem.source)
        if len(own) < FEWEST_WORDS:
            continue
        # Two stems that share three quarters of their words share one of the rarest half.
        rare = sorted(own, key=lambda word: len(having.get(word, ())))[: len(own) // 2 + 1]
        candidates = {question for word in rare for question in having.get(word, ())}
        nearest = max(candidates, key=lambda question: _share(own, words[question]), default=None)
        if nearest is not None and _share(own, words[nearest]) >= NEAR:
            found[index] = nearest
    return found


def words_of(stem: str) -> frozenset[str]:
    """The words of a stem, without regard to case, order and markup."""
    return frozenset(WORD.findall(plain_words(stem).casefold()))


def _share(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other)
