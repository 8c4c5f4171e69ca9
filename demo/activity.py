"""What the demo's people have done: bought, practised, reviewed, and the seller's answers.

All of it goes through the services that real people use, with the moments at which it would
have happened, so that the rules of every room hold for it. `people.py` names the people and
what they say, `buying.py` and `practising.py` let them act.
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
from demo.practice_sessions import practise
from demo.purchases import abandon, buy, fail, refund
from outbox.models import OutgoingMail
from payments.models import Order

# An evening: nobody practises at the minute at which somebody starts a demo.
HOUR = 19


def load_demo_people() -> None:
    """Those who sign in with the demo's password. Who is there already is left alone."""
    for email, name in SIGNING_IN.items():
        if User.objects.filter(email=email).exists():
            continue
        sells = email == SELLER
        user = User.objects.create_user(
            email, PASSWORD, name=name, is_staff=sells, is_superuser=sells
        )
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)


def load_demo_life(*, at: datetime) -> int:
    """Let the demo's people have acted before `at`; how many purchases were made.

    Atomic. Idempotent: whoever has an order already has had a life, and is left alone.
    """
    with transaction.atomic():
        banks = {bank.slug: bank for bank in TestBank.objects.all()}
        people = [_person(email, name) for email, name in REVIEWERS.items()]
        lena = User.objects.get(email=LEARNER)
        made = sum(_live(person, banks, at) for person in (lena, *people))
        if made:
            _mails_were_sent([person.email for person in (lena, *people)])
    return made


def _person(email: str, name: str) -> User:
    """One who only ever speaks: with a name, and without a password to sign in with."""
    person = User.objects.filter(email=email).first()
    return person or User.objects.create_user(email, name=name)


def _live(person: User, banks: dict[str, TestBank], at: datetime) -> int:
    if Order.objects.filter(user=person).exists():
        return 0
    wanted = [(one, banks.get(one.bank)) for one in PURCHASES if one.who == person.email]
    known = [(one, bank) for one, bank in wanted if bank and not bank.is_free]
    for purchase, bank in known:
        _purchase(person, purchase, bank, at=moment(at, purchase.days_ago))
    for done in ROUNDS:
        if done.who == person.email and done.bank in banks:
            practise(person, banks[done.bank], done, at=moment(at, done.days_ago))
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
    """The evening of the day so many days before `at`; a day at least."""
    day = at - timedelta(days=days_ago)
    return day.replace(hour=HOUR, minute=12, second=0, microsecond=0)


def _mails_were_sent(recipients: list[str]) -> None:
    """What was bought long ago is not announced today."""
    waiting = OutgoingMail.objects.filter(recipient__in=recipients, sent_at=None)
    waiting.update(sent_at=F("due_at"))
