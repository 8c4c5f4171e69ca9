"""Practice history after a refund and a new purchase."""

# ruff: noqa: F811 - fixtures of other apps are imported
import pytest
from django.utils import timezone

from payments.domain.order_placement import get_or_place_order
from payments.models import Order
from payments.tests.conftest import RETURN_URLS, order  # noqa: F401 - a fixture
from payments.tests.stripe_events import deliver, paid_event, refund_event
from practice.models import Answer, Attempt

pytestmark = pytest.mark.django_db


def test_practice_history_survives_refund_and_new_purchase(client, order, learner, test_bank):
    deliver(client, paid_event(order))
    client.force_login(learner)
    client.post(f"/practice/start/{test_bank.slug}/")
    attempt = Attempt.objects.get()
    client.post(f"/practice/{attempt.pk}/1/", {"choice": "b"})
    assert Answer.objects.count() == 1
    following = f"/practice/{attempt.pk}/2/"
    assert client.get(following).status_code == 200

    deliver(client, refund_event(order))
    client.post(following, {"choice": "b"})
    assert (Attempt.objects.count(), Answer.objects.count()) == (1, 1)

    again = get_or_place_order(
        learner=learner,
        test_bank=test_bank,
        mode="sandbox",
        account="",
        return_urls=RETURN_URLS,
        at=timezone.now(),
    )
    deliver(client, paid_event(again, event_id="evt_again"))
    assert set(Order.objects.values_list("status", flat=True)) == {"refunded", "paid"}
    client.post(following, {"choice": "b"})
    assert list(Answer.objects.order_by("position").values_list("attempt", "position")) == [
        (attempt.pk, 1),
        (attempt.pk, 2),
    ]
