"""Rows of the matrix: nothing on the way is broken, but the settings take the wrong one."""

from collections.abc import Iterator

from e2e.fault_matrix.laboratory import Laboratory
from e2e.fault_matrix.row import THROUGH, Expected, Situation, row
from testing.mitmproxy import running_mitmproxy
from testing.proxies import running_squid


@row(
    "The network requires a proxy, but the only variable set is HTTP_PROXY, which does not apply to HTTPS.",
    Expected("NET-REFUSED", "path.connect", repeated=True, tested=True),
)
def http_proxy_alone(lab: Laboratory) -> Iterator[Situation]:
    proxy = f"http://127.0.0.1:{lab.proxy_port}"
    yield Situation(lab.site({"HTTP_PROXY": proxy}, lab.closed_port), lab.behind(proxy))


@row(
    "NO_PROXY exempts Stripe, but the network requires a proxy.",
    Expected("NET-REFUSED", "path.connect", repeated=True, tested=True),
)
def needlessly_exempt(lab: Laboratory) -> Iterator[Situation]:
    proxy = f"http://127.0.0.1:{lab.proxy_port}"
    process = {"HTTPS_PROXY": proxy, "NO_PROXY": "localhost,.stripe.com"}
    yield Situation(lab.site(process, lab.closed_port), lab.behind(proxy))


@row(
    "STRIPE_PROXY=direct is set, but the network requires a proxy.",
    Expected("NET-REFUSED", "path.connect", repeated=True, tested=True),
)
def needlessly_direct(lab: Laboratory) -> Iterator[Situation]:
    proxy = f"http://127.0.0.1:{lab.proxy_port}"
    yield Situation(lab.behind(proxy, STRIPE_PROXY="direct"), lab.behind(proxy))


@row(
    "Squid rejects CONNECT to Stripe, and STRIPE_PROXY_FALLBACK=direct lets the call bypass Squid.",
    THROUGH,
)
def goes_around_the_proxy(lab: Laboratory) -> Iterator[Situation]:
    site = lab.sandbox.tls_port
    with running_squid("deny", leads_to=site) as refusing, running_squid(leads_to=site) as willing:
        around = lab.behind(refusing.url, direct_port=site, STRIPE_PROXY_FALLBACK="direct")
        yield Situation(around, lab.behind(willing.url))


@row(
    "The company CA is in REQUESTS_CA_BUNDLE, which this site does not use.",
    Expected("NET-TLS-UNTRUSTED", "path.tls", tested=True),
)
def authority_named_elsewhere(lab: Laboratory) -> Iterator[Situation]:
    trusts = lab.sandbox.ca_path
    with running_mitmproxy(leads_to=lab.sandbox.tls_port, trusts=trusts) as proxy:
        bundle = lab.bundle("company-roots.pem", proxy.authority.read_bytes())
        process = {"HTTPS_PROXY": proxy.url, "REQUESTS_CA_BUNDLE": str(bundle)}
        yield Situation(
            lab.site(process, lab.closed_port), lab.behind(proxy.url, STRIPE_CA_BUNDLE=bundle)
        )
