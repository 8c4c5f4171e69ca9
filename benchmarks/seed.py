"""Seed a migrated database through the site's own services.

Imported inside `manage.py shell` only, since it needs the site's settings.
"""

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from benchmarks.seed_data import PRICE_MINOR, QUESTIONS, LearnerAttempt, SeedData, SeedSize
from catalog.indexing.banks import count_questions
from catalog.models import Access, BankQuestion, Category, TestBank
from catalog.services import grant_access
from payments.models import Order
from payments.orders import ReturnAddresses, open_order, record_session
from payments.sessions import SessionFacts
from practice.models import Attempt
from practice.services import finish_attempt, start_attempt, submit_answer
from questions.grading import ChoiceResponse
from questions.items import Choice, SingleChoice, Text
from questions.services import store_items

BANKS = 20
DOMAINS = 5
SAMPLES = 3
ACCESS_DAYS = 365


def write_seed_data(path: Path, size: SeedSize) -> None:
    """Seed the database, and write what can be asked of it to a file."""
    path.write_text(seed(size, at=timezone.now()).as_json(), encoding="utf-8")


@transaction.atomic
def seed(size: SeedSize, *, at: datetime) -> SeedData:
    """Create banks on sale, learners with attempts, payers with open orders, and buyers."""
    banks = [_bank(number) for number in range(1, BANKS + 1)]
    learners = _people("learner", -(-size.answers // QUESTIONS))
    payers = _people("payer", -(-size.orders // BANKS))
    buyers = _people("buyer", max(size.buyers, 1))
    half, finisher, owner = _people("reader", 3)
    # Every payer buys the first bank before anybody buys the second.
    pairs = [(payer, bank) for bank in banks for payer in payers][: size.orders]
    for bank in banks:
        _grant(owner, bank, at)
    return SeedData(
        banks=[bank.slug for bank in banks],
        attempts=[_learner_attempt(_attempt(learner, banks[0], at)) for learner in learners],
        half_answered=_learner_attempt(_half_answered(half, banks[0], at)),
        finished=_learner_attempt(_finished(finisher, banks[0], at)),
        owner=_session(owner),
        orders=[_order(payer, bank, at) for payer, bank in pairs],
        buyers=[_session(buyer) for buyer in buyers],
    )


def _bank(number: int) -> TestBank:
    category, _made = Category.objects.get_or_create(slug="software", title="Software")
    test_bank = TestBank.objects.create(
        slug=f"bank-{number:02}",
        title=f"Certified practitioner, part {number:02}",
        summary="One hundred questions on the whole of the exam's outline, each explained.",
        description="What the exam asks, in its own proportions.\n\nWritten by people who took it.",
        category=category,
        price_minor=PRICE_MINOR,
        currency="USD",
        access_days=ACCESS_DAYS,
        status=TestBank.Status.PUBLISHED,
    )
    versions = store_items(items=[_item(place) for place in range(1, QUESTIONS + 1)])
    BankQuestion.objects.bulk_create(
        BankQuestion(
            test_bank=test_bank,
            question=version.question,
            position=position,
            is_sample=position <= SAMPLES,
        )
        for position, version in enumerate(versions, start=1)
    )
    count_questions(test_bank=test_bank)
    return test_bank


def _item(place: int) -> SingleChoice:
    return SingleChoice(
        stem=Text(source=f"A project has {place} branches. Which of these brings one up to date?"),
        explanation=Text(source="Only the second changes nothing that others have already seen."),
        domain=f"Domain {place % DOMAINS + 1}",
        choices=tuple(
            Choice(
                id=letter,
                text=Text(source=f"The way that letter {letter} stands for"),
                weight=100 if letter == "b" else 0,
                feedback=Text(source="This loses the others' work."),
            )
            for letter in "abcd"
        ),
    )


def _people(word: str, count: int) -> list[User]:
    return User.objects.bulk_create(
        User(email=f"{word}-{number}@example.org", password=make_password(None))
        for number in range(count)
    )


def _grant(learner: User, test_bank: TestBank, at: datetime) -> None:
    grant_access(
        learner=learner,
        test_bank=test_bank,
        source_kind=Access.Source.GRANT,
        source_id="benchmark",
        at=at,
        access_days=None,
        reason="a benchmark",
    )


def _attempt(learner: User, test_bank: TestBank, at: datetime) -> Attempt:
    _grant(learner, test_bank, at)
    return start_attempt(learner=learner, test_bank=test_bank, at=at)


def _half_answered(learner: User, test_bank: TestBank, at: datetime) -> Attempt:
    attempt = _attempt(learner, test_bank, at)
    _answer(attempt, range(1, QUESTIONS, 2), at)
    return attempt


def _finished(learner: User, test_bank: TestBank, at: datetime) -> Attempt:
    attempt = _attempt(learner, test_bank, at)
    _answer(attempt, range(1, QUESTIONS + 1), at)
    finish_attempt(attempt=attempt, at=at)
    return attempt


def _answer(attempt: Attempt, positions: Iterable[int], at: datetime) -> None:
    """Answer these questions, every third one wrong."""
    for position in positions:
        submit_answer(
            attempt_id=attempt.pk,
            learner_id=attempt.learner_id,
            position=position,
            response=ChoiceResponse(chosen=("b" if position % 3 else "c",)),
            at=at,
        )


def _learner_attempt(attempt: Attempt) -> LearnerAttempt:
    return LearnerAttempt(session=_session(attempt.learner), attempt=str(attempt.pk))


def _session(learner: User) -> str:
    """Sign a person in, and return the key of the session."""
    session = SessionStore()
    session[SESSION_KEY] = str(learner.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
    session[HASH_SESSION_KEY] = learner.get_session_auth_hash()
    session.save()
    return str(session.session_key)


def _order(payer: User, test_bank: TestBank, at: datetime) -> tuple[str, str]:
    """Place an order whose Checkout session is open, as a purchase leaves it."""
    order = _placed(payer, test_bank, at)
    session = SessionFacts(
        id=f"cs_test_{uuid.uuid4().hex}",
        status="open",
        payment_status="unpaid",
        amount_minor=PRICE_MINOR,
        amount_before_discount_minor=PRICE_MINOR,
        currency="USD",
        livemode=False,
        order_id=str(order.pk),
        payment_intent_id="",
        url="https://checkout.example/1",
        expires_at=at + timedelta(hours=24),
    )
    record_session(order, session, at=at)
    return str(order.pk), session.id


def _placed(payer: User, test_bank: TestBank, at: datetime) -> Order:
    return open_order(
        learner=payer,
        test_bank=test_bank,
        mode=settings.STRIPE_MODE,
        account="",
        addresses=ReturnAddresses(
            success="http://shop.example/{order}/", cancelled="http://shop.example/back/{order}/"
        ),
        at=at,
    )
