"""Rows of the matrix: proxies that refuse, are silent, or are none.

Where a row's network is closed but for its proxy, the direct way is refused; where it is
open, the doctor must find that out.
"""

import socket
from collections.abc import Iterator

import trustme

from e2e.fault_matrix.laboratory import Laboratory, Site
from e2e.fault_matrix.row import Expected, Situation, row, silent_row
from outbound.tests.servers import hang_up, reset, tls_in_front_of
from testing.faults import (
    broken_resolver,
    dropping_port,
    front,
    hold,
    page,
    read_and_reset,
    relay,
    says,
)
from testing.mitmproxy import running_mitmproxy
from testing.proxies import (
    SSH_BANNER,
    Talk,
    banner_server,
    raw_server,
    running_microsocks,
    running_squid,
    running_tinyproxy,
)

# TCP to the broadcast address fails on this machine, without a packet.
NOWHERE = "255.255.255.255"
# Source: RFC 8446, 5.1: a record whose first byte says "handshake".
TLS_HELLO = b"\x16"
OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"


def behind_front(lab: Laboratory, talk: Talk) -> Iterator[Situation]:
    """A proxy that does this while the fault is there, and is squid afterwards."""
    with front(lab.fault, talk, beyond=lab.proxy_port) as port:
        yield unchanged(lab.behind(f"http://127.0.0.1:{port}"))


def unchanged(site: Site) -> Situation:
    """The fault lies outside of the shop's settings."""
    return Situation(site, site)


@row(
    "Squid rejects CONNECT to Stripe, but a direct connection works.",
    Expected("NET-PROXY-403", "path.tunnel", tested=True),
)
def proxy_forbids_direct_is_open(lab: Laboratory) -> Iterator[Situation]:
    site = lab.sandbox.tls_port
    with running_squid("deny", leads_to=site) as refusing, running_squid(leads_to=site) as willing:
        yield Situation(
            lab.behind(refusing.url, direct_port=site), lab.behind(willing.url, direct_port=site)
        )


@row(
    "Squid rejects CONNECT to Stripe, and no other route works.",
    Expected("NET-PROXY-403", "path.tunnel"),
)
def proxy_forbids(lab: Laboratory) -> Iterator[Situation]:
    site = lab.sandbox.tls_port
    with running_squid("deny", leads_to=site) as refusing, running_squid(leads_to=site) as willing:
        yield Situation(lab.behind(refusing.url), lab.behind(willing.url))


@row(
    "Tinyproxy's filter blocks Stripe's host.",
    Expected("NET-PROXY-403", "path.tunnel", tested=True),
)
def tinyproxy_filters(lab: Laboratory) -> Iterator[Situation]:
    with running_tinyproxy("deny", host="localhost") as filtering, running_tinyproxy() as willing:
        yield Situation(lab.local(filtering.url), lab.local(willing.url))


@row(
    "Squid requires a username and password (Basic), but none are set.",
    Expected("NET-PROXY-407", "path.tunnel"),
)
def proxy_wants_password(lab: Laboratory) -> Iterator[Situation]:
    with running_squid("credentials", leads_to=lab.sandbox.tls_port) as proxy:
        yield Situation(lab.behind(proxy.url), lab.behind(proxy.url_with_credentials))


@row(
    "Squid rejects the password.",
    Expected("NET-PROXY-407", "path.tunnel"),
)
def proxy_refuses_password(lab: Laboratory) -> Iterator[Situation]:
    with running_squid("credentials", leads_to=lab.sandbox.tls_port) as proxy:
        yield Situation(
            lab.behind(proxy.url_for("user", "wrong")), lab.behind(proxy.url_with_credentials)
        )


@row(
    "Tinyproxy rejects the password with 401 instead of the usual 407.",
    Expected("NET-PROXY-407", "path.tunnel", tested=True),
)
def tinyproxy_refuses_password(lab: Laboratory) -> Iterator[Situation]:
    with running_tinyproxy("credentials", host="localhost") as proxy:
        yield Situation(
            lab.local(proxy.url_for("user", "wrong")), lab.local(proxy.url_with_credentials)
        )


