"""Addresses of proxies: what is taken, what is refused, and that no password is told."""

import pytest

from outbound.route.proxy_address import ProxyAddress, ProxyAddressError, normal_host, parse_proxy


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("http://proxy.example:3128", ProxyAddress("http", "proxy.example", 3128)),
        ("proxy.example:3128", ProxyAddress("http", "proxy.example", 3128)),
        ("  HTTP://Proxy.Example.:3128/ ", ProxyAddress("http", "proxy.example", 3128)),
        ("https://proxy.example", ProxyAddress("https", "proxy.example", 443)),
        ("proxy", ProxyAddress("http", "proxy", 80)),
        ("socks5://10.0.0.1", ProxyAddress("socks5", "10.0.0.1", 1080)),
        ("socks5h://[2001:DB8::1]:1", ProxyAddress("socks5h", "2001:db8::1", 1)),
        ("http://u@proxy:1", ProxyAddress("http", "proxy", 1, "u")),
        ("http://u:@proxy:1", ProxyAddress("http", "proxy", 1, "u", "")),
        ("u:p%40ss%3Aw%2Frd@proxy:1", ProxyAddress("http", "proxy", 1, "u", "p@ss:w/rd")),
        ("http://DOM%5Cu:p%C3%A9@proxy:1", ProxyAddress("http", "proxy", 1, "DOM\\u", "pé")),
        ("http://bücher.example:1", ProxyAddress("http", "xn--bcher-kva.example", 1)),
    ],
)
def test_reads_an_address(text, address):
    assert parse_proxy(text) == address


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "It is empty."),
        ("http://", "Its host cannot be read."),
        ("http://proxy:port", "Its port cannot be read."),
        ("http://proxy:0", "Its port cannot be read."),
        ("http://proxy:65536", "Its port cannot be read."),
        ("http://proxy:", "Its port cannot be read."),
        ("http://[::1:3128", "Its host cannot be read."),
        ("http://pro_xy!:3128", "Its host cannot be read."),
        ("http://proxy:3128/path", "Something stands after the host and port"),
        ("http://proxy:3128?x", "Something stands after the host and port"),
        ("http://my proxy:3128", "Something stands after the host and port"),
        ("ftp://proxy:3128", "It begins with ftp://."),
        ("socks://proxy:1080", "socks:// is not supported. Write socks5h://host:port."),
        ("socks4://proxy:1080", "socks4:// is not supported. Write socks5h://host:port."),
        ("direct://", "It begins with direct://."),
    ],
)
def test_refuses_what_is_no_address(text, hint):
    with pytest.raises(ProxyAddressError) as refused:
        parse_proxy(text)
    assert str(refused.value).startswith(hint)


@pytest.mark.parametrize("sign", list("@:/#?[] %"))
@pytest.mark.parametrize("scheme", ["http://", "socks5h://", ""])
def test_asks_for_percent_encoding_and_never_tells_the_password(scheme, sign):
    with pytest.raises(ProxyAddressError) as refused:
        parse_proxy(f"{scheme}user:hunter{sign}secret@proxy.example:3128")
    text = str(refused.value)
    assert "ercent-encode" in text
    assert "hunter" not in text
    assert "secret" not in text


def test_refuses_line_breaks_that_would_end_a_header():
    with pytest.raises(ProxyAddressError):
        parse_proxy("http://user:pass%0d%0aX-Header:%201@proxy:3128")


@pytest.mark.parametrize("show", [str, repr])
def test_an_address_shown_hides_its_password(show):
    assert "secret" not in show(parse_proxy("http://user:secret@proxy:3128"))


def test_an_address_shown_can_be_recognised():
    assert str(parse_proxy("http://user:secret@[::1]:3128")) == "http://user:***@[::1]:3128"


@pytest.mark.parametrize(
    "host", ["", "a" * 64, "a..b", "-a", "a-", "a b", "a/b", "x" * 254, "é" * 70]
)
def test_a_host_that_cannot_be_is_none(host):
    assert normal_host(host) is None
