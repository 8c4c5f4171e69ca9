"""Sales: sums by bank and day, in their currency, and a CSV that adds up and runs nothing."""

import csv
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from payments.models import Order, OrderLine, Refund
from studio.sales import paid_orders, report, sales_csv, split
from studio.tests.conftest import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.pages]

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
PERIOD = {"since": NOON - timedelta(days=30), "until": NOON + timedelta(days=30)}
# Session, user, second factor, permissions (two), orders, lines, visits, free accesses.
SALES = 9


@pytest.fixture
def sell(test_bank, learner):
    """Stores a paid order."""

    def sell(*banks, number=1, at=NOON, mode=settings.STRIPE_MODE, **fields):
        banks = banks or (test_bank,)
        amount = sum(bank.price_minor for bank in banks)
        order = Order.objects.create(
            **{
                "user": learner,
                "email": learner.email,
                "mode": mode,
                "status": "paid",
                "amount_minor": amount,
                "currency": "USD",
                "idempotency_key": f"key-{Order.objects.count()}",
                "request": "{}",
                "created_at": at,
                "paid_at": at,
                "paid_minor": amount,
                "paid_currency": "USD",
                **fields,
            }
        )
        OrderLine.objects.bulk_create(
            OrderLine(order=order, test_bank=bank, title=bank.title, amount_minor=bank.price_minor)
            for bank in banks
        )
        return order

    return sell


def orders(mode=settings.STRIPE_MODE):
    return list(paid_orders(mode=mode, **PERIOD))


def totals(**kwargs):
    found = report(orders(**kwargs), by_month=False, **PERIOD)
    return [
        (s.total.currency, s.total.orders, s.total.gross, s.total.refunded, s.total.disputed)
        for s in found.series
    ]


def test_refunds_and_disputes_are_counted_apart(sell):
    sell()
    sell(status="refunded", refunded_minor=1900)
    sell(status="partially_refunded", refunded_minor=900)
    sell(status="disputed")
    assert totals() == [("USD", 4, 7600, 2800, 1900)]


def test_currencies_and_modes_are_never_mixed(sell):
    sell()
    sell(paid_currency="EUR", currency="EUR")
    sell(mode="live")
    assert totals() == [("EUR", 1, 1900, 0, 0), ("USD", 1, 1900, 0, 0)]
    assert totals(mode="live") == [("USD", 1, 1900, 0, 0)]


def test_unpaid_orders_are_no_sales(sell):
    sell(status="failed", paid_at=None, paid_minor=None)
    assert totals() == []


def test_days_are_those_of_the_site(sell):
    late = datetime(2026, 11, 2, 23, 30, tzinfo=UTC)
    sell(at=late)
    with timezone.override("Europe/Berlin"):
        [series] = report(orders(), by_month=False, **PERIOD).series
    assert [str(day) for day, total, _height in series.bars if total.orders] == ["2026-11-03"]


def test_every_day_of_the_period_is_in_the_chart(sell):
    sell()
    period = {"since": NOON.replace(hour=0) - timedelta(days=29), "until": NOON}
    [series] = report(orders(), by_month=False, **period).series
    assert [height for _day, _sum, height in series.bars] == [*[0] * 29, 100]
    assert (str(series.bars[0][0]), series.label_every) == ("2026-10-04", 5)


def test_every_month_of_the_period_is_in_the_chart(sell):
    sell()
    period = {"since": NOON - timedelta(days=364), "until": NOON}
    [series] = report(orders(), by_month=True, **period).series
    assert [str(day)[:7] for day, _sum, _height in series.bars][::12] == ["2025-11", "2026-11"]


def test_order_of_two_banks_is_split(sell, test_bank, make_bank):
    other = make_bank("other", price_minor=1000)
    sell(test_bank, other, paid_minor=2000)
    found = report(orders(), by_month=True, **PERIOD)
    assert [(bank, total.gross) for bank, total in found.banks] == [
        ("Bank git", 1311),
        ("Bank other", 689),
    ]


