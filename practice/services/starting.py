"""Start a session, or continue the open one of the same kind."""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import User
from catalog.models import Access, TestBank
from catalog.services.blueprint import (
    BlueprintError,
    CannotBeDrawn,
    PoolQuestion,
    draw,
    exam_pool,
    read_blueprint,
)
from practice.answer_sheet import answer_sheet
from practice.clock import deadline_of
from practice.models import Attempt
from practice.services.errors import NoAccess, NoExam, NoSuchAttempt, NothingToAsk
from practice.services.preferences import preferences_of
from practice.services.selection import Candidate, Criteria, candidates, matching, open_banks
from practice.shuffling import shuffled

TEN = 10
MOST_QUESTIONS = 200
# 52 bits: a number that JavaScript and JSON keep exactly.
SEEDS = 2**52


@dataclass(frozen=True)
class Limits:
    """How many questions an own session asks at most, and for how many minutes; None is no limit."""

    count: int
    minutes: int | None = None


@dataclass(frozen=True)
class Drawn:
    """A question of a new session."""

    question_id: int
    version_id: int
    bank_id: int


def new_seed() -> int:
    """Return a seed that nobody can guess."""
    return random.SystemRandom().randrange(SEEDS)


def has_live_access(*, learner_id: int, test_bank_id: int, at: datetime) -> bool:
    """Whether the learner can open the bank at that moment."""
    return Access.objects.live(at).filter(learner=learner_id, test_bank=test_bank_id).exists()


def start_attempt(
    *, learner: User, test_bank: TestBank, at: datetime, seed: int | None = None
) -> Attempt:
    """Return the learner's open session over all questions of the bank, or start one.

    Idempotent, also for two calls at once. Raises: NoAccess, NothingToAsk.
    """
    seed = new_seed() if seed is None else seed

    def create() -> Attempt:
        places = test_bank.bank_questions.askable().order_by("position")
        rows = places.values_list("question_id", "question__current", "test_bank_id")
        drawn = [Drawn(*row) for row in rows]
        return _create(learner, _ordered(drawn, test_bank, seed), at, seed=seed, selection="all")

    return _continue_or(create, learner=learner, test_bank=test_bank, selection="all", at=at)


def start_exam(
    *, learner: User, test_bank: TestBank, can_pause: bool, at: datetime, seed: int | None = None
) -> Attempt:
    """Return the learner's open exam of the bank, or start one that its blueprint draws.

    Idempotent, also for two calls at once. Raises: NoAccess, NoExam.
    """
    seed = new_seed() if seed is None else seed

    def create() -> Attempt:
        pool = draw_exam(test_bank, seed=seed)
        drawn = [Drawn(one.question_id, one.version_id, test_bank.pk) for one in pool]
        return _create(
            learner,
            _ordered(drawn, test_bank, seed),
            at,
            seed=seed,
            selection="blueprint",
            mode="exam",
            minutes=test_bank.exam_minutes,
            can_pause=can_pause,
            blueprint=test_bank.blueprint,
            pass_percent=test_bank.pass_percent,
        )

    return _continue_or(create, learner=learner, test_bank=test_bank, selection="blueprint", at=at)


def draw_exam(test_bank: TestBank, *, seed: int) -> list[PoolQuestion]:
    """Draw the questions of one exam from a bank. Raises: NoExam."""
    try:
        sections = read_blueprint(test_bank.blueprint)
        if not sections:
            raise NoExam
        chance = random.Random(seed)  # noqa: S311 - repeatable on purpose
        return draw(sections, exam_pool(test_bank), chance=chance)
    except (BlueprintError, CannotBeDrawn) as error:
        raise NoExam from error


def start_ten_questions(
    *, learner: User, bank_ids: Sequence[int] = (), at: datetime, seed: int | None = None
) -> Attempt:
    """Start ten questions from these banks, or from all: those not mastered yet come first.

    Raises: NoAccess, NothingToAsk.
    """
    seed = new_seed() if seed is None else seed
    banks = _banks(learner, bank_ids, at)
    pool = _mixed(candidates(learner, bank_ids=[bank.pk for bank in banks]), seed)
    pool.sort(key=lambda one: one.is_mastered)
    return _create(learner, _drawn(pool[:TEN]), at, seed=seed, selection="ten")


def start_mistakes(
    *, learner: User, bank_ids: Sequence[int] = (), at: datetime, seed: int | None = None
) -> Attempt:
    """Start the questions that the learner answered wrong the last time.

    Raises: NoAccess, NothingToAsk.
    """
    wrong = Criteria(states=frozenset({"wrong"}))
    seed = new_seed() if seed is None else seed
    banks = _banks(learner, bank_ids, at)
    pool = matching(candidates(learner, bank_ids=[bank.pk for bank in banks]), wrong)
    mixed = _mixed(pool, seed)[:MOST_QUESTIONS]
    return _create(learner, _drawn(mixed), at, seed=seed, selection="mistakes")


