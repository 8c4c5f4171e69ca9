"""Rows of the matrix in which nothing is wrong: what looks strange, and gets through."""

from collections.abc import Iterator

from e2e.fault_matrix.laboratory import Laboratory, Site
from e2e.fault_matrix.row import THROUGH, Situation, row
from outbound.tests.servers import tls_in_front_of
from testing.mitmproxy import running_mitmproxy
from testing.proxies import running_microsocks, running_squid


def open_way(site: Site) -> Iterator[Situation]:
    """Nothing is to be mended."""
    yield Situation(site, site)


@row("No proxy is set anywhere.", THROUGH)
def no_proxy_at_all(lab: Laboratory) -> Iterator[Situation]:
    yield from open_way(lab.direct())


@row("HTTPS_PROXY names squid, which lets Stripe through.", THROUGH)
def http_proxy(lab: Laboratory) -> Iterator[Situation]:
    yield from open_way(lab.behind(f"http://127.0.0.1:{lab.proxy_port}"))


@row("The proxy's address has no scheme.", THROUGH)
def proxy_without_scheme(lab: Laboratory) -> Iterator[Situation]:
    yield from open_way(lab.behind(f"127.0.0.1:{lab.proxy_port}"))


@row("Squid wants a password, which is given percent-encoded.", THROUGH)
def password_encoded(lab: Laboratory) -> Iterator[Situation]:
    with running_squid("credentials", leads_to=lab.sandbox.tls_port) as proxy:
        yield from open_way(lab.behind(proxy.url_with_credentials))


@row("The proxy is spoken to in TLS (https://).", THROUGH)
def https_proxy(lab: Laboratory) -> Iterator[Situation]:
    with tls_in_front_of(lab.proxy_port, lab.as_stripe) as port:
        yield from open_way(lab.behind(f"https://127.0.0.1:{port}"))


@row("A SOCKS proxy looks names up itself (socks5h://).", THROUGH)
def socks_proxy(lab: Laboratory) -> Iterator[Situation]:
    with running_microsocks() as proxy:
        yield from open_way(lab.local(proxy.url))


@row("A SOCKS proxy is given addresses (socks5://), with a user and a password.", THROUGH)
def socks_proxy_with_password(lab: Laboratory) -> Iterator[Situation]:
    with running_microsocks(credentials=True) as proxy:
        address = proxy.url_with_credentials.replace("socks5h://", "socks5://")
        yield from open_way(lab.direct(STRIPE_PROXY=address))


@row("The proxy opens TLS, and its authority stands in STRIPE_CA_BUNDLE.", THROUGH)
def tls_opened_and_trusted(lab: Laboratory) -> Iterator[Situation]:
    trusts = lab.sandbox.ca_path
    with running_mitmproxy(leads_to=lab.sandbox.tls_port, trusts=trusts) as proxy:
        bundle = lab.bundle("opened.pem", proxy.authority.read_bytes())
        yield from open_way(lab.behind(proxy.url, STRIPE_CA_BUNDLE=bundle))


@row("~/.netrc has a password for Stripe's host, which other programs send as the key.", THROUGH)
def netrc_names_stripe(lab: Laboratory) -> Iterator[Situation]:
    netrc = lab.folder / ".netrc"
    netrc.write_text("machine api.stripe.com login somebody password else\n")
    netrc.chmod(0o600)
    try:
        yield from open_way(lab.direct())
    finally:
        netrc.unlink()


@row("NO_PROXY holds what makes other clients crash at the start (`fd00::/8,[::1]`).", THROUGH)
def no_proxy_that_crashes_others(lab: Laboratory) -> Iterator[Situation]:
    proxy = f"http://127.0.0.1:{lab.proxy_port}"
    process = {"HTTPS_PROXY": proxy, "NO_PROXY": "localhost,fd00::/8,[::1]"}
    yield from open_way(lab.site(process, lab.closed_port))
