"""What the doctor says of the key's permissions and of the webhook endpoint."""
# ruff: noqa: F811 - fixtures of other files are named as they are used

import pytest

from operations.doctor.account import READ, account_checks, endpoint_checks, webhook_address
from operations.doctor.setup import Setup
from outbound.route import ProxyEnvironment, decide
from payments.flows.webhook_inbox import SUBSCRIBED_EVENTS
from payments.stripe.client import API_VERSION
from payments.tests.conftest import (  # noqa: F401 - fixtures
    forget_stripe_client,
    sandbox,
    sandbox_program,
)
from testing.sandbox import running_sandbox

OURS = "https://shop.example/payments/webhook/"


def endpoint(**changes):
    return {
        "url": OURS,
        "status": "enabled",
        "enabled_events": sorted(SUBSCRIBED_EVENTS),
        "api_version": API_VERSION,
        **changes,
    }


def said(endpoints, expected=OURS):
    return {
        check.id: (check.status, check.summary)
        for check in endpoint_checks(endpoints, expected=expected)
    }


def test_endpoint_as_it_should_be():
    assert said([endpoint(), endpoint(url="https://other.example/hook")]) == {
        "webhook.endpoint": ("ok", f"{OURS} is registered"),
        "webhook.enabled": ("ok", "yes"),
        "webhook.events": ("ok", "all required events"),
        "webhook.version": ("ok", API_VERSION),
    }


def test_all_events_are_enough():
    assert said([endpoint(enabled_events=["*"])])["webhook.events"][0] == "ok"


def test_no_endpoint():
    assert said([]) == {"webhook.endpoint": ("warn", "not registered")}


def test_endpoint_of_a_former_host_is_named():
    moved = endpoint(url="https://staging.example/payments/webhook/")
    assert said([moved]) == {"webhook.endpoint": ("warn", "of another host: staging.example")}


def test_machine_that_stripe_cannot_call_needs_none():
    checks = said([], expected="http://127.0.0.1:8000/payments/webhook/")
    assert checks["webhook.endpoint"][0] == "skip"


@pytest.mark.parametrize(
    ("changes", "check", "summary"),
    [
        (
            {"status": "disabled"},
            "enabled",
            "no: Stripe sends no events, and does not send missed ones later",
        ),
        (
            {"enabled_events": sorted(SUBSCRIBED_EVENTS - {"checkout.session.completed"})},
            "events",
            "1 not sent: checkout.session.completed",
        ),
        (
            {"api_version": "2020-08-27"},
            "version",
            f"2020-08-27; this site uses {API_VERSION}",
        ),
        (
            {"api_version": None},
            "version",
            f"the account's default; this site uses {API_VERSION}",
        ),
    ],
)
def test_what_is_wrong_with_an_endpoint_is_named(changes, check, summary):
    assert said([endpoint(**changes)])[f"webhook.{check}"] == ("warn", summary)


def test_two_endpoints_bring_each_event_twice():
    assert said([endpoint(), endpoint()])["webhook.endpoint"] == (
        "warn",
        "registered 2 times, so each event is sent that many times",
    )


def test_one_of_two_that_is_disabled_does_no_harm():
    checks = said([endpoint(status="disabled"), endpoint()])
    assert checks["webhook.endpoint"][0] == checks["webhook.enabled"][0] == "ok"


@pytest.mark.parametrize("answer", [[{}], [{"url": None}], [{"url": "http://[bad"}]])
def test_endpoints_that_cannot_be_read_are_not_ours(answer):
    assert said(answer) == {"webhook.endpoint": ("warn", "not registered")}


def checks_of(settings):
    setup = Setup.of_site(asked=None, seconds=5)
    route = decide(setup.url, environment=ProxyEnvironment({}, {}))
    return {check.id: check for check in account_checks(setup, route)}


def test_endpoint_is_read_from_the_account(sandbox, settings):
    settings.SITE_URL = "http://127.0.0.1:4242"
    sandbox.control.send_webhooks_to(webhook_address())
    try:
        checks = checks_of(settings)
    finally:
        sandbox.control.send_webhooks_to(None)
    assert checks["webhook.endpoint"].summary == f"{webhook_address()} is registered"
    assert [checks[f"webhook.{name}"].status for name in ("enabled", "events", "version")] == [
        "ok"
    ] * 3


def test_key_that_may_not_read_endpoints_is_no_fault(sandbox, settings):
    sandbox.control.fault("status", method="GET", path="/v1/webhook_endpoints", status=403)
    assert checks_of(settings)["webhook.endpoint"].summary == ("unknown: the key cannot read them")


def test_secret_key_needs_no_permissions(sandbox, settings):
    check = checks_of(settings)["key.permissions"]
    assert check.summary.startswith("a secret key has full access")


def test_missing_permission_is_named(sandbox_with_restricted_key, settings):
    control = sandbox_with_restricted_key
    control.fault("status", method="GET", path="/v1/events", status=403)
    check = checks_of(settings)["key.permissions"]
    assert (check.status, check.summary) == ("warn", "cannot read Events")
    assert check.fix.startswith("Allow Events (read) for the key at https://dashboard")


def test_permissions_that_are_there_are_named(sandbox_with_restricted_key, settings):
    check = checks_of(settings)["key.permissions"]
    assert check.summary == f"can read {', '.join(READ)}"


@pytest.fixture
def sandbox_with_restricted_key(settings, tmp_path):
    key = "rk_sandbox_restricted"
    with running_sandbox(tmp_path, tls=False, secret_keys=(key,)) as running:
        settings.STRIPE_SECRET_KEY = key
        settings.STRIPE_API_BASE = running.url
        yield running.control
