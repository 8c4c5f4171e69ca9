"""Names led elsewhere: what is taken, what is refused."""

import pytest

from outbound.transport import Override, OverrideError, parse_resolve


@pytest.mark.parametrize(
    ("text", "overrides"),
    [
        ("", ()),
        (" , ", ()),
        ("api.stripe.com:443:127.0.0.1:8443", [("api.stripe.com", 443, "127.0.0.1", 8443)]),
        ("API.Stripe.com.:443:[::1]:8443", [("api.stripe.com", 443, "::1", 8443)]),
        ("a:1:127.0.0.1:2, b:3:[::1]:4", [("a", 1, "127.0.0.1", 2), ("b", 3, "::1", 4)]),
    ],
)
def test_reads_overrides(text, overrides):
    assert parse_resolve(text) == tuple(Override(*override) for override in overrides)


@pytest.mark.parametrize(
    "text",
    [
        "api.stripe.com:443:127.0.0.1",
        "api.stripe.com:443:localhost:8443",
        "api.stripe.com:443:::1:8443",
        "api.stripe.com:443:[127.0.0.1]:8443",
        "api.stripe.com:x:127.0.0.1:8443",
        "api.stripe.com:443:127.0.0.1:0",
        ":443:127.0.0.1:1",
        "nonsense",
        "a:1:127.0.0.1:2,nonsense",
    ],
)
def test_refuses_what_is_no_override(text):
    with pytest.raises(OverrideError, match=r"^Write host:port:address:port, such as "):
        parse_resolve(text)


def test_an_override_is_shown_as_it_is_written():
    text = "api.stripe.com:443:[::1]:8443"
    assert str(parse_resolve(text)[0]) == text
