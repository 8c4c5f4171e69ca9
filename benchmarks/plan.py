"""What a filled database can be asked for. Plain data, known on both sides of the process."""

import json
from dataclasses import asdict, dataclass

QUESTIONS = 100
PRICE_MINOR = 1900


@dataclass(frozen=True, slots=True)
class Size:
    """How many requests there must be of those kinds that cannot be repeated."""

    answers: int
    orders: int
    buyers: int


@dataclass(frozen=True, slots=True)
class Plan:
    """The slugs of banks; attempts, orders and buyers that nothing was asked of yet.

    An attempt is the key of its learner's session and its own id, with QUESTIONS positions
    whose right choice is `b`. An order is its id and its session's. Buyers are the keys of
    the sessions of people without any bank.
    """

    banks: list[str]
    attempts: list[tuple[str, str]]
    orders: list[tuple[str, str]]
    buyers: list[str]

    def as_json(self) -> str:
        """The plan as a text for another process."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Plan":
        """The plan that `as_json` wrote."""
        return cls(**json.loads(text))
