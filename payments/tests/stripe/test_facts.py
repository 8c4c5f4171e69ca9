from datetime import UTC, datetime

import pytest

from payments.stripe.errors import MalformedObject
from payments.stripe.facts import session_facts


def session(**changes):
    return {
        "object": "checkout.session",
        "id": "cs_test_1",
        "status": "complete",
        "payment_status": "paid",
        "amount_total": 1900,
        "amount_subtotal": 1900,
        "currency": "usd",
        "livemode": False,
        "metadata": {"order_id": "o1"},
        "payment_intent": "pi_1",
        "url": None,
        "expires_at": 1_800_000_000,
        **changes,
    }


def test_facts_of_a_paid_session():
    facts = session_facts(session())
    assert (facts.id, facts.is_paid, facts.is_processing) == ("cs_test_1", True, False)
    assert (facts.amount_minor, facts.currency) == (1900, "USD")
    assert facts.expires_at == datetime(2027, 1, 15, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "payment_status", "is_paid", "is_processing"),
    [
        ("open", "unpaid", False, False),
        ("complete", "unpaid", False, True),
        ("complete", "no_payment_required", True, False),
        ("expired", "unpaid", False, False),
    ],
)
def test_status_and_payment_status(status, payment_status, is_paid, is_processing):
    facts = session_facts(session(status=status, payment_status=payment_status))
    assert (facts.is_paid, facts.is_processing) == (is_paid, is_processing)


@pytest.mark.parametrize("intent", ["pi_1", {"id": "pi_1", "object": "payment_intent"}])
def test_payment_intent_may_be_expanded(intent):
    assert session_facts(session(payment_intent=intent)).payment_intent_id == "pi_1"


@pytest.mark.parametrize(
    "broken",
    [
        {"object": "payment_intent", "id": "pi_1"},
        {"object": "checkout.session"},
        session(amount_total=None),
        session(amount_total="a lot"),
        [],
    ],
)
def test_malformed_session_is_refused(broken):
    with pytest.raises(MalformedObject):
        session_facts(broken)
