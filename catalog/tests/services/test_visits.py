"""Visits are counted in memory, and added to the day's counts of each bank."""

from datetime import timedelta
from threading import Thread

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from catalog.models import DailyVisits
from catalog.services.visits import Visit, count_visit, store_visits

pytestmark = pytest.mark.django_db

# Banks, savepoint (two), empty rows, rows, sums.
STORING = 6


def counts():
    rows = DailyVisits.objects.order_by("day", "test_bank__slug")
    return [(row.test_bank.slug, row.page_views, row.sample_answers) for row in rows]


def count(slug, times, at, visit=Visit.PAGE_VIEW):
    for _time in range(times):
        count_visit(slug=slug, visit=visit, at=at)


def test_visits_are_added_to_those_of_the_day(test_bank, at):
    count("git", 2, at)
    count("git", 1, at, Visit.SAMPLE_ANSWER)
    assert store_visits() == 3
    count("git", 3, at)
    assert (store_visits(), store_visits()) == (3, 0)
    assert counts() == [("git", 5, 1)]


def test_day_is_that_of_the_site(test_bank, at):
    with timezone.override("Europe/Berlin"):
        count("git", 1, at.replace(hour=23, minute=30))
    count("git", 1, at + timedelta(hours=1))
    store_visits()
    assert [str(row.day) for row in DailyVisits.objects.order_by("day")] == [
        "2026-11-02",
        "2026-11-03",
    ]


def test_bank_that_was_renamed_meanwhile_is_left_out(test_bank, at):
    count("former", 1, at)
    count("git", 1, at)
    store_visits()
    assert counts() == [("git", 1, 0)]


@pytest.mark.parametrize("number", [1, 3])
def test_storing_costs_the_same_for_any_number_of_banks(
    make_bank, at, django_assert_num_queries, number
):
    for index in range(number):
        count(make_bank(f"bank-{index}").slug, 1, at)
    with django_assert_num_queries(STORING):
        store_visits()
    assert len(counts()) == number


def test_counts_wait_while_the_database_fails(test_bank, at):
    count("git", 2, at)

    def fail(*_arguments):
        raise DatabaseError

    with connection.execute_wrapper(fail), pytest.raises(DatabaseError):
        store_visits()
    store_visits()
    assert counts() == [("git", 2, 0)]


@pytest.mark.django_db(transaction=True)
def test_two_processes_store_at_once(test_bank, at):
    """Each thread stores its own visits, as processes do."""

    def visit():
        count("git", 1, at)
        store_visits()
        connection.close()

    threads = [Thread(target=visit) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts() == [("git", 4, 0)]
