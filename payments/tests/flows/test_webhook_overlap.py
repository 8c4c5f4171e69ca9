"""Events delivered again while the first delivery is still at work."""

import re
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median

import pytest
from django.db import connection
from django.db.models import Count
from django.test import Client

from accounts.models import User
from catalog.models import Access
from outbox.models import OutgoingMail
from payments.domain.order_placement import get_or_place_order
from payments.models import Order, OrderEvent, StripeEvent
from payments.tests.conftest import RETURN_URLS
from payments.tests.stripe_events import deliver, event_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

EVENTS = 300
WARMING = 20
# When the second delivery begins, as a part of the time that the first takes.
EARLIEST, LATEST = 0.5, 1.15
FEWEST_OVERLAPS = EVENTS // 5


@dataclass(frozen=True)
class Delivered:
    """One delivery: what was answered, and when it was on its way."""

    status: int
    began_at: float
    ended_at: float

    @property
    def seconds(self):
        return self.ended_at - self.began_at


@pytest.fixture(autouse=True)
def worker(settings):
    settings.WORKER = True


@pytest.fixture
def make_order(test_bank, at):
    def make(number):
        return get_or_place_order(
            learner=User.objects.create(email=f"payer-{number}@example.org"),
            test_bank=test_bank,
            mode="sandbox",
            account="",
            return_urls=RETURN_URLS,
            at=at,
        )

    return make


def delivered(event, *, after_seconds=0.0):
    time.sleep(after_seconds)
    began_at = time.monotonic()
    try:
        status = deliver(Client(), event).status_code
    finally:
        connection.close()
    return Delivered(status, began_at, time.monotonic())


def usual_seconds(orders):
    """What deliveries take that nothing meets."""
    return [delivered(event_of(order, event_id=f"evt_{order.pk.hex}")).seconds for order in orders]


@pytest.mark.proof
@pytest.mark.timeout(300)
def test_300_events_delivered_again_during_handling_are_handled_once_each(make_order, caplog):
    takes_seconds = deque(usual_seconds([make_order(number) for number in range(WARMING)]), 9)
    orders = [make_order(number) for number in range(WARMING, WARMING + EVENTS)]
    events = [event_of(order, event_id=f"evt_{order.pk.hex}") for order in orders]
    caplog.clear()
    overlaps, statuses = 0, set()
    with caplog.at_level("INFO", "payments.webhooks"), ThreadPoolExecutor(2) as pool:
        for place, event in enumerate(events):
            part = EARLIEST + (LATEST - EARLIEST) * place / (EVENTS - 1)
            first = pool.submit(delivered, event)
            pause = part * median(takes_seconds)
            second = pool.submit(delivered, event, after_seconds=pause).result()
            overlaps += second.began_at < first.result().ended_at
            statuses |= {first.result().status, second.status}
            takes_seconds.append(first.result().seconds)
    assert statuses == {200}
    handled = re.findall(r"event=(\S+) order=", caplog.text)
    assert sorted(handled) == sorted(event["id"] for event in events)
    assert overlaps >= FEWEST_OVERLAPS
    assert_paid_once_each(orders)


def assert_paid_once_each(orders):
    """One event kept, one move of the order, one access and one mail for each."""
    numbers = [str(order.pk) for order in orders]
    paid = OrderEvent.objects.filter(kind="paid", order__in=orders).values("order")
    kept = StripeEvent.objects.filter(event_id__in=[f"evt_{order.pk.hex}" for order in orders])
    mails = OutgoingMail.objects.filter(recipient__in=[order.email for order in orders])
    found = {
        "orders": Order.objects.filter(pk__in=numbers, granted_at__isnull=False).count(),
        "moves": list(paid.annotate(times=Count("pk")).values_list("times", flat=True)),
        "accesses": Access.objects.filter(source_id__in=numbers).count(),
        "events": kept.filter(status="done").count(),
        "mails": mails.filter(template="payments/email/access_ready").count(),
    }
    once_each = dict.fromkeys(found, EVENTS) | {"moves": [1] * EVENTS}
    assert found == once_each