@row(
    "A proxy offers only NTLM and Negotiate.",
    Expected("NET-PROXY-407", "path.tunnel"),
)
def proxy_offers_ntlm(lab: Laboratory) -> Iterator[Situation]:
    schemes = ("Proxy-Authenticate: Negotiate", "Proxy-Authenticate: NTLM")
    answer = page("Sign in", "407 Proxy Authentication Required", *schemes)
    yield from behind_front(lab, says(answer))


@row(
    "The proxy's password has special characters that are not percent-encoded.",
    Expected("NET-PROXY-ADDRESS", "route.decision"),
)
def proxy_address_malformed(lab: Laboratory) -> Iterator[Situation]:
    with running_squid("credentials", leads_to=lab.sandbox.tls_port) as proxy:
        raw = f"http://{proxy.username}:{proxy.password}@127.0.0.1:{proxy.port}"
        yield Situation(lab.behind(raw), lab.behind(proxy.url_with_credentials))


@row(
    "Squid cannot reach Stripe (503).",
    Expected("NET-PROXY-STATUS", "path.tunnel", repeated=True),
)
def proxy_cannot_reach_stripe(lab: Laboratory) -> Iterator[Situation]:
    with (
        running_squid(leads_to=lab.closed_port) as cut_off,
        running_squid(leads_to=lab.sandbox.tls_port) as connected,
    ):
        yield Situation(lab.behind(cut_off.url), lab.behind(connected.url))


@row(
    "Squid cannot resolve Stripe's name (500).",
    Expected("NET-PROXY-STATUS", "path.tunnel", repeated=True),
)
def proxy_does_not_find_stripe(lab: Laboratory) -> Iterator[Situation]:
    with running_squid() as lost, running_squid(leads_to=lab.sandbox.tls_port) as connected:
        yield Situation(lab.behind(lost.url), lab.behind(connected.url))


@row(
    "A proxy answers CONNECT with 500.",
    Expected("NET-PROXY-STATUS", "path.tunnel", repeated=True),
)
def proxy_answers_500(lab: Laboratory) -> Iterator[Situation]:
    yield from behind_front(lab, says(page("Out of order", "500 Internal Server Error")))


@row(
    "A proxy answers CONNECT with 502.",
    Expected("NET-PROXY-STATUS", "path.tunnel", repeated=True),
)
def proxy_answers_502(lab: Laboratory) -> Iterator[Situation]:
    yield from behind_front(lab, says(page("Bad gateway", "502 Bad Gateway")))


@row(
    "A proxy times out waiting for Stripe (504).",
    Expected("NET-PROXY-STATUS", "path.tunnel", repeated=True),
)
def proxy_answers_504(lab: Laboratory) -> Iterator[Situation]:
    yield from behind_front(lab, says(page("Too late", "504 Gateway Timeout")))


@row(
    "The proxy's port belongs to a web server, which does not support CONNECT (405).",
    Expected("NET-PROXY-STATUS", "path.tunnel"),
)
def proxy_is_a_web_server(lab: Laboratory) -> Iterator[Situation]:
    yield from behind_front(lab, says(page("Not allowed", "405 Method Not Allowed")))


@row(
    "A proxy answers CONNECT with 200 and a sign-in page.",
    Expected("NET-CAPTIVE", "path.tunnel"),
)
def proxy_answers_with_page(lab: Laboratory) -> Iterator[Situation]:
    yield from behind_front(lab, says(page("<title>Guest Wi-Fi sign-in</title>")))


@row(
    "A proxy opens a tunnel and sends its sign-in page through it.",
    Expected("NET-CAPTIVE", "path.tls"),
)
def page_in_the_tunnel(lab: Laboratory) -> Iterator[Situation]:
    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(OPEN)
        says(b"<html><title>Guest Wi-Fi sign-in</title></html>")(connection)

    yield from behind_front(lab, talk)


