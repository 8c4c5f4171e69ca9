"""The order of questions and choices, from the seed of an attempt.

A place is decided by a hash of the seed and an id, so that it is the same on every device, in
every process, and with every version of Python.
"""

from collections.abc import Iterable
from hashlib import blake2b
from typing import TypeVar

from questions.items import Item, MultipleChoice, SingleChoice

T = TypeVar("T")


def shuffled(values: Iterable[T], *, seed: int) -> list[T]:
    """Return the values in the order of this seed."""
    return sorted(values, key=lambda value: _hash(seed, value))


def choice_order(item: Item, *, seed: int, position: int, is_pinned: bool) -> list[str]:
    """Return the ids of the choices as an attempt shows them at a position.

    Pinned choices keep their places, or with `is_pinned` all; true and false are never shuffled.
    Empty for kinds without choices.
    """
    if not isinstance(item, SingleChoice | MultipleChoice):
        return ["true", "false"] if item.kind == "true_false" else []
    ids = [choice.id for choice in item.choices]
    if is_pinned:
        return ids
    free = [choice.id for choice in item.choices if not choice.is_pinned]
    mixed = iter(sorted(free, key=lambda choice_id: _hash(seed, f"{position}/{choice_id}")))
    return [choice.id if choice.is_pinned else next(mixed) for choice in item.choices]


def _hash(seed: int, value: object) -> bytes:
    return blake2b(f"{seed}/{value}".encode(), digest_size=8).digest()
