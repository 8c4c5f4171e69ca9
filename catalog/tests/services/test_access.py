"""Access: once a cause, for the time that was bought, also for two calls at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection

from catalog.models import Access
from catalog.services import (
    NotFree,
    claim_free_bank,
    expiry,
    grant_access,
    live_access,
    revoke_access,
    withhold_access,
)
from catalog.services.access import LATEST_END


@pytest.fixture
def free_bank(make_bank):
    return make_bank("free", price_minor=0)


@pytest.fixture
def grant(learner, test_bank, at):
    """Grants access for an order; fields may be changed."""

    def grant(**changes):
        values = {
            "learner": learner,
            "test_bank": test_bank,
            "source_kind": Access.Source.ORDER,
            "source_id": "1",
            "starts_at": at,
            "access_days": 30,
        }
        return grant_access(**{**values, **changes})

    return grant


def at_once(call):
    """What two calls return that begin at the same moment, each on a connection of its own."""
    barrier = Barrier(2)

    def run(_number):
        try:
            barrier.wait(timeout=10)
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(run, range(2)))


def test_expiry_counts_days_from_the_grant(at):
    assert expiry(at=at, access_days=30) == at + timedelta(days=30)
    assert expiry(at=at, access_days=None) is None


@pytest.mark.parametrize("days", [10**7, 2**31 - 1])
def test_any_number_of_days_has_an_end(at, days):
    assert expiry(at=at, access_days=days) == LATEST_END - timedelta(hours=12)


def test_grant_access_is_idempotent(grant, at):
    first = grant()
    again = grant(starts_at=at + timedelta(days=5), access_days=None)
    assert again == first
    assert (again.starts_at, again.expires_at) == (at, at + timedelta(days=30))
    assert Access.objects.count() == 1


@pytest.mark.parametrize(
    "changes", [{"source_id": "2"}, {"source_kind": Access.Source.GRANT, "reason": "a gift"}]
)
def test_grant_access_for_another_cause_is_another_access(grant, changes):
    grant()
    grant(**changes)
    assert Access.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_grant_access_twice_at_once_makes_one(grant):
    first, second = at_once(grant)
    assert first == second
    assert Access.objects.count() == 1


@pytest.mark.parametrize(
    ("ends", "found"),
    [
        ([None, 1], 0),
        ([1, None], 1),
        ([1, 30], 1),
        ([30, 1], 0),
        ([-1, 1], 1),
        ([-1], None),
        ([0], None),
        ([], None),
    ],
)
def test_live_access_is_the_one_that_lasts_longest(grant, learner, test_bank, at, ends, found):
    later = at + timedelta(days=100)
    accesses = [
        grant(source_id=str(number), access_days=None if days is None else 100 + days)
        for number, days in enumerate(ends)
    ]
    access = live_access(learner=learner, test_bank=test_bank, at=later)
    assert access == (None if found is None else accesses[found])


def test_live_access_is_never_a_revoked_or_a_foreign_one(
    grant, learner, other_learner, at, test_bank
):
    access = grant()
    assert live_access(learner=other_learner, test_bank=test_bank, at=at) is None
    Access.objects.filter(pk=access.pk).update(revoked_at=at)
    assert live_access(learner=learner, test_bank=test_bank, at=at) is None


def test_claim_free_bank_gives_access_for_its_length(learner, make_bank, at):
    bank = make_bank("free", price_minor=0, access_days=7)
    access = claim_free_bank(learner=learner, test_bank=bank, at=at)
    assert (access.source_kind, access.expires_at) == ("free", at + timedelta(days=7))


def test_claim_free_bank_is_idempotent(learner, free_bank, at):
    first = claim_free_bank(learner=learner, test_bank=free_bank, at=at)
    assert claim_free_bank(learner=learner, test_bank=free_bank, at=at) == first
    assert Access.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_claim_free_bank_twice_at_once_gives_one_access(learner, free_bank, at):
    first, second = at_once(lambda: claim_free_bank(learner=learner, test_bank=free_bank, at=at))
    assert first == second
    assert Access.objects.count() == 1


def test_claim_free_bank_again_after_it_has_ended(learner, make_bank, at):
    bank = make_bank("free", price_minor=0, access_days=7)
    claim_free_bank(learner=learner, test_bank=bank, at=at)
    again = claim_free_bank(learner=learner, test_bank=bank, at=at + timedelta(days=7))
    assert again.expires_at == at + timedelta(days=14)
    assert Access.objects.count() == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"price_minor": 1},
        {"price_minor": 0, "status": "draft"},
        {"price_minor": 0, "status": "withdrawn"},
    ],
)
def test_claim_free_bank_refuses_what_is_not_free_or_not_on_sale(learner, make_bank, at, fields):
    bank = make_bank("other", **fields)
    with pytest.raises(NotFree) as raised:
        claim_free_bank(learner=learner, test_bank=bank, at=at)
    assert raised.value.test_bank == bank
    assert not Access.objects.exists()


@pytest.mark.parametrize(
    ("fields", "live_on"),
    [
        ({}, [-2, 0, 1, 2]),
        ({"expires_at": 1}, [-2, 0]),
        ({"revoked_at": 0}, []),
        ({"expires_at": 1, "revoked_at": 0}, []),
        ({"withheld_from": 1}, [-2, 0]),
        ({"withheld_from": 1, "expires_at": 2}, [-2, 0]),
        ({"withheld_from": 2, "expires_at": 1}, [-2, 0]),
    ],
)
def test_live_means_neither_revoked_nor_withheld_nor_expired(owner, at, fields, live_on):
    moments = {name: at + timedelta(days=days) for name, days in fields.items()}
    owner.accesses.update(starts_at=at - timedelta(days=9), **moments)
    days = {day: at + timedelta(days=day) for day in (-2, 0, 1, 2)}
    access = Access.objects.get()
    assert [day for day, moment in days.items() if access.is_live(moment)] == live_on
    assert [day for day, moment in days.items() if Access.objects.live(moment)] == live_on


def test_withheld_access_is_closed_from_that_moment_and_opens_again(owner, test_bank, at):
    access = Access.objects.get()
    cause = {"source_kind": "grant", "source_id": "fixture", "test_bank_id": test_bank.pk}
    tomorrow = at + timedelta(days=1)
    assert withhold_access(**cause, since=tomorrow)
    assert not withhold_access(**cause, since=tomorrow)
    access.refresh_from_db()
    assert (access.is_live(at), access.is_live(tomorrow)) == (True, False)
    assert live_access(learner=owner, test_bank=test_bank, at=at) == access
    assert live_access(learner=owner, test_bank=test_bank, at=tomorrow) is None
    assert withhold_access(**cause, since=None)
    assert live_access(learner=owner, test_bank=test_bank, at=tomorrow) == access


def test_taking_back_what_withholds_does_not_open_what_a_person_closed(owner, test_bank, at):
    access = Access.objects.get()
    cause = {"source_kind": "grant", "source_id": "fixture", "test_bank_id": test_bank.pk}
    withhold_access(**cause, since=at)
    revoke_access(access=access, reason="asked for it", at=at)
    withhold_access(**cause, since=None)
    access.refresh_from_db()
    assert not access.is_live(at)
