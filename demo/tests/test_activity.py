"""The demo's content: loaded in the demo only, once, and consistent with every app's rules."""

from collections import Counter
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import override_settings
from django.utils import timezone

from accounts.models import User
from catalog.models import Access, BankQuestion, Review, TestBank
from demo.activity import load_demo_activity
from demo.banks import demo_folders
from demo.people import (
    LEARNER,
    NEWCOMER,
    PASSWORD,
    PURCHASES,
    REVIEWERS,
    ROUNDS,
    SELLER,
)
from outbox.models import OutgoingMail
from payments.models import Order, Refund
from practice.answer_sheet import answer_sheet
from practice.models import Answer, Attempt
from practice.progress import progress_of
from practice.results import result_of
from questions.models import Question

# One worker loads the demo, which takes seconds, for all tests.
pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.xdist_group("demo-data")]


@pytest.fixture(scope="module")
def loaded(django_db_setup, django_db_blocker):
    """The time at which the demo was loaded, once for all tests, which roll back their changes."""
    with django_db_blocker.unblock(), transaction.atomic():
        with override_settings(DEMO=True):
            call_command("load_demo")
        yield timezone.now()
        transaction.set_rollback(True)


@pytest.fixture
def demo(loaded, db):
    return loaded


def written():
    counted = (TestBank, BankQuestion, Question, User, EmailAddress, Order, Review, Attempt, Answer)
    return {model.__name__: model.objects.count() for model in counted}


def lena():
    return User.objects.get(email=LEARNER)


def test_load_demo_fails_on_real_site():
    before = written()
    with pytest.raises(CommandError, match="This is not a demo") as raised:
        call_command("load_demo")
    assert (raised.value.returncode, written()) == (2, before)


def test_load_demo_creates_every_bank(demo):
    assert sorted(TestBank.objects.published().values_list("slug", flat=True)) == [
        path.name for path in demo_folders()
    ]
    free = TestBank.objects.filter(price_minor=0).values_list("slug", flat=True)
    assert list(free) == ["http-warm-up"]


def test_load_demo_twice_changes_nothing(demo, settings):
    settings.DEMO = True
    TestBank.objects.filter(slug="git-in-practice").update(title="Renamed")
    before = written()
    call_command("load_demo")
    assert written() == before
    assert TestBank.objects.get(slug="git-in-practice").title == "Renamed"


@pytest.mark.parametrize("email", [LEARNER, NEWCOMER, SELLER])
def test_demo_users_can_sign_in(client, demo, email):
    response = client.post("/accounts/login/", {"login": email, "password": PASSWORD})
    assert (response.status_code, response.headers.get("Location")) == (302, "/my-banks/")


def test_reviewers_cannot_sign_in(demo):
    for email in REVIEWERS:
        assert not User.objects.get(email=email).has_usable_password()


def test_orders_have_every_status(demo):
    states = Counter(Order.objects.values_list("status", flat=True))
    assert states == {
        "paid": len(PURCHASES) - 5,
        "expired": 2,
        "failed": 1,
        "refunded": 1,
        "partially_refunded": 1,
    }
    assert Refund.objects.count() == 2


def test_paid_orders_are_granted_and_none_needs_review(demo):
    paid = Order.objects.filter(paid_at__isnull=False)
    assert not Order.objects.paid_but_not_granted().exists()
    assert not Order.objects.exclude(held="").exists()
    assert not Order.objects.exclude(duplicate_of=None).exists()
    assert Access.objects.filter(source_kind="order").count() == paid.count()
    assert not Order.objects.filter(status__in=["pending", "open"]).exists()


def test_history_is_in_past_and_no_mail_is_due(demo):
    for model, name in ((Order, "created_at"), (Answer, "answered_at"), (Review, "replied_at")):
        assert not model.objects.filter(**{f"{name}__gt": demo}).exists()
    assert OutgoingMail.objects.exists()
    assert not OutgoingMail.objects.due(demo).exists()


def test_every_reviewer_bought_the_bank(demo):
    for review in Review.objects.all():
        bought = Order.objects.filter(user=review.learner, lines__test_bank=review.test_bank)
        assert bought.filter(paid_at__lt=review.written_at).exists()
    assert Counter(Review.objects.values_list("stars", flat=True)) == {5: 6, 4: 5, 3: 1, 2: 1}
    assert Review.objects.exclude(reply="").count() == 3


def test_learner_scores_improve(demo):
    for slug in ("statistics", "sql-foundations"):
        attempts = Attempt.objects.filter(
            learner=lena(), test_bank__slug=slug, finished_at__isnull=False, selection="all"
        ).order_by("finished_at")
        percents = [result_of(answer_sheet(attempt)).whole.percent for attempt in attempts]
        assert len(percents) == 3
        assert percents == sorted(percents)
        assert percents[0] < 60
        assert percents[-1] > 70


def test_learner_has_open_attempt_and_expiring_access(demo):
    shown = {one.test_bank.slug: one for one in progress_of(lena(), at=demo)}
    assert (shown["sql-foundations"].answered, shown["sql-foundations"].total) == (14, 39)
    ends = Access.objects.get(learner=lena(), test_bank__slug="statistics").expires_at
    assert timedelta(days=4) < ends - demo < timedelta(days=7)


def test_refunded_access_is_revoked(demo):
    access = Access.objects.get(learner=lena(), test_bank__slug="networking-for-developers")
    assert not access.is_live(demo)


def test_attempts_match_rounds(demo):
    finished = Attempt.objects.filter(finished_at__isnull=False).count()
    assert (Attempt.objects.count(), finished) == (
        len(ROUNDS),
        sum(not one.answers for one in ROUNDS),
    )


def test_missing_bank_is_skipped(demo):
    User.objects.filter(email__in=REVIEWERS).delete()
    Order.objects.filter(user=None).delete()
    TestBank.objects.filter(slug="statistics").update(slug="elsewhere")
    made = load_demo_activity(at=timezone.now())
    assert made == sum(one.bank != "statistics" for one in PURCHASES if one.who in REVIEWERS)


def test_newcomer_has_no_history(demo):
    newcomer = User.objects.get(email=NEWCOMER)
    assert not Order.objects.filter(user=newcomer).exists()
    assert not Access.objects.of(newcomer).exists()
