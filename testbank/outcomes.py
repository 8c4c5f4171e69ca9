"""What the database backends give for a statement that goes past Django's cursor."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """The rows that a statement gave, and how many it wrote."""

    rows: list[tuple[Any, ...]]
    count: int
