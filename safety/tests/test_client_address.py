"""The client's address behind any number of reverse proxies."""

import ipaddress

import pytest

from safety.client_address import client_address

TRUSTED = [ipaddress.ip_network(word) for word in ("127.0.0.1/32", "10.0.0.0/8", "fd00::/8")]
VISITOR = "203.0.113.7"


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "address"),
    [
        (VISITOR, "", VISITOR),
        (VISITOR, "198.51.100.1", VISITOR),
        ("127.0.0.1", VISITOR, VISITOR),
        ("127.0.0.1", f"198.51.100.1, {VISITOR}", VISITOR),
        ("127.0.0.1", f"198.51.100.1, {VISITOR}, 10.1.2.3", VISITOR),
        ("::ffff:127.0.0.1", VISITOR, VISITOR),
        ("fd00::1", "2001:db8::5", "2001:db8::5"),
        ("127.0.0.1", f"{VISITOR}:40312", VISITOR),
        ("127.0.0.1", "[2001:db8::5]:40312", "2001:db8::5"),
        ("127.0.0.1", "unknown", "127.0.0.1"),
        ("127.0.0.1", f"{VISITOR}, unknown", "127.0.0.1"),
        ("", VISITOR, VISITOR),
        ("localhost", VISITOR, VISITOR),
        ("127.0.0.1", "", "127.0.0.1"),
    ],
)
def test_address_is_the_nearest_one_that_no_trusted_proxy_has(peer, forwarded_for, address):
    assert client_address(peer, forwarded_for, TRUSTED) == address


def test_no_header_is_read_where_nobody_is_trusted():
    assert client_address("127.0.0.1", VISITOR, []) == "127.0.0.1"


def test_middleware_passes_the_address_and_no_header_on(rf, settings):
    seen = {}

    def view(request):
        seen.update(request.META)

    from safety.client_address import client_address_middleware

    settings.TRUSTED_PROXIES = TRUSTED
    client_address_middleware(view)(rf.get("/", headers={"x-forwarded-for": VISITOR}))
    assert (seen["REMOTE_ADDR"], "HTTP_X_FORWARDED_FOR" in seen) == (VISITOR, False)
