"""Create rounds of practice in the past, answer by answer, through the practice services."""

import random
from datetime import datetime, timedelta
from typing import cast

from accounts.models import User
from catalog.models import TestBank
from demo.people import Round
from practice.models import Attempt
from practice.services import (
    Remarks,
    finish_attempt,
    start_attempt,
    start_exam,
    start_ten_questions,
    submit_answer,
)
from practice.services.starting import SEEDS
from questions.grading import ChoiceResponse, NumberResponse, Response, TextResponse
from questions.items import AskableItem, ChoiceItem, MultipleChoice, Numeric
from questions.services import item_of_version


def take_round(learner: User, test_bank: TestBank, done: Round, *, at: datetime) -> None:
    """Create an attempt as described. Deterministic: the random seed is the round itself."""
    chance = random.Random(f"{learner.email} {test_bank.slug} {done.days_ago}")  # noqa: S311 - a story, no secret
    attempt = _start(learner, test_bank, done, at, seed=chance.randrange(SEEDS))
    now = at
    for position, version_id in enumerate(attempt.version_ids[: done.answers or None], start=1):
        seconds = chance.randint(18, 75)
        now += timedelta(seconds=seconds)
        # An attempt has only askable kinds of items.
        item = cast(AskableItem, item_of_version(version_id))
        is_correct = chance.random() < done.right_percent_in(item.domain) / 100
        submit_answer(
            attempt_id=attempt.pk,
            learner_id=learner.pk,
            position=position,
            response=_right(item) if is_correct else _wrong(item, chance),
            at=now,
            remarks=Remarks(is_unsure=chance.random() < 0.1, seconds=seconds),
        )
    if not done.answers:
        finish_attempt(attempt=attempt, at=now)


def _start(learner: User, test_bank: TestBank, done: Round, at: datetime, *, seed: int) -> Attempt:
    if done.kind == "exam":
        return start_exam(learner=learner, test_bank=test_bank, can_pause=False, at=at, seed=seed)
    if done.kind == "ten":
        return start_ten_questions(learner=learner, bank_ids=[test_bank.pk], at=at, seed=seed)
    return start_attempt(learner=learner, test_bank=test_bank, at=at, seed=seed)


def _right(item: AskableItem) -> Response:
    if isinstance(item, ChoiceItem):
        return ChoiceResponse(chosen=tuple(sorted(item.key)))
    if isinstance(item, Numeric):
        full = next(number for number in item.accepted if number.is_full)
        return NumberResponse(typed=f"{full.low:f}")
    full_words = next(words for words in item.accepted if words.is_full and "*" not in words.text)
    return TextResponse(typed=full_words.text)


def _wrong(item: AskableItem, chance: random.Random) -> Response:
    """Return an incorrect response, one with its own feedback if there is one."""
    if isinstance(item, MultipleChoice):
        return ChoiceResponse(chosen=(min(item.key),))
    if isinstance(item, ChoiceItem):
        others = [choice.id for choice in item.choices if choice.id not in item.key]
        return ChoiceResponse(chosen=(chance.choice(others),))
    foreseen = [accepted for accepted in item.accepted if not accepted.weight]
    if isinstance(item, Numeric):
        numbers = [number for number in item.accepted if number in foreseen]
        return NumberResponse(typed=f"{numbers[0].low:f}" if numbers else "1000000")
    words = [words.text for words in item.accepted if words in foreseen and "*" not in words.text]
    return TextResponse(typed=words[0] if words else "no idea")
