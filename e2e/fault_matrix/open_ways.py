"""Rows of the matrix in which nothing is wrong: what looks strange, and gets through."""

import base64
import socket
from collections.abc import Iterator

from e2e.fault_matrix.laboratory import Laboratory, Site
from e2e.fault_matrix.row import THROUGH, Situation, row
from outbound.tests.servers import tls_in_front_of
from testing.certificates import authority, certificate, serving
from testing.faults import dropping_address, relay, resolver_with
from testing.mitmproxy import running_mitmproxy
from testing.proxies import raw_server, running_microsocks, running_squid


def open_way(site: Site) -> Iterator[Situation]:
    """Nothing is to be mended."""
    yield Situation(site, site)


@row("No proxy is set.", THROUGH)
def no_proxy_at_all(lab: Laboratory) -> Iterator[Situation]:
    yield from open_way(lab.direct())


@row("HTTPS_PROXY is the address of Squid, which allows calls to Stripe.", THROUGH)
def http_proxy(lab: Laboratory) -> Iterator[Situation]:
    yield from open_way(lab.behind(f"http://127.0.0.1:{lab.proxy_port}"))


@row("The proxy's address has no scheme.", THROUGH)
def proxy_without_scheme(lab: Laboratory) -> Iterator[Situation]:
    yield from open_way(lab.behind(f"127.0.0.1:{lab.proxy_port}"))


@row("Squid requires a password, which is percent-encoded in the address.", THROUGH)
def password_encoded(lab: Laboratory) -> Iterator[Situation]:
    with running_squid("credentials", leads_to=lab.sandbox.tls_port) as proxy:
        yield from open_way(lab.behind(proxy.url_with_credentials))


@row("The connection to the proxy uses TLS (https://).", THROUGH)
def https_proxy(lab: Laboratory) -> Iterator[Situation]:
    with tls_in_front_of(lab.proxy_port, lab.as_stripe) as port:
        yield from open_way(lab.behind(f"https://127.0.0.1:{port}"))


@row("A SOCKS proxy resolves host names (socks5h://).", THROUGH)
def socks_proxy(lab: Laboratory) -> Iterator[Situation]:
    with running_microsocks() as proxy:
        yield from open_way(lab.local(proxy.url))


@row(
    "A SOCKS proxy requires a username and password, and this machine resolves host names (socks5://).",
    THROUGH,
)
def socks_proxy_with_password(lab: Laboratory) -> Iterator[Situation]:
    with running_microsocks(credentials=True) as proxy:
        address = proxy.url_with_credentials.replace("socks5h://", "socks5://")
        yield from open_way(lab.direct(STRIPE_PROXY=address))


@row("The proxy intercepts TLS, and its CA is in STRIPE_CA_BUNDLE.", THROUGH)
def tls_opened_and_trusted(lab: Laboratory) -> Iterator[Situation]:
    trusts = lab.sandbox.ca_path
    with running_mitmproxy(leads_to=lab.sandbox.tls_port, trusts=trusts) as proxy:
        bundle = lab.bundle("opened.pem", proxy.authority.read_bytes())
        yield from open_way(lab.behind(proxy.url, STRIPE_CA_BUNDLE=bundle))


@row(
    "~/.netrc contains a password for Stripe's host, which other programs would send instead of the key.",
    THROUGH,
)
def netrc_names_stripe(lab: Laboratory) -> Iterator[Situation]:
    netrc = lab.folder / ".netrc"
    netrc.write_text("machine api.stripe.com login somebody password else\n")
    netrc.chmod(0o600)
    try:
        yield from open_way(lab.direct())
    finally:
        netrc.unlink()


@row(
    "NO_PROXY contains entries that make other clients crash at startup (`fd00::/8,[::1]`).",
    THROUGH,
)
def no_proxy_that_crashes_others(lab: Laboratory) -> Iterator[Situation]:
    proxy = f"http://127.0.0.1:{lab.proxy_port}"
    process = {"HTTPS_PROXY": proxy, "NO_PROXY": "localhost,fd00::/8,[::1]"}
    yield from open_way(lab.site(process, lab.closed_port))


OPEN = b"HTTP/1.1 200 Connection established\r\n"


@row("The proxy's password is encoded in Latin-1 (`%E9`) and is sent unchanged.", THROUGH)
def password_in_latin_1(lab: Laboratory) -> Iterator[Situation]:
    wanted = base64.b64encode(b"user:caf\xe9")

    def talk(connection: socket.socket) -> None:
        if wanted not in connection.recv(65536):
            connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
            return
        connection.sendall(OPEN + b"\r\n")
        relay(connection, lab.sandbox.tls_port)

    with raw_server(talk) as port:
        yield from open_way(lab.behind(f"http://user:caf%E9@127.0.0.1:{port}"))


@row("The proxy answers CONNECT with an interim response (102) and 120 headers.", THROUGH)
def many_headers(lab: Laboratory) -> Iterator[Situation]:
    headers = b"".join(b"Set-Cookie: name%d=value\r\n" % number for number in range(120))

    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 102 Processing\r\n\r\n" + OPEN + headers + b"\r\n")
        relay(connection, lab.sandbox.tls_port)

    with raw_server(talk) as port:
        yield from open_way(lab.behind(f"http://127.0.0.1:{port}"))


@row("The proxy's first address does not respond, but the second one does.", THROUGH)
def first_address_silent(lab: Laboratory) -> Iterator[Situation]:
    names = {"proxy.example.": ("127.77.0.1", "127.0.0.1")}
    with resolver_with(names), dropping_address("127.77.0.1", lab.proxy_port):
        yield from open_way(lab.behind(f"http://proxy.example:{lab.proxy_port}"))


@row("A wildcard search domain could make the proxy's name resolve to another host.", THROUGH)
def search_domain_with_wildcard(lab: Laboratory) -> Iterator[Situation]:
    names = {"proxy.example.": ("127.0.0.1",), "proxy.example": ("127.77.0.2",)}
    with resolver_with(names):
        yield from open_way(lab.behind(f"http://proxy.example:{lab.proxy_port}"))


@row(
    "STRIPE_CA_BUNDLE contains the intermediate CA that signed the certificate, but not the root.",
    THROUGH,
)
def issuing_authority_trusted(lab: Laboratory) -> Iterator[Situation]:
    issuing = authority("Company Issuing CA", authority("Company Root CA"))
    own = certificate(issuing, "api.stripe.com")
    bundle = lab.bundle("issuing.pem", issuing.pem)
    with tls_in_front_of(lab.sandbox.port, serving(own, issuing)) as port:
        yield from open_way(lab.direct(port, STRIPE_CA_BUNDLE=bundle))


@row("NO_PROXY contains typographic quotes, semicolons, and a path.", THROUGH)
def no_proxy_as_pasted(lab: Laboratory) -> Iterator[Situation]:
    process = {
        "HTTPS_PROXY": f"http://127.0.0.1:{lab.closed_port}",
        "NO_PROXY": "“localhost; https://api.stripe.com/v1”",
    }
    yield from open_way(lab.site(process, lab.sandbox.tls_port))
