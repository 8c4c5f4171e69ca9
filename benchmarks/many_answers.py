"""A bank with many questions and answers. Imported inside `manage.py shell` only."""

import random
import uuid
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from catalog.indexing.banks import count_questions
from catalog.models import BankQuestion, Category, TestBank
from practice.models import Answer, Attempt
from questions.items import Choice, SingleChoice, Text
from questions.models import QuestionVersion
from questions.services import store_items

SLUG = "large"
QUESTIONS = 1500
# As many answers as an attempt has, each to another question.
PER_ATTEMPT = 100
BATCH = 50
SEED = 2026


def make_bank() -> None:
    """Make the bank, of 1,500 questions."""
    category = Category.objects.create(slug="software", title="Software")
    test_bank = TestBank.objects.create(
        slug=SLUG, title="Large", category=category, price_minor=1900, status="published"
    )
    versions = store_items(items=[_item(number) for number in range(1, QUESTIONS + 1)])
    BankQuestion.objects.bulk_create(
        BankQuestion(test_bank=test_bank, question=version.question, position=position)
        for position, version in enumerate(versions, start=1)
    )
    count_questions(test_bank=test_bank)


def add_answers(count: int) -> None:
    """Add this many answers of new learners of different ability."""
    test_bank = TestBank.objects.get(slug=SLUG)
    versions = list(QuestionVersion.objects.only("question_id"))
    before = User.objects.count()
    chance = random.Random(SEED + before)
    people = User.objects.bulk_create(
        (
            User(email=f"learner-{before + number}@example.org")
            for number in range(count // PER_ATTEMPT)
        ),
        1000,
    )
    at = timezone.now()
    for first in range(0, len(people), BATCH):
        with transaction.atomic():
            _answer(test_bank, versions, people[first : first + BATCH], chance, at)


def analyze() -> None:
    """Update the database's statistics, as autovacuum would, which is off meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _item(number: int) -> SingleChoice:
    return SingleChoice(
        stem=Text(source=f"What does setting {number} of the server's configuration change?"),
        choices=tuple(
            Choice(
                id=letter,
                text=Text(source=f"The effect that letter {letter} of {number} stands for"),
                weight=100 if letter == "b" else 0,
            )
            for letter in "abcd"
        ),
    )


def _answer(
    test_bank: TestBank,
    versions: list[QuestionVersion],
    people: list[User],
    chance: random.Random,
    at: datetime,
) -> None:
    attempts = [
        Attempt(id=uuid.uuid4(), learner=person, test_bank=test_bank, version_ids=[], started_at=at)
        for person in people
    ]
    Attempt.objects.bulk_create(attempts)
    Answer.objects.bulk_create(
        answer
        for attempt in attempts
        for answer in _answers(attempt, chance.sample(versions, PER_ATTEMPT), chance, at)
    )


def _answers(
    attempt: Attempt, versions: list[QuestionVersion], chance: random.Random, at: datetime
) -> Iterator[Answer]:
    ability = chance.random()
    for position, version in enumerate(versions, start=1):
        is_right = chance.random() < ability
        yield Answer(
            attempt=attempt,
            learner_id=attempt.learner_id,
            test_bank=attempt.test_bank,
            question_id=version.question_id,
            version=version,
            position=position,
            response={"kind": "choice", "chosen": ["b" if is_right else chance.choice("acd")]},
            fraction=Decimal(is_right),
            answered_at=at,
            seconds=chance.randint(10, 120),
        )