@row(
    "A proxy answers CONNECT with 511 (Network Authentication Required).",
    Expected("NET-CAPTIVE", "path.tunnel"),
)
def proxy_asks_for_sign_in(lab: Laboratory) -> Iterator[Situation]:
    answer = page("<title>Sign in</title>", "511 Network Authentication Required")
    yield from behind_front(lab, says(answer))


@row(
    "A second proxy, behind the configured one, requires a username and password.",
    Expected("NET-PROXY-407", "path.tunnel"),
)
def second_proxy_wants_password(lab: Laboratory) -> Iterator[Situation]:
    told = (
        "Via: 1.1 parent.example (squid), 1.1 child.example (squid)",
        "Proxy-Authenticate: Basic",
    )
    answer = page("Sign in", "407 Proxy Authentication Required", *told)
    yield from behind_front(lab, says(answer))


@row(
    "HTTPS_PROXY is set to “none” instead of being unset, and a direct connection works.",
    Expected("NET-PROXY-ADDRESS", "route.decision", tested=True),
)
def proxy_is_a_word(lab: Laboratory) -> Iterator[Situation]:
    site = lab.sandbox.tls_port
    yield Situation(lab.behind("none", direct_port=site), lab.direct())


@row(
    "HTTPS_PROXY is the address of a PAC file.",
    Expected("NET-PROXY-ADDRESS", "route.decision"),
)
def proxy_is_a_pac_file(lab: Laboratory) -> Iterator[Situation]:
    named = lab.behind("http://proxy.example/proxy.pac")
    yield Situation(named, lab.behind(f"http://127.0.0.1:{lab.proxy_port}"))


@row(
    "HTTPS_PROXY is an IPv6 address without brackets.",
    Expected("NET-PROXY-ADDRESS", "route.decision"),
)
def proxy_without_brackets(lab: Laboratory) -> Iterator[Situation]:
    written = lab.behind("http://2001:db8::1:3128")
    yield Situation(written, lab.behind(f"http://127.0.0.1:{lab.proxy_port}"))


@row(
    "A proxy answers CONNECT with a redirect to a sign-in page.",
    Expected("NET-CAPTIVE", "path.tunnel"),
)
def proxy_redirects(lab: Laboratory) -> Iterator[Situation]:
    answer = page("Sign in", "302 Found", "Location: http://portal.example/")
    yield from behind_front(lab, says(answer))


@row(
    "Nothing is listening at the proxy's address.",
    Expected("NET-PROXY-REFUSED", "path.connect", repeated=True),
)
def proxy_refuses_connections(lab: Laboratory) -> Iterator[Situation]:
    closed = f"http://127.0.0.1:{lab.closed_port}"
    yield Situation(lab.behind(closed), lab.behind(f"http://127.0.0.1:{lab.proxy_port}"))


@silent_row(
    "A firewall drops all packets to the proxy.",
    Expected("NET-PROXY-SILENT", "path.connect"),
)
def proxy_drops_packets(lab: Laboratory) -> Iterator[Situation]:
    with dropping_port() as port:
        dropped = lab.behind(f"http://127.0.0.1:{port}")
        yield Situation(dropped, lab.behind(f"http://127.0.0.1:{lab.proxy_port}"))


@silent_row(
    "The proxy accepts the connection but does not respond.",
    Expected("NET-PROXY-SILENT", "path.tunnel"),
)
def proxy_silent(lab: Laboratory) -> Iterator[Situation]:
    yield from behind_front(lab, hold)


@row(
    "There is no network route to the proxy.",
    Expected("NET-PROXY-UNREACHABLE", "path.connect", repeated=True),
)
def proxy_unreachable(lab: Laboratory) -> Iterator[Situation]:
    lost = lab.behind(f"http://{NOWHERE}:3128")
    yield Situation(lost, lab.behind(f"http://127.0.0.1:{lab.proxy_port}"))


@row(
    "The proxy closes the connection instead of answering CONNECT.",
    Expected("NET-PROXY-CLOSED", "path.tunnel", repeated=True),
)
def proxy_hangs_up(lab: Laboratory) -> Iterator[Situation]:
    yield from behind_front(lab, _read_and_close)


