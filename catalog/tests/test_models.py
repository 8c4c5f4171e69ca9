"""The database refuses what may not be, by the name of the rule."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from catalog.models import Access, BankQuestion, Category, TestBank
from conftest import NOON

pytestmark = pytest.mark.django_db


def refused(rule):
    """SQLite names the columns of a broken unique rule, PostgreSQL its name."""
    name, columns = rule
    return name if connection.vendor == "postgresql" or not columns else columns


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"status": "lost"}, "catalog_test_bank_status_known"),
        ({"price_minor": -1}, "price_minor|price_not_negative"),
        ({"currency": "usd"}, "catalog_test_bank_currency_code"),
        ({"currency": "US"}, "catalog_test_bank_currency_code"),
        ({"access_days": 0}, "catalog_test_bank_access_days_positive"),
    ],
)
def test_bank_that_breaks_a_rule_is_refused(make_bank, fields, rule):
    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        make_bank(**fields)
    assert not TestBank.objects.exists()


def test_hues_of_a_category_are_degrees(db):
    with pytest.raises(IntegrityError, match="catalog_category_hue_range"), transaction.atomic():
        Category.objects.create(slug="art", title="Art", hue_a=360)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"source_kind": "theft"}, ("catalog_access_source_known", "")),
        ({"source_kind": "grant", "reason": ""}, ("catalog_access_grant_has_reason", "")),
        ({"expires_at": NOON}, ("catalog_access_expires_after_start", "")),
        ({"source_id": "1"}, ("catalog_access_once_a_cause", "catalog_access.source_id")),
    ],
)
def test_access_that_breaks_a_rule_is_refused(learner, test_bank, at, changes, rule):
    values = {"learner": learner, "test_bank": test_bank, "source_kind": "order", "starts_at": at}
    Access.objects.create(**values, source_id="1")
    with pytest.raises(IntegrityError, match=refused(rule)), transaction.atomic():
        Access.objects.create(**{**values, "source_id": "2", **changes})


def test_question_stands_in_a_bank_once(test_bank):
    question = test_bank.bank_questions.get(position=1).question
    with pytest.raises(IntegrityError), transaction.atomic():
        BankQuestion.objects.create(test_bank=test_bank, question=question, position=9)


def test_question_stands_alone_in_its_place(test_bank, make_bank):
    question = make_bank("other").bank_questions.get(position=1).question
    with pytest.raises(IntegrityError), transaction.atomic():
        BankQuestion.objects.create(test_bank=test_bank, question=question, position=1)


@pytest.mark.parametrize(
    ("revoked", "days", "is_live"),
    [
        (False, None, True),
        (False, 1, True),
        (False, 0, False),
        (True, None, False),
        (True, 1, False),
    ],
)
def test_access_is_live_until_it_ends_or_is_revoked(at, revoked, days, is_live):
    access = Access(
        revoked_at=at if revoked else None,
        expires_at=None if days is None else at + timedelta(days=days),
    )
    assert access.is_live(at) is is_live


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({}, "Live"),
        ({"expires_at": NOON}, "Expired"),
        ({"revoked_at": NOON, "expires_at": NOON}, "Ended"),
        ({"withheld_from": NOON, "withheld_reason": "refund"}, "Ended"),
        ({"withheld_from": NOON, "withheld_reason": "dispute"}, "Suspended"),
        ({"withheld_from": NOON, "withheld_reason": "lost"}, "Ended"),
        ({"withheld_from": NOON + timedelta(days=1), "withheld_reason": "refund"}, "Live"),
    ],
)
def test_state_of_access(fields, state):
    assert Access(**fields).state(NOON).label == state


@pytest.mark.parametrize(
    ("stars", "reviews", "bubbles"),
    [
        (9, 2, "ffffh"),
        (47, 10, "ffffh"),
        (48, 10, "fffff"),
        (10, 2, "fffff"),
        (7, 2, "fffhe"),
        (12, 10, "feeee"),
        (0, 0, "eeeee"),
    ],
)
def test_mean_of_the_reviews_is_drawn_to_the_nearest_half(stars, reviews, bubbles):
    bank = TestBank(review_sum=stars, review_count=reviews)
    assert "".join(bubble[0] for bubble in bank.star_bubbles) == bubbles
