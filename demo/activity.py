"""Load the demo's history: purchases, rounds of practice, reviews and replies.

Calls the same services as the site, with times in the past, so that every rule holds for demo
data too. `people.py` has the data; `purchases.py` and `practice_sessions.py` act on it.
"""

from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import F

from accounts.models import User
from catalog.models import TestBank
from catalog.reviews import reply_to_review, write_review
from demo.people import (
    LEARNER,
    PASSWORD,
    PURCHASES,
    REVIEWERS,
    ROUNDS,
    SELLER,
    SIGNING_IN,
    Purchase,
)
from demo.practice_sessions import take_round
from demo.purchases import abandon, buy, fail, refund
from outbox.models import OutgoingMail
from payments.models import Order

# All history happens in the evening, whenever the demo is started.
HOUR = 19


def load_demo_people() -> None:
    """Create the users who sign in with the demo's password. Idempotent."""
    for email, name in SIGNING_IN.items():
        if User.objects.filter(email=email).exists():
            continue
        sells = email == SELLER
        user = User.objects.create_user(
            email, PASSWORD, name=name, is_staff=sells, is_superuser=sells
        )
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)


def load_demo_activity(*, at: datetime) -> int:
    """Create the history before `at`; return the number of purchases.

    Atomic. Idempotent: users who have an order are skipped.
    """
    with transaction.atomic():
        banks = {bank.slug: bank for bank in TestBank.objects.all()}
        people = [_person(email, name) for email, name in REVIEWERS.items()]
        lena = User.objects.get(email=LEARNER)
        made = sum(_load_person(person, banks, at) for person in (lena, *people))
        if made:
            _mark_mails_as_sent([person.email for person in (lena, *people)])
    return made


def _person(email: str, name: str) -> User:
    """Get or create a reviewer, who has no password to sign in with."""
    person = User.objects.filter(email=email).first()
    return person or User.objects.create_user(email, name=name)


def _load_person(person: User, banks: dict[str, TestBank], at: datetime) -> int:
    if Order.objects.filter(user=person).exists():
        return 0
    wanted = [(one, banks.get(one.bank)) for one in PURCHASES if one.who == person.email]
    known = [(one, bank) for one, bank in wanted if bank and not bank.is_free]
    for purchase, bank in known:
        _purchase(person, purchase, bank, at=moment(at, purchase.days_ago))
    for done in ROUNDS:
        if done.who == person.email and done.bank in banks:
            take_round(person, banks[done.bank], done, at=moment(at, done.days_ago))
    return len(known)


def _purchase(person: User, purchase: Purchase, bank: TestBank, *, at: datetime) -> None:
    if purchase.end in {"expired", "failed"}:
        (abandon if purchase.end == "expired" else fail)(person, bank, at=at)
        return
    order = buy(person, bank, at=at)
    if purchase.refunded_minor:
        later = at + timedelta(days=purchase.refunded_after_days)
        refund(order, purchase.refunded_minor, at=later)
    if purchase.stars:
        _review(person, purchase, bank, at=at + timedelta(days=purchase.reviewed_after_days))


def _review(person: User, purchase: Purchase, bank: TestBank, *, at: datetime) -> None:
    review = write_review(
        learner=person,
        test_bank=bank,
        stars=purchase.stars,
        words=purchase.words,
        author_name=person.name,
        at=at,
    )
    if purchase.reply:
        reply_to_review(review=review, reply=purchase.reply, at=at + timedelta(days=1, hours=15))


def moment(at: datetime, days_ago: int) -> datetime:
    """Return the evening of the day so many days before `at`."""
    day = at - timedelta(days=days_ago)
    return day.replace(hour=HOUR, minute=12, second=0, microsecond=0)


def _mark_mails_as_sent(recipients: list[str]) -> None:
    """Send no mails for purchases in the past."""
    waiting = OutgoingMail.objects.filter(recipient__in=recipients, sent_at=None)
    waiting.update(sent_at=F("due_at"))
