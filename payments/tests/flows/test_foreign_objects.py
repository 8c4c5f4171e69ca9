"""Objects of other programs on the account, and of ours that cannot be read or found.

Stripe is a server of the test's own here, because the sandbox makes only what this site asks for.
"""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.urls import reverse
from django.utils import timezone

from outbound.tests.servers import far_side, http_answer
from payments.domain.fulfillment import fulfill
from payments.flows.reconciliation import last_finished_at, reconcile
from payments.models import Dispute, Incident, Order, Refund
from payments.stripe.errors import APIError, StripeError
from payments.stripe_integration import create_checkout_session
from payments.tests.stripe_events import event_of

pytestmark = pytest.mark.django_db

SETUP = {
    "object": "checkout.session",
    "id": "cs_test_setup",
    "mode": "setup",
    "status": "complete",
    "payment_status": "no_payment_required",
    "amount_total": None,
    "amount_subtotal": None,
    "currency": None,
    "livemode": False,
    "metadata": {"customer": "17"},
    "success_url": "https://other.example/done",
    "expires_at": 1_800_000_000,
}
OTHER_SHOP = {
    **SETUP,
    "id": "cs_test_shop",
    "mode": "payment",
    "payment_status": "paid",
    "amount_total": 500,
    "currency": "eur",
    "metadata": {"order_id": "0b8f7f3c-1111-4222-8333-944444444444"},
    "success_url": "https://other.example/thanks/0b8f7f3c-1111-4222-8333-944444444444",
}


def session_of(order, **changes):
    back = f"http://shop.example/payments/success/{order.pk}/"
    paid = event_of(order)["data"]["object"]
    return {**paid, "success_url": back, "url": "https://checkout.example/1", **changes}


@pytest.fixture
def stripe(settings, forget_stripe_client):
    """Stripe's answers by path; a path without one answers 404. What is listed is a page."""
    answers: dict[str, Any] = {
        f"/v1/{kind}": [] for kind in ("checkout/sessions", "refunds", "disputes", "events")
    }

    def answer(connection):
        path = urlsplit(side.requests[-1].split()[1].decode()).path
        found = answers.get(path)
        if isinstance(found, list):
            found = {"object": "list", "data": found, "has_more": False}
        error = {"error": {"type": "invalid_request_error", "code": "resource_missing"}}
        status = "200 OK" if found else "404 Not Found"
        connection.sendall(http_answer(json.dumps(found or error).encode(), status))

    with far_side(None, answer) as side:
        settings.STRIPE_API_BASE = f"http://127.0.0.1:{side.port}"
        yield answers


def run(at=None):
    at = at or timezone.now()
    return reconcile(mode="sandbox", since=at - timedelta(days=3), at=at)


@pytest.fixture
def lost(order):
    """An order whose answer was lost more than a day ago, so its session is looked for."""
    Order.objects.update(asked_at=timezone.now() - timedelta(hours=24))
    return order


@pytest.mark.parametrize("foreign", [SETUP, OTHER_SHOP, {**SETUP, "metadata": None}])
def test_foreign_session_does_not_disturb_the_retry_of_a_lost_order(
    stripe, lost, test_bank, learner, foreign
):
    ours = session_of(lost, status="open", payment_status="unpaid")
    stripe["/v1/checkout/sessions"] = [foreign, ours]
    assert create_checkout_session(test_bank, learner).id == ours["id"]


def test_unreadable_session_of_an_order_is_an_incident(client, stripe, lost, test_bank, learner):
    stripe["/v1/checkout/sessions"] = [session_of(lost, amount_total=None)]
    client.force_login(learner)
    response = client.post(reverse("payments:checkout", args=[test_bank.slug]))
    incident = Incident.objects.get()
    assert (response.status_code, incident.code in response.text) == (503, True)
    assert (Order.objects.get().status, incident.order) == ("pending", lost)


def test_response_that_is_not_a_session_is_an_api_error(stripe, test_bank, learner):
    stripe["/v1/checkout/sessions"] = {"object": "checkout.session", "id": "cs_test_1"}
    with pytest.raises(APIError, match="could not be read"):
        create_checkout_session(test_bank, learner)


@pytest.mark.parametrize("foreign", [SETUP, OTHER_SHOP])
def test_foreign_session_is_counted_apart_by_reconciliation(stripe, order, foreign):
    stripe["/v1/checkout/sessions"] = [foreign, session_of(order)]
    result = run()
    assert (result.foreign, result.for_a_person, result.moves) == (1, [], {"paid": 1})


def test_unreadable_session_of_an_order_is_reported_and_the_run_continues(stripe, order):
    stripe["/v1/checkout/sessions"] = [session_of(order, amount_total="much")]
    at = timezone.now()
    assert [words.startswith("cs_test_") for words in run(at).for_a_person] == [True]
    assert last_finished_at(mode="sandbox", account="") == at


@pytest.fixture
def paid(order, facts, at):
    return fulfill(facts(order), source="webhook", at=at)


@pytest.fixture
def unknown_to_the_account(paid, at):
    """A dispute and a refund that the key's account does not know: they answer 404."""
    amount = {"order": paid, "amount_minor": 1900, "currency": "USD", "created_at": at}
    Dispute.objects.create(stripe_id="dp_gone", status="under_review", told_at=at, **amount)
    Refund.objects.create(stripe_id="re_gone", status="pending", **amount)


def test_run_continues_after_a_dispute_unknown_to_the_account(stripe, unknown_to_the_account, at):
    later = at + timedelta(days=60)
    assert [words.split()[2:] for words in run(later).for_a_person][:2] == [
        "has refund re_gone, which does not exist at Stripe".split(),
        "has dispute dp_gone, which does not exist at Stripe".split(),
    ]
    assert last_finished_at(mode="sandbox", account="") == later


def test_objects_of_another_account_are_not_requested(stripe, settings, unknown_to_the_account, at):
    Order.objects.update(account="acct_former")
    settings.STRIPE_ACCOUNT = "acct_new"
    assert run(at + timedelta(days=60)).for_a_person == []


def test_order_of_another_account_is_closed_once_its_session_is_over(stripe, settings, order, at):
    Order.objects.update(account="acct_former", status="open", session_id="cs_test_former")
    settings.STRIPE_ACCOUNT = "acct_new"
    assert run(at + timedelta(hours=24)).moves == {}
    assert run(at + timedelta(hours=26)).moves == {"expired": 1}


def test_run_that_did_not_reach_stripe_is_not_finished(settings, forget_stripe_client, order):
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    with pytest.raises(StripeError):
        run()
    assert last_finished_at(mode="sandbox", account="") is None