def _read_and_close(connection: socket.socket) -> None:
    connection.recv(65536)
    hang_up(connection)


@row(
    "The proxy resets the connection instead of answering CONNECT.",
    Expected("NET-PROXY-CLOSED", "path.tunnel", repeated=True),
)
def proxy_resets(lab: Laboratory) -> Iterator[Situation]:
    yield from behind_front(lab, read_and_reset)


@row(
    "The proxy's port belongs to another service (SSH).",
    Expected("NET-PROXY-NOT-HTTP", "path.tunnel"),
)
def proxy_is_ssh(lab: Laboratory) -> Iterator[Situation]:
    yield from behind_front(lab, says(SSH_BANNER))


@row(
    "The proxy's name is not found.",
    Expected("NET-PROXY-DNS", "path.resolve"),
)
def proxy_name_unknown(lab: Laboratory) -> Iterator[Situation]:
    yield from _proxy_by_name(lab, socket.EAI_NONAME)


@row(
    "The name server temporarily cannot resolve the proxy's name.",
    Expected("NET-PROXY-DNS", "path.resolve", repeated=True),
)
def proxy_name_for_the_moment_unknown(lab: Laboratory) -> Iterator[Situation]:
    yield from _proxy_by_name(lab, socket.EAI_AGAIN)


@silent_row(
    "The name server does not respond to queries for the proxy's name.",
    Expected("NET-DNS-SILENT", "path.resolve"),
)
def proxy_name_unanswered(lab: Laboratory) -> Iterator[Situation]:
    yield from _proxy_by_name(lab, None)


def _proxy_by_name(lab: Laboratory, error: int | None) -> Iterator[Situation]:
    with broken_resolver(lab.fault, "proxy.example", error):
        yield unchanged(lab.behind(f"http://proxy.example:{lab.proxy_port}"))


@row(
    "The proxy's address begins with https://, but the proxy uses plain HTTP.",
    Expected("NET-PROXY-TLS", "path.tunnel", tested=True),
)
def https_before_plain_proxy(lab: Laboratory) -> Iterator[Situation]:
    port = lab.proxy_port
    yield Situation(lab.behind(f"https://127.0.0.1:{port}"), lab.behind(f"http://127.0.0.1:{port}"))


@silent_row(
    "The proxy's address begins with https://, but the proxy uses plain HTTP and waits for a complete line.",
    Expected("NET-PROXY-SILENT", "path.tunnel", tested=True),
)
def https_before_patient_proxy(lab: Laboratory) -> Iterator[Situation]:
    def talk(connection: socket.socket) -> None:
        if connection.recv(1, socket.MSG_PEEK) == TLS_HELLO:
            hold(connection)
        else:
            relay(connection, lab.proxy_port)

    with raw_server(talk) as port:
        yield Situation(
            lab.behind(f"https://127.0.0.1:{port}"), lab.behind(f"http://127.0.0.1:{port}")
        )


@row(
    "An https:// proxy has an untrusted certificate.",
    Expected("NET-PROXY-TLS", "path.tunnel"),
)
def https_proxy_untrusted(lab: Laboratory) -> Iterator[Situation]:
    stranger = trustme.CA(organization_name="Stranger")
    untrusted = lab.serve_as("127.0.0.1", issuer=stranger)
    with tls_in_front_of(lab.proxy_port, untrusted) as port:
        address = f"https://127.0.0.1:{port}"
        bundle = lab.bundle("with-stranger.pem", stranger.cert_pem.bytes())
        yield Situation(lab.behind(address), lab.behind(address, STRIPE_CA_BUNDLE=bundle))


@row(
    "The proxy's address begins with http://, but the proxy uses TLS.",
    Expected("NET-PROXY-CLOSED", "path.tunnel", repeated=True, tested=True),
)
def http_before_tls_proxy(lab: Laboratory) -> Iterator[Situation]:
    with tls_in_front_of(lab.proxy_port, lab.as_stripe) as port:
        yield Situation(
            lab.behind(f"http://127.0.0.1:{port}"), lab.behind(f"https://127.0.0.1:{port}")
        )


