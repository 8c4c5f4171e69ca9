"""The adapter's own decisions: repeating, resting, going around a proxy."""

import pytest

from payments.models import Order
from payments.stripe_client import NoAnswer, payment_is_down
from payments.stripe_integration import APIError, create_checkout_session
from testing.proxies import refusing_port, running_tinyproxy

CREATE = "POST /v1/checkout/sessions"

pytestmark = pytest.mark.django_db


@pytest.fixture
def nobody_listens(settings, forget_stripe_client):
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"


def fail(test_bank, learner, times):
    for _time in range(times):
        with pytest.raises(NoAnswer) as raised:
            create_checkout_session(test_bank, learner)
    return raised.value


def test_three_failures_make_the_next_buyer_fail_at_once(nobody_listens, test_bank, learner):
    assert fail(test_bank, learner, 3).record is not None
    assert payment_is_down()
    told = fail(test_bank, learner, 1)
    assert (told.diagnosis.id, told.record) == ("NET-REFUSED", None)


def test_page_of_a_bank_says_so_before_the_button_is_pressed(
    client, nobody_listens, test_bank, learner
):
    url = f"/banks/{test_bank.slug}/"
    assert "Payment is not possible right now." not in client.get(url).text
    fail(test_bank, learner, 3)
    assert "Payment is not possible right now." in client.get(url).text


def test_fault_of_stripe_itself_does_not_make_calls_rest(sandbox, test_bank, learner):
    sandbox.control.fault("status", status=500, times=50, saved=False)
    for _time in range(3):
        with pytest.raises(APIError):
            create_checkout_session(test_bank, learner)
    assert not payment_is_down()


def test_refused_proxy_is_never_gone_around_unasked(sandbox, settings, test_bank, learner):
    with refusing_port() as port:
        settings.STRIPE_PROXY = f"http://127.0.0.1:{port}"
        assert fail(test_bank, learner, 1).diagnosis.id == "NET-PROXY-REFUSED"
    assert sandbox.control.count(CREATE) == 0


def test_fallback_goes_around_it_and_says_so(sandbox, settings, test_bank, learner, caplog):
    settings.STRIPE_PROXY_FALLBACK = "direct"
    with refusing_port() as port:
        settings.STRIPE_PROXY = f"http://127.0.0.1:{port}"
        create_checkout_session(test_bank, learner)
    assert Order.objects.get().status == "open"
    assert "cause=NET-PROXY-REFUSED the proxy failed; going around it" in caplog.text


@pytest.mark.tinyproxy
def test_proxy_that_works_is_used_beside_a_fallback(sandbox, settings, test_bank, learner, caplog):
    settings.STRIPE_PROXY_FALLBACK = "direct"
    with running_tinyproxy() as proxy:
        settings.STRIPE_PROXY = proxy.url
        create_checkout_session(test_bank, learner)
    assert "going around" not in caplog.text
