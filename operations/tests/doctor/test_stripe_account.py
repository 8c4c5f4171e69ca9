"""The doctor's checks of the key's permissions and of the webhook endpoint."""
# ruff: noqa: F811 - fixtures are imported from other test modules

import pytest

from operations.doctor.setup import Setup
from operations.doctor.stripe_account import (
    KEYS_PAGE,
    READ_PATHS,
    account_checks,
    endpoint_checks,
    webhook_address,
)
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


def test_enabled_endpoint():
    assert said([endpoint(), endpoint(url="https://other.example/hook")]) == {
        "webhook.endpoint": ("ok", f"{OURS} is registered"),
        "webhook.enabled": ("ok", "yes"),
        "webhook.events": ("ok", "all required events"),
        "webhook.version": ("ok", API_VERSION),
    }


def test_endpoint_without_its_last_slash_is_ours():
    assert said([endpoint(url=OURS.rstrip("/"))])["webhook.endpoint"][0] == "ok"


def test_endpoint_with_all_events():
    assert said([endpoint(enabled_events=["*"])])["webhook.events"][0] == "ok"


def test_no_endpoint():
    assert said([]) == {"webhook.endpoint": ("warn", "not registered")}


def test_endpoint_of_other_host():
    moved = endpoint(url="https://staging.example/payments/webhook/")
    assert said([moved]) == {"webhook.endpoint": ("warn", "on another host: staging.example")}


def test_loopback_site_needs_no_endpoint():
    checks = said([], expected="http://127.0.0.1:8000/payments/webhook/")
    assert checks["webhook.endpoint"][0] == "skip"


@pytest.mark.parametrize(
    ("changes", "check", "summary"),
    [
        (
            {"status": "disabled"},
            "enabled",
            "no: Stripe sends no events, and does not send missed events later",
        ),
        (
            {"enabled_events": sorted(SUBSCRIBED_EVENTS - {"checkout.session.completed"})},
            "events",
            "1 not sent: checkout.session.completed",
        ),
        (
            {"api_version": "2020-08-27"},
            "version",
            f"The endpoint uses version 2020-08-27. This site uses version {API_VERSION}.",
        ),
        (
            {"api_version": None},
            "version",
            f"The endpoint uses the account's default version. This site uses version {API_VERSION}.",
        ),
    ],
)
def test_endpoint_with_problem(changes, check, summary):
    assert said([endpoint(**changes)])[f"webhook.{check}"] == ("warn", summary)


def test_two_enabled_endpoints():
    assert said([endpoint(), endpoint()])["webhook.endpoint"] == (
        "warn",
        "registered 2 times, so each event is sent 2 times",
    )


def test_second_disabled_endpoint():
    checks = said([endpoint(status="disabled"), endpoint()])
    assert checks["webhook.endpoint"][0] == checks["webhook.enabled"][0] == "ok"


@pytest.mark.parametrize("answer", [[{}], [{"url": None}], [{"url": "http://[bad"}]])
def test_unreadable_endpoints(answer):
    assert said(answer) == {"webhook.endpoint": ("warn", "not registered")}


def checks_of(settings):
    setup = Setup.of_site(route_override=None, seconds=5)
    route = decide(setup.url, environment=ProxyEnvironment({}, {}))
    return {check.id: check for check in account_checks(setup, route)}


def test_endpoint_of_sandbox(sandbox, settings):
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


def test_key_without_endpoint_permission(sandbox, settings):
    sandbox.control.fault("status", method="GET", path="/v1/webhook_endpoints", status=403)
    assert checks_of(settings)["webhook.endpoint"].summary == (
        "unknown: the key cannot read webhook endpoints"
    )


def test_secret_key_has_all_permissions(sandbox, settings):
    check = checks_of(settings)["key.permissions"]
    assert check.summary == "A secret key has full access. A restricted key (rk_) is safer."


def test_restricted_key_with_missing_permission(sandbox_with_restricted_key, settings):
    control = sandbox_with_restricted_key
    control.fault("status", method="GET", path="/v1/events", status=403)
    check = checks_of(settings)["key.permissions"]
    assert (check.status, check.summary) == ("warn", "cannot read Events")
    assert check.fix == f"At {KEYS_PAGE}, give the key read access to Events."


def test_restricted_key_with_several_missing_permissions(sandbox_with_restricted_key, settings):
    for path in ("/v1/events", "/v1/refunds"):
        sandbox_with_restricted_key.fault("status", method="GET", path=path, status=403)
    check = checks_of(settings)["key.permissions"]
    assert check.summary == "cannot read Events; Charges and Refunds"
    assert check.fix == (
        f"At {KEYS_PAGE}, give the key read access to these resources: Events; Charges and Refunds."
    )


def test_restricted_key_with_all_permissions(sandbox_with_restricted_key, settings):
    check = checks_of(settings)["key.permissions"]
    assert check.summary == f"can read {', '.join(READ_PATHS)}"


@pytest.fixture
def sandbox_with_restricted_key(settings, tmp_path):
    key = "rk_sandbox_restricted"
    with running_sandbox(tmp_path, tls=False, secret_keys=(key,)) as running:
        settings.STRIPE_SECRET_KEY = key
        settings.STRIPE_API_BASE = running.url
        yield running.control