def start_own_session(
    *,
    learner: User,
    criteria: Criteria,
    limits: Limits,
    at: datetime,
    seed: int | None = None,
) -> Attempt:
    """Start a session over the questions that fit, at most `limits.count` of them.

    Raises: NoAccess, NothingToAsk.
    """
    seed = new_seed() if seed is None else seed
    banks = _banks(learner, sorted(criteria.bank_ids), at)
    pool = matching(candidates(learner, bank_ids=[bank.pk for bank in banks]), criteria)
    mixed = _mixed(pool, seed)[: min(limits.count, MOST_QUESTIONS)]
    return _create(learner, _drawn(mixed), at, seed=seed, selection="own", minutes=limits.minutes)


def retake(
    *, learner: User, attempt_id: UUID, part: str, at: datetime, seed: int | None = None
) -> Attempt:
    """Start the questions of a finished attempt again, at their current versions.

    `part` is "all", "wrong" (what earned less than all points) or "unanswered". Questions that
    can no longer be asked are left out. Raises: NoSuchAttempt, NoAccess, NothingToAsk.
    """
    attempt = Attempt.objects.finished().filter(pk=attempt_id, learner=learner).first()
    if attempt is None:
        raise NoSuchAttempt
    seed = new_seed() if seed is None else seed
    wanted = _part(attempt, part)
    bank_ids = sorted({attempt.bank_id_at(place) for place in range(1, attempt.total + 1)})
    banks = _banks(learner, bank_ids, at)
    pool = candidates(learner, bank_ids=[bank.pk for bank in banks])
    mixed = _mixed([one for one in pool if one.question_id in wanted], seed)
    return _create(learner, _drawn(mixed), at, seed=seed, selection="retake")


def _part(attempt: Attempt, part: str) -> set[int]:
    """The questions of that part of an attempt."""
    fractions = answer_sheet(attempt).fractions
    positions = {
        "all": range(1, attempt.total + 1),
        "wrong": [place for place, fraction in fractions.items() if fraction < 1],
        "unanswered": [place for place in range(1, attempt.total + 1) if place not in fractions],
    }[part]
    return {attempt.question_ids[place - 1] for place in positions}


def _continue_or(
    create: Callable[[], Attempt],
    *,
    learner: User,
    test_bank: TestBank,
    selection: str,
    at: datetime,
) -> Attempt:
    """Return the open attempt of this kind, or create one. Serialized by the learner's row."""
    if not has_live_access(learner_id=learner.pk, test_bank_id=test_bank.pk, at=at):
        raise NoAccess
    unfinished = (
        Attempt.objects.unfinished()
        .filter(learner=learner, test_bank=test_bank, selection=selection)
        .order_by("-started_at")
    )
    attempt = unfinished.first()
    if attempt is not None and not attempt.is_overdue(at):
        return attempt
    with transaction.atomic():
        User.objects.select_for_update().get(pk=learner.pk)
        newest = unfinished.first()
        if newest is not None and not newest.is_overdue(at):
            return newest
        return create()


def _banks(learner: User, bank_ids: Sequence[int], at: datetime) -> list[TestBank]:
    """The banks among these that the learner can open; without ids, all. Raises: NoAccess."""
    banks = open_banks(learner, at=at)
    if bank_ids:
        banks = [bank for bank in banks if bank.pk in set(bank_ids)]
    if not banks:
        raise NoAccess
    return banks


def _mixed(pool: Sequence[Candidate], seed: int) -> list[Candidate]:
    by_id = {one.question_id: one for one in pool}
    return [by_id[pk] for pk in shuffled(by_id, seed=seed)]


def _ordered(drawn: Sequence[Drawn], test_bank: TestBank, seed: int) -> list[Drawn]:
    """Shuffled, unless the bank keeps its order."""
    if test_bank.keeps_question_order:
        return list(drawn)
    by_id = {one.question_id: one for one in drawn}
    return [by_id[pk] for pk in shuffled(by_id, seed=seed)]


def _drawn(pool: Iterable[Candidate]) -> list[Drawn]:
    return [Drawn(one.question_id, one.version_id, one.bank_id) for one in pool]


def _create(
    learner: User,
    drawn: Sequence[Drawn],
    at: datetime,
    *,
    minutes: int | None = None,
    **fields: Any,
) -> Attempt:
    """Store an attempt over these questions. Raises: NothingToAsk."""
    if not drawn:
        raise NothingToAsk
    bank_ids = [one.bank_id for one in drawn]
    is_one_bank = len(set(bank_ids)) == 1
    attempt = Attempt(
        learner=learner,
        test_bank_id=bank_ids[0] if is_one_bank else None,
        version_ids=[one.version_id for one in drawn],
        question_ids=[one.question_id for one in drawn],
        bank_ids=[] if is_one_bank else bank_ids,
        time_limit_seconds=minutes and 60 * minutes,
        started_at=at,
        **fields,
    )
    if minutes:
        preferences = preferences_of(learner)
        attempt.deadline_at = deadline_of(attempt, extra_time=preferences.extra_time)
        attempt.can_pause = attempt.can_pause or preferences.pauses_exams
    attempt.save(force_insert=True)
    return attempt
