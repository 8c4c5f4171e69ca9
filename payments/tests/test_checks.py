"""What is wrong with the way to Stripe is found at start, with the corrected line beside it."""

import pytest
import stripe

from payments.checks import (
    nothing_sets_a_proxy_in_code,
    way_to_stripe_can_be_decided,
    webhook_secret_is_set,
)
from testing.site import Site

PROXY = "http://proxy.example:3128"


@pytest.fixture
def real_name(settings):
    """The settings lead to the real name, and no variable of a proxy is set."""
    settings.STRIPE_API_BASE = "https://api.stripe.com"
    settings.OUTBOUND_DOTENV = {}
    return settings


def ids(messages):
    return [message.id for message in messages]


def test_no_warning_without_variables(real_name):
    assert way_to_stripe_can_be_decided() == []
    assert nothing_sets_a_proxy_in_code() == []
    assert webhook_secret_is_set() == []


def test_missing_webhook_secret_only_warns(settings):
    settings.STRIPE_WEBHOOK_SECRETS, settings.SITE_IS_PUBLIC = [], True
    assert ids(webhook_secret_is_set()) == ["payments.W001"]


def test_missing_webhook_secret_where_stripe_sends_no_webhooks(settings):
    settings.STRIPE_WEBHOOK_SECRETS, settings.SITE_IS_PUBLIC = [], False
    assert webhook_secret_is_set() == []
    settings.STRIPE_MODE = "live"
    assert ids(webhook_secret_is_set()) == ["payments.W001"]


@pytest.mark.parametrize(
    ("written", "line"),
    [
        # Passwords and users that are not percent-encoded.
        ("http://user:p@ss:w#rd@proxy.example:3128", "http://user:***@proxy.example:3128"),
        ("http://us er:pass@proxy.example:3128", "http://us%20er:***@proxy.example:3128"),
        ("http://corp\\user:pa/ss@proxy.example:3128", "http://corp%5Cuser:***@proxy.example:3128"),
        ("user:50%@proxy.example:3128", "http://user:***@proxy.example:3128"),
        # SOCKS of a kind that nobody here speaks.
        ("socks4://proxy.example:1080", "socks5h://proxy.example:1080"),
        ("socks://proxy.example", "socks5h://proxy.example:1080"),
        # Other malformed addresses.
        ("ftp://proxy.example:3128", PROXY),
        ("http://proxy.example:3128/path", PROXY),
        ("http://2001:db8::1:3128", "http://[2001:db8::1]:3128"),
        ("http=proxy.example:80;https=proxy.example:3128", PROXY),
    ],
)
def test_malformed_address_is_an_error_with_the_corrected_line(
    real_name, monkeypatch, written, line
):
    monkeypatch.setenv("HTTPS_PROXY", written)
    (message,) = way_to_stripe_can_be_decided()
    assert message.id == "payments.E001"
    password = ", and replace *** with your password." if "***" in line else " instead."
    assert message.msg.endswith(f" Use HTTPS_PROXY={line}{password}")
    for secret in ("p@ss", "w#rd", ":pass@", "pa/ss", "50%"):
        assert secret not in message.msg


@pytest.mark.parametrize(
    "written",
    [
        "http://",
        "http://proxy.example:port",
        "http://proxy.example/proxy.pac",
        "none",
        "2001:db8::1",
    ],
)
def test_invalid_address_without_certain_correction(real_name, monkeypatch, written):
    monkeypatch.setenv("HTTPS_PROXY", written)
    (message,) = way_to_stripe_can_be_decided()
    assert message.id == "payments.E001"
    assert "Use HTTPS_PROXY=" not in message.msg


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_socks_needs_nothing_to_be_installed(real_name, monkeypatch, scheme):
    monkeypatch.setenv("HTTPS_PROXY", f"{scheme}://proxy.example:1080")
    assert "payments.E001" not in ids(way_to_stripe_can_be_decided())


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        # http_proxy mistaken for https.
        ({"HTTP_PROXY": PROXY}, f"HTTPS_PROXY={PROXY}"),
        (
            {"http_proxy": "user:hidden@proxy.example:3128"},
            "HTTPS_PROXY=http://user:***@proxy.example:3128",
        ),
        # Variables that contradict one another.
        ({"https_proxy": PROXY, "HTTPS_PROXY": "http://two:1"}, f"STRIPE_PROXY={PROXY}"),
        ({"HTTPS_PROXY": PROXY, "ALL_PROXY": "http://two:1"}, f"STRIPE_PROXY={PROXY}"),
        # Names that only the proxy may look up.
        ({"ALL_PROXY": "socks5://u:hidden@p:1080"}, "ALL_PROXY=socks5h://u:***@p:1080"),
        # Quotes, as an env_file of Docker keeps them.
        ({"HTTPS_PROXY": f'"{PROXY}"'}, f"HTTPS_PROXY={PROXY}"),
    ],
)
def test_misleading_variable_is_a_warning_with_correction(real_name, monkeypatch, variables, line):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    (message,) = way_to_stripe_can_be_decided()
    assert message.id == "payments.W002"
    assert message.msg.endswith(f" {line}")
    assert "hidden" not in message.msg


