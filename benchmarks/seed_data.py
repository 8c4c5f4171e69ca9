"""What a seeded database offers to the measurements. Plain data, read by both processes."""

import json
from dataclasses import asdict, dataclass

QUESTIONS = 100
PRICE_MINOR = 1900


@dataclass(frozen=True, slots=True)
class SeedSize:
    """How many requests are needed of each kind that cannot be repeated."""

    answers: int
    orders: int
    buyers: int


@dataclass(frozen=True, slots=True)
class LearnerAttempt:
    """The session key of a learner, and the id of an attempt of theirs."""

    session: str
    attempt: str


@dataclass(frozen=True, slots=True)
class SeedData:
    """Banks by slug, and people by the keys of their sessions.

    Nothing was answered in `attempts`, each of QUESTIONS questions with the key `b`; half of
    `half_answered` is answered, and all of `finished`. `orders` are pairs of an order's id and
    its Stripe session's, all open. `buyers` own no bank, `owner` owns all of them.
    """

    banks: list[str]
    attempts: list[LearnerAttempt]
    half_answered: LearnerAttempt
    finished: LearnerAttempt
    owner: str
    orders: list[tuple[str, str]]
    buyers: list[str]

    def as_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "SeedData":
        """The data that `as_json` wrote."""
        data = json.loads(text)
        return cls(
            **{
                **data,
                "attempts": [LearnerAttempt(**each) for each in data["attempts"]],
                "half_answered": LearnerAttempt(**data["half_answered"]),
                "finished": LearnerAttempt(**data["finished"]),
            }
        )
