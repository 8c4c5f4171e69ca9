import pytest
import stripe

from payments.checks import (
    nothing_sets_a_proxy_in_code,
    way_to_stripe_can_be_decided,
    webhook_secret_is_set,
)


@pytest.fixture
def real_name(settings, monkeypatch):
    """The settings lead to the real name, and no variable of a proxy is set."""
    settings.STRIPE_API_BASE = "https://api.stripe.com"
    settings.OUTBOUND_DOTENV = {}
    return settings


def ids(messages):
    return [message.id for message in messages]


def test_all_is_well_where_nothing_is_set(real_name):
    assert way_to_stripe_can_be_decided() == []
    assert nothing_sets_a_proxy_in_code() == []
    assert webhook_secret_is_set() == []


def test_missing_webhook_secret_only_warns(settings):
    settings.STRIPE_WEBHOOK_SECRETS = []
    assert ids(webhook_secret_is_set()) == ["payments.W001"]


def test_malformed_proxy_is_an_error_that_hides_the_password(real_name, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://user:p@ss:w#rd@proxy:3128")
    messages = way_to_stripe_can_be_decided()
    assert ids(messages) == ["payments.E001"]
    assert "Percent-encode" in messages[0].msg
    assert "ss:w" not in messages[0].msg


def test_http_proxy_mistaken_for_https_is_a_warning(real_name, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://proxy:3128")
    messages = way_to_stripe_can_be_decided()
    assert ids(messages) == ["payments.W002"]
    assert "does not govern https" in messages[0].msg


def test_two_proxies_that_contradict_are_a_warning(real_name, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://one:3128")
    monkeypatch.setenv("https_proxy", "http://two:3128")
    assert ids(way_to_stripe_can_be_decided()) == ["payments.W002"]


@pytest.mark.parametrize("name", ["proxy", "default_http_client"])
def test_proxy_set_in_code_is_named(monkeypatch, name):
    monkeypatch.setattr(stripe, name, "http://proxy:3128")
    messages = nothing_sets_a_proxy_in_code()
    assert ids(messages) == ["payments.W003"]
    assert "STRIPE_PROXY=direct" in str(messages[0].hint)