def test_variables_of_the_process_and_of_env_contradict_too(real_name, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    real_name.OUTBOUND_DOTENV = {"HTTPS_PROXY": "http://two:1"}
    (message,) = way_to_stripe_can_be_decided()
    assert message.msg.startswith("HTTPS_PROXY in .env names another proxy and is not used")


def test_lenient_no_proxy_entry_is_a_warning(real_name, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*.stripe.com")
    (message,) = way_to_stripe_can_be_decided()
    assert message.id == "payments.W002"
    assert "use .stripe.com" in message.msg


def test_entry_without_a_meaning_is_a_warning(real_name, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "localhost,api.stripe.com:https")
    (message,) = way_to_stripe_can_be_decided()
    assert message.id == "payments.W004"
    assert message.msg.startswith(
        "Entry 2 of NO_PROXY in the environment (api.stripe.com:https) matches nothing: it is not a host"
    )
    assert message.msg.endswith("use NO_PROXY=.stripe.com")


def test_setting_that_contradicts_no_proxy_is_a_warning(real_name, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "localhost,.stripe.com")
    real_name.STRIPE_PROXY = PROXY
    (message,) = way_to_stripe_can_be_decided()
    assert message.id == "payments.W005"
    assert message.msg.endswith("set STRIPE_PROXY=environment")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("default_http_client", object(), "set STRIPE_PROXY=direct"),
        (
            "proxy",
            "http://u:hidden@proxy.example:3128",
            "set STRIPE_PROXY=direct, or STRIPE_PROXY=http://u:***@proxy.example:3128",
        ),
        ("proxy", {"https": PROXY}, f"set STRIPE_PROXY=direct, or STRIPE_PROXY={PROXY}"),
        ("proxy", {"https": None, "no_proxy": ""}, ""),
    ],
)
def test_proxy_set_in_code_is_named_with_the_line_instead(monkeypatch, name, value, words):
    monkeypatch.setattr(stripe, name, value)
    (message,) = nothing_sets_a_proxy_in_code()
    assert message.id == "payments.W003"
    assert message.msg.startswith(f"stripe.{name} is set in code but has no effect")
    assert message.msg.endswith(words)


@pytest.mark.slow
def test_check_command_reports_invalid_addresses(tmp_path):
    site = Site(folder=tmp_path)
    site.write_env(
        STRIPE_PUBLIC_KEY="pk_test_51ChecksChecks",
        STRIPE_SECRET_KEY="sk_test_51ChecksChecks",
        SECRET_KEY="only-for-tests",
        DATABASE_URL=f"sqlite:///{tmp_path / 'x.sqlite3'}",
        HTTPS_PROXY="http://user:hid@den@proxy.example:3128",
    )
    checked = site.manage("check")
    assert checked.returncode == 1
    assert "HTTPS_PROXY=http://user:***@proxy.example:3128" in checked.stderr
    site.write_env(HTTPS_PROXY=None, STRIPE_PROXY="http://user:hid@den@proxy.example:3128")
    checked = site.manage("check")
    assert checked.returncode == 2
    assert "Use STRIPE_PROXY=http://user:***@proxy.example:3128" in checked.stderr
    assert "hid@den" not in checked.stderr
