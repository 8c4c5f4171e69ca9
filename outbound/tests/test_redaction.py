"""Secrets are masked in addresses, and in any other text."""

import pytest

from outbound.redaction import mask_url, scrub

KEY = "sk_test_51Habcdefghijklmnop9xYz"


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("http://proxy:3128", "http://proxy:3128"),
        ("http://user:secret@proxy:3128", "http://user:***@proxy:3128"),
        ("user:secret@proxy:3128", "user:***@proxy:3128"),
        ("http://user:se@cr/e#t:x@proxy:3128", "http://user:***@proxy:3128"),
        ("http://token@proxy:3128", "http://***@proxy:3128"),
        ("socks5h://user:@proxy", "socks5h://user:***@proxy"),
        ("", ""),
    ],
)
def test_masks_the_password_of_an_address(url, masked):
    assert mask_url(url) == masked


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        (f"key {KEY}.", "key sk_test_…9xYz."),
        ("rk_live_abcdefghijkl", "rk_live_…ijkl"),
        ("pk_sandbox_tests", "pk_sandbox_…"),
        ("whsec_abcdefghijkl+/=", "whsec_…l+/="),
        ("sk_1234567890abcdef", "sk_…cdef"),
        ("HTTPS_PROXY=http://u:secret@proxy:1", "HTTPS_PROXY=http://u:***@proxy:1"),
        ("HTTPS_PROXY=http://u:s@e/c#r:et@proxy:1 x", "HTTPS_PROXY=http://u:***@proxy:1 x"),
        ("HTTPS_PROXY=u:secret@proxy:3128", "HTTPS_PROXY=u:***@proxy:3128"),
        ("Authorization: Bearer abc", "Authorization: ***"),
        ("proxy-authorization: Basic dTpw\nVia: x", "proxy-authorization: ***\nVia: x"),
        ("{'Authorization': 'Bearer abc', 'Host': 'x'}", "{'Authorization': ***, 'Host': 'x'}"),
        ("(b'Authorization', b'Basic abc')", "(b'Authorization', b***)"),
        ('{"Stripe-Signature": "t=1,v1=ab"}', '{"Stripe-Signature": ***}'),
        ("Stripe-Signature: t=1,v1=ab", "Stripe-Signature: ***"),
        ("refused t=1700000000,v1=abcdef01,v0=ab", "refused ***"),
        ("EMAIL_HOST_PASSWORD=hunter2 set", "EMAIL_HOST_PASSWORD=*** set"),
        ("{'password': 'a b', 'x': 1}", "{'password': ***, 'x': 1}"),
        ('{"password": "a"}', '{"password": ***}'),
        ("pi_3Nabcd_secret_AbC123", "pi_3Nabcd_secret_***"),
        ("ek_live_abcDEF", "ek_live_***"),
        ("http://TOKEN@proxy:3128", "http://***@proxy:3128"),
    ],
)
def test_scrubs_secrets_from_text(text, scrubbed):
    assert scrub(text) == scrubbed


@pytest.mark.parametrize(
    "text",
    [
        "POST https://api.stripe.com/v1/checkout/sessions 200",
        "https://example.org/a@b",
        "task_id risk_analysis disk_usage pk_42",
        "mail to learner@example.org: sent",
        "Enter your password: at least twelve characters",
        "METRICS_TOKEN is not set",
        "Entry 2 of NO_PROXY in .env (*.stripe.com)",
    ],
)
def test_leaves_plain_text_alone(text):
    assert scrub(text) == text


def test_scrubbing_twice_changes_nothing():
    once = scrub(f"Authorization: Bearer {KEY} http://u:p@h {KEY}")
    assert scrub(once) == once


def test_scrubs_long_text_in_time():
    assert scrub("//a:" * 20000).startswith("//a:")