@row(
    "The proxy intercepts TLS with its own CA, which this site does not trust.",
    Expected("NET-TLS-UNTRUSTED", "path.tls"),
)
def tls_opened_by_proxy(lab: Laboratory) -> Iterator[Situation]:
    trusts = lab.sandbox.ca_path
    with running_mitmproxy(leads_to=lab.sandbox.tls_port, trusts=trusts) as proxy:
        bundle = lab.bundle("with-company.pem", proxy.authority.read_bytes())
        yield Situation(lab.behind(proxy.url), lab.behind(proxy.url, STRIPE_CA_BUNDLE=bundle))


@silent_row(
    "The tunnel opens, but no data comes through.",
    Expected("NET-SILENT", "path.tls"),
)
def tunnel_silent(lab: Laboratory) -> Iterator[Situation]:
    yield from behind_front(lab, says(OPEN))


@row(
    "The tunnel opens but is closed when the TLS handshake names Stripe.",
    Expected("NET-RESET", "path.tls", repeated=True),
)
def tunnel_reset(lab: Laboratory) -> Iterator[Situation]:
    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(OPEN)
        connection.recv(65536)
        reset(connection)

    yield from behind_front(lab, talk)


@row(
    "The tunnel opens and leads to a sign-in page without TLS.",
    Expected("NET-CAPTIVE", "path.tls"),
)
def tunnel_leads_to_portal(lab: Laboratory) -> Iterator[Situation]:
    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(OPEN)
        says(page("<title>Sign in</title>", "400 Bad Request"))(connection)

    yield from behind_front(lab, talk)


@row(
    "A SOCKS proxy requires a username and password, but none are set.",
    Expected("NET-SOCKS-AUTH", "path.tunnel", tested=True),
)
def socks_wants_password(lab: Laboratory) -> Iterator[Situation]:
    with running_microsocks(credentials=True) as proxy:
        yield Situation(lab.local(proxy.url), lab.local(proxy.url_with_credentials))


@row(
    "A SOCKS proxy rejects the password.",
    Expected("NET-SOCKS-AUTH", "path.tunnel", tested=True),
)
def socks_refuses_password(lab: Laboratory) -> Iterator[Situation]:
    with running_microsocks(credentials=True) as proxy:
        yield Situation(
            lab.local(proxy.url_for("user", "wrong")), lab.local(proxy.url_with_credentials)
        )


@row(
    "A SOCKS proxy cannot reach Stripe.",
    Expected("NET-SOCKS-REFUSED", "path.tunnel"),
)
def socks_cannot_reach_stripe(lab: Laboratory) -> Iterator[Situation]:
    with running_microsocks() as proxy:
        yield Situation(lab.local(proxy.url, lab.closed_port), lab.local(proxy.url))


@silent_row(
    "The proxy's address begins with socks5h://, but the proxy is an HTTP proxy.",
    Expected("NET-PROXY-SILENT", "path.tunnel", tested=True),
)
def socks_before_http_proxy(lab: Laboratory) -> Iterator[Situation]:
    port = lab.proxy_port
    yield Situation(
        lab.behind(f"socks5h://127.0.0.1:{port}"), lab.behind(f"http://127.0.0.1:{port}")
    )


@row(
    "The server at the SOCKS proxy's address uses another protocol.",
    Expected("NET-PROXY-NOT-SOCKS", "path.tunnel", tested=True),
)
def socks_is_ssh(lab: Laboratory) -> Iterator[Situation]:
    with running_microsocks() as proxy, banner_server() as port:
        yield Situation(lab.local(f"socks5h://127.0.0.1:{port}"), lab.local(proxy.url))


@row(
    "The proxy's address begins with http://, but the proxy is a SOCKS proxy.",
    Expected("NET-PROXY-NOT-HTTP", "path.tunnel", tested=True),
)
def http_before_socks_proxy(lab: Laboratory) -> Iterator[Situation]:
    with running_microsocks() as proxy:
        address = f"http://127.0.0.1:{proxy.port}"
        yield Situation(lab.local(address), lab.local(proxy.url))
