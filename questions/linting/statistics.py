"""Statistics of a bank's questions, shown after the findings."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from questions.items import texts_of
from questions.linting.bank_checks import key_is_longest, key_place, single_choices
from questions.linting.findings import Placed
from questions.rendering import letter


@dataclass(frozen=True)
class Figures:
    """Counts of questions. `keys` is by the letter of the key, of `singles` questions with one
    right choice; `longest` is in how many of those the key is the longest choice."""

    total: int
    kinds: dict[str, int]
    domains: dict[str, int]
    difficulties: dict[str, int]
    keys: dict[str, int]
    singles: int
    longest: int
    pictures: int
    formulas: int
    code: int


def figures_of(questions: Sequence[Placed]) -> Figures:
    """Count, each in the order in which it first stands there; keys by their letter."""
    items = [question.item for question in questions]
    singles = single_choices(questions)
    keys = Counter(key_place(item) for _question, item in singles)
    return Figures(
        total=len(items),
        kinds=dict(Counter(item.kind for item in items)),
        domains=dict(Counter(item.domain for item in items)),
        difficulties=dict(Counter(str(item.difficulty) for item in items)),
        keys={letter(place): keys[place] for place in sorted(keys)},
        singles=len(singles),
        longest=sum(key_is_longest(item) for _question, item in singles),
        pictures=sum(any(text.pictures for text in texts_of(item)) for item in items),
        formulas=sum(any("<math" in text.html for text in texts_of(item)) for item in items),
        code=sum(any("<pre>" in text.html for text in texts_of(item)) for item in items),
    )
