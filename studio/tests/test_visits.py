"""Counts of page views, sample answers and purchases, on the sales page and as CSV."""

import csv
from datetime import date, datetime, timedelta
from io import StringIO

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from catalog.models import DailyVisits
from catalog.services import claim_free_bank
from catalog.services.visits import Visit, count_visit
from studio.tests.conftest import sign_in
from studio.tests.test_sales import SALES, sell  # noqa: F401 - a fixture
from studio.visits import visit_report, visits_by_day

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    return timezone.now()


def visited(bank, day, views, answers=0):
    DailyVisits.objects.create(test_bank=bank, day=day, page_views=views, sample_answers=answers)


def test_visits_and_purchases_of_each_bank(desk, make_bank, sell, learner, now):  # noqa: F811
    paid, free = make_bank("paid"), make_bank("free", price_minor=0)
    today = timezone.localdate(now)
    visited(paid, today - timedelta(days=1), 30, 4)
    visited(paid, today, 10)
    visited(free, today, 20, 2)
    visited(free, today - timedelta(days=40), 9)
    sell(paid, at=now)
    sell(paid, at=now, mode="live")
    claim_free_bank(learner=learner, test_bank=free, at=now)
    report = desk.get(reverse("studio:sales")).context["visits"]
    assert [
        (bank.title, bank.total.page_views, bank.total.sample_answers, bank.total.purchases)
        for bank in report.banks
    ] == [("Bank paid", 40, 4, 1), ("Bank free", 20, 2, 1)]
    assert [bank.width for bank in report.banks] == [100, 50]
    assert (report.total.page_views, report.total.purchases) == (60, 2)
    assert [height for _day, _counts, height in report.bars][-2:] == [100, 100]


def test_months_are_added_up(test_bank):
    for day in (date(2026, 1, 31), date(2026, 2, 1), date(2026, 2, 28)):
        visited(test_bank, day, 5)
    zone = timezone.get_current_timezone()
    since = datetime(2026, 1, 1, tzinfo=zone)
    period = {"since": since, "until": since + timedelta(days=59)}
    report = visit_report(visits_by_day([], **period), by_month=True, **period)
    assert [(str(day), counts.page_views) for day, counts, _height in report.bars] == [
        ("2026-01-01", 5),
        ("2026-02-01", 10),
    ]


def test_page_has_the_latest_visits(desk, test_bank, now):
    count_visit(slug="git", visit=Visit.SAMPLE_ANSWER, at=now)
    [bank] = desk.get(reverse("studio:sales")).context["visits"].banks
    assert (bank.total.page_views, bank.total.sample_answers) == (0, 1)


@pytest.mark.parametrize("number", [1, 3])
def test_page_costs_the_same_for_any_number_of_banks(
    desk, make_bank, now, django_assert_num_queries, number
):
    for index in range(number):
        visited(make_bank(f"bank-{index}"), timezone.localdate(now), 1)
    with django_assert_num_queries(SALES - 1):  # no order, so no lines
        response = desk.get(reverse("studio:sales"))
    assert len(response.context["visits"].banks) == number


def test_file_has_a_row_for_each_day_and_bank(desk, make_bank, sell, now):  # noqa: F811
    bank, today = make_bank("evil", title="=1+1"), timezone.localdate(now)
    visited(bank, today, 7, 3)
    sell(bank, at=now)
    response = desk.get(reverse("studio:visits_file"), {"days": "7"})
    assert response["Content-Disposition"].startswith('attachment; filename="visits-')
    assert list(csv.reader(StringIO(response.text.lstrip("\ufeff"))))[1:] == [
        [str(today), "'=1+1", "7", "3", "1"]
    ]


def test_visits_are_for_sellers(client, learner, author):
    address = reverse("studio:visits_file")
    assert client.get(address).status_code == 302
    client.force_login(learner)
    assert client.get(address).status_code == 404
    assert sign_in(author).get(address).status_code == 403


@pytest.mark.sqlite
def test_sales_are_shown_by_a_database_that_takes_no_rows(desk, test_bank, now):
    count_visit(slug=test_bank.slug, visit=Visit.PAGE_VIEW, at=now)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only = ON")
        try:
            response = desk.get(reverse("studio:sales"))
        finally:
            cursor.execute("PRAGMA query_only = OFF")
    assert (response.status_code, response.context["visits"].total.page_views) == (200, 0)
    assert desk.get(reverse("studio:sales")).context["visits"].total.page_views == 1