@given(st.integers(0, 10**8), st.lists(st.integers(0, 10**6), min_size=1, max_size=9))
def test_parts_add_up(amount, weights):
    assert sum(split(amount, weights)) == amount


def rows():
    return list(csv.DictReader(StringIO(sales_csv(orders()).lstrip("\ufeff"))))


def test_csv_adds_up_to_the_orders(sell):
    order = sell(status="partially_refunded", refunded_minor=900)
    sell()
    Refund.objects.create(
        order=order,
        amount_minor=500,
        currency="USD",
        status="succeeded",
        created_at=NOON,
        stripe_id="re_1",
    )
    amounts = [Decimal(row["amount"]) for row in rows()]
    left = sum(each.paid_minor - each.refunded_minor for each in orders())
    assert sum(amounts) == Decimal(left) / 100
    assert sorted(amounts) == [Decimal("-5"), Decimal("-4"), Decimal("19"), Decimal("19")]


@pytest.mark.parametrize(
    "title", ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1+1"]
)
def test_csv_runs_no_formula(sell, make_bank, title):
    sell(make_bank("evil", title=title))
    assert rows()[0]["test banks"] == f"'{title}"


@pytest.mark.parametrize("count", [1, 3])
def test_page_costs_the_same_for_any_number_of_orders(desk, sell, django_assert_num_queries, count):
    for _number in range(count):
        sell(at=timezone.now() - timedelta(hours=1))
    with django_assert_num_queries(SALES):
        response = desk.get(reverse("studio:sales"))
    assert len(response.context["orders"]) == count


def test_two_days_are_a_period(desk, sell):
    sell()
    query = {"days": "", "first": "2026-11-02", "last": "2026-11-02"}
    assert len(desk.get(reverse("studio:sales"), query).context["orders"]) == 1
    query |= {"first": "2026-11-03", "last": "2026-11-03"}
    assert desk.get(reverse("studio:sales"), query).context["orders"] == []


@pytest.mark.parametrize(
    ("first", "last", "field", "problem"),
    [
        ("2026-11-02", "", "last", "Enter both dates."),
        ("", "2026-11-02", "first", "Enter both dates."),
        ("2026-11-02", "2026-11-01", "last", "The end date is before the start date."),
        ("2026-11-02", "9999-12-31", "last", "This date is in the future."),
        ("0001-01-01", "2026-11-02", "first", "Choose a range of at most ten years."),
        ("2026-13-45", "2026-11-02", "first", "Enter a valid date."),
    ],
)
def test_two_days_that_are_no_period_are_named(desk, first, last, field, problem):
    query = {"days": "", "first": first, "last": last}
    assert problem in desk.get(reverse("studio:sales"), query).context["form"].errors[field]
    assert desk.get(reverse("studio:sales_file"), query).status_code == 200


def test_file_is_a_download(desk, sell):
    sell(at=timezone.now() - timedelta(hours=1))
    response = desk.get(reverse("studio:sales_file"), {"days": "30"})
    assert response["Content-Disposition"].startswith('attachment; filename="sales-')
    assert response.text.count("\n") == 2


def test_only_live_and_test_orders_link_to_stripe(desk, sell, settings):
    settings.STRIPE_MODE = "test"
    sell(at=timezone.now() - timedelta(hours=1), mode="test", payment_intent_id="pi_1")
    [row] = desk.get(reverse("studio:sales")).context["orders"]
    assert row.stripe_url == "https://dashboard.stripe.com/test/payments/pi_1"


@pytest.mark.parametrize("name", ["sales", "sales_file"])
def test_sales_are_for_sellers(client, learner, author, name):
    address = reverse(f"studio:{name}")
    assert client.get(address).status_code == 302
    client.force_login(learner)
    assert client.get(address).status_code == 404
    assert sign_in(author).get(address).status_code == 403
