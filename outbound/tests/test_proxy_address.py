"""Proxy addresses: valid ones, invalid ones, and masked passwords."""

import pytest

from outbound.route import ProxyAddress, ProxyAddressError, parse_proxy
from outbound.route.hosts import normal_host
from outbound.route.proxy_address import corrected


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
        ("http://[fe80::1%25eth0]:1", ProxyAddress("http", "fe80::1%eth0", 1)),
        ("http:8080", ProxyAddress("http", "http", 8080)),
        ("127.1:3128", ProxyAddress("http", "127.1", 3128)),
        ("http://none.example:1", ProxyAddress("http", "none.example", 1)),
        ("http://bücher.example:1", ProxyAddress("http", "xn--bcher-kva.example", 1)),
    ],
)
def test_reads_an_address(text, address):
    assert parse_proxy(text) == address


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "The value is empty."),
        ("http://", "The host is not valid."),
        ("http://proxy:port", "The port is not valid."),
        ("http://proxy:0", "The port is not valid."),
        ("http://proxy:65536", "The port is not valid."),
        ("http://proxy:", "The port is not valid."),
        ("http://[::1:3128", "The host is not valid."),
        ("http://pro_xy!:3128", "The host is not valid."),
        ("http://proxy:3128/path", "There is text after the host and port"),
        ("http://proxy:3128?x", "There is text after the host and port"),
        ("http://my proxy:3128", "There is text after the host and port"),
        ("ftp://proxy:3128", "ftp:// is not supported."),
        ("socks://proxy:1080", "socks:// is not supported. Use socks5h://host:port."),
        ("socks4://proxy:1080", "socks4:// is not supported. Use socks5h://host:port."),
        ("direct://", "“direct” is not an address."),
        ("http://2001:db8::1:3128", "An IPv6 address must be in brackets"),
        ("2001:db8::1", "An IPv6 address must be in brackets"),
        ("socks5h://user:pw@fe80::1:1080", "An IPv6 address must be in brackets"),
        ("none", "“none” is not an address. Set STRIPE_PROXY=direct to use no proxy."),
        ("OFF", "“off” is not an address."),
        ("null", "“null” is not an address."),
        ("http://None:None", "“none” is not an address."),
        ("undefined:3128", "“undefined” is not an address."),
        ("n/a", "“n/a” is not an address."),
        ("no proxy", "“noproxy” is not an address."),
        ("NO_PROXY", "“noproxy” is not an address."),
        ("http://nothing", "“nothing” is not an address."),
        ("$HTTP_PROXY", "The value is a reference to another variable"),
        ("${CORP_PROXY}", "The value is a reference to another variable"),
        ("%PROXY%", "The value is a reference to another variable"),
        ("http:proxy:8080", "The scheme must be followed by ://."),
        ("http:/proxy:8080", "The scheme must be followed by ://."),
        ("http//proxy:8080", "The scheme must be followed by ://."),
        ("http://10.0.0.300:3128", "The host is not valid."),
        ("auto", "“auto” does not name a proxy."),
        ("true", "“true” does not name a proxy."),
        (
            "http://proxy.example/proxy.pac",
            "The value is the address of a proxy auto-configuration (PAC) file",
        ),
        ("wpad.dat", "The value is the address of a proxy auto-configuration (PAC) file"),
        (
            "http://wpad/wpad.dat",
            "The value is the address of a proxy auto-configuration (PAC) file",
        ),
        (
            "pac+https://proxy.example/p",
            "The value is the address of a proxy auto-configuration (PAC) file",
        ),
        (
            "file:///etc/proxy.pac?x=1",
            "The value is the address of a proxy auto-configuration (PAC) file",
        ),
        (
            "PROXY proxy.example:3128; DIRECT",
            "The value is output from a proxy auto-configuration (PAC) file.",
        ),
        ("http=proxy:80;https=proxy:3128", "The value lists a proxy for each scheme."),
        ("http://one:1,http://two:2", "The value lists several proxies."),
        ("one:1 http://two:2", "The value lists several proxies."),
    ],
)
def test_invalid_address(text, hint):
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


@pytest.mark.parametrize(
    ("text", "password"),
    [
        ("http://u:caf%E9@proxy:1", b"caf\xe9"),  # Latin-1
        ("http://u:caf%C3%A9@proxy:1", b"caf\xc3\xa9"),  # UTF-8
        ("http://u:%C7%D1%B1%DB@proxy:1", b"\xc7\xd1\xb1\xdb"),  # EUC-KR
        ("http://u:%82%A0%FF@proxy:1", b"\x82\xa0\xff"),  # Shift JIS, and no text at all
        ("http://u:café@proxy:1", b"caf\xc3\xa9"),
        # The process's environment holds this byte alone (PEP 383).
        ("http://u:caf\udce9@proxy:1", b"caf\xe9"),
        ("http://u:caf\ud800@proxy:1", b"caf?"),
    ],
)
def test_credentials_are_kept_byte_for_byte(text, password):
    assert parse_proxy(text).credentials == (b"u", password)


def test_a_user_is_shown_as_it_is_typed():
    assert str(parse_proxy("http://D%5Cj%E9:x@proxy:1")) == "http://D%5Cj%E9:***@proxy:1"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2001:db8::1:3128", "http://[2001:db8::1]:3128"),
        ("http=a:80;https=b.example:3128", "http://b.example:3128"),
        ("PROXY b.example:3128; DIRECT", "http://b.example:3128"),
        ("http://u:p@ss@b.example:1", "http://u:***@b.example:1"),
        ("http:b.example:3128", "http://b.example:3128"),
        ("http:/b.example:3128", "http://b.example:3128"),
        ("no proxy", None),
        ("my proxy:3128", None),
        ("2001:db8::1", None),
        ("none", None),
        ("http://b.example/proxy.pac", None),
        ("one:1,two:2", None),
        ("http://b.example:port", None),
    ],
)
def test_correction_only_if_certain(text, meant):
    assert corrected(text) == meant


def test_an_address_shown_can_be_recognized():
    assert str(parse_proxy("http://user:secret@[::1]:3128")) == "http://user:***@[::1]:3128"


@pytest.mark.parametrize(
    "host", ["", "a" * 64, "a..b", "-a", "a-", "a b", "a/b", "x" * 254, "é" * 70, "10.0.0.300"]
)
def test_invalid_host(host):
    assert normal_host(host) is None
