"""Parts that the tests of payments share: a sandbox at work, and sessions as Stripe tells them."""

from datetime import UTC, datetime

import pytest
from django.conf import settings

from payments.domain.order_placement import ReturnUrls, get_or_place_order
from payments.stripe import client, transport
from payments.stripe.facts import SessionFacts
from payments.stripe.outage import record_recovery
from testing.contract import breaches
from testing.parts import SHARED
from testing.sandbox import SECRET_KEY, running_sandbox

RETURN_URLS = ReturnUrls.of_site("http://shop.example")


@pytest.fixture(scope="session")
def sandbox_program(tmp_path_factory):
    """One sandbox for all tests of this process; `sandbox` empties it for each test."""
    with running_sandbox(tmp_path_factory.mktemp("sandbox"), tls=False) as sandbox:
        yield sandbox


@pytest.fixture
def forget_stripe_client(monkeypatch):
    """The clients are kept per process: let each test build them from its own settings.

    They retry at once, so that no test sleeps.
    """
    monkeypatch.setattr(transport, "FIRST_BACKOFF_SECONDS", 0.0)

    def forget():
        client.stripe_client.cache_clear()
        client.outbound_client.cache_clear()
        client.payment_breaker.cache_clear()
        record_recovery()

    forget()
    yield
    client.outbound_client().close()
    forget()


@pytest.fixture
def sandbox(sandbox_program, settings, forget_stripe_client):
    """The sandbox, with the site's settings leading to it.

    What the test sent to it is held against Stripe's description afterwards.
    """
    settings.STRIPE_SECRET_KEY = SECRET_KEY
    settings.STRIPE_API_BASE = sandbox_program.url
    sandbox_program.control.clear_faults()
    sandbox_program.control.delete_test_data()
    sandbox_program.control.forget_requests()
    yield sandbox_program
    if SHARED.is_dir():
        assert breaches(sandbox_program.control.requests()) == []


@pytest.fixture
def order(learner, test_bank, at):
    """An order that is pending."""
    return get_or_place_order(
        learner=learner,
        test_bank=test_bank,
        mode=settings.STRIPE_MODE,
        account="",
        return_urls=RETURN_URLS,
        at=at,
    )


@pytest.fixture
def facts():
    """Makes what Stripe says of an order's session; paid unless changed."""

    def make(order, **changes):
        values = {
            "id": f"cs_test_{order.pk.hex}",
            "status": "complete",
            "payment_status": "paid",
            "amount_minor": order.amount_minor,
            "amount_before_discount_minor": order.amount_minor,
            "currency": order.currency,
            "livemode": False,
            "order_id": str(order.pk),
            "payment_intent_id": "pi_1",
            "url": "https://checkout.example/1",
            "expires_at": datetime(2026, 11, 3, 12, 0, tzinfo=UTC),
        }
        return SessionFacts(**{**values, **changes})

    return make
