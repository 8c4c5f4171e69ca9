"""The equivalent curl command, for network administrators who have no access to the site."""

import shlex

from operations.doctor.setup import Setup
from outbound.route import ProxyAddress, Route


def curl_line(setup: Setup, route: Route, *, needs_bundle: bool) -> str:
    """Return one line to paste, with passwords masked. It prints 401 if Stripe is reached.

    `needs_bundle`: the certificate is trusted because of STRIPE_CA_BUNDLE. curl cannot add an
    authority, so the line then trusts that one only.
    """
    words = ["curl", "-q", "-sS", "-o", "/dev/null", "-w", "%{http_code}\\n"]
    words += ["--max-time", f"{setup.seconds:g}"]
    words += _proxy_options(setup, route)
    if needs_bundle and setup.ca_bundle:
        words += ["--cacert", str(setup.ca_bundle)]
    return shlex.join([*words, setup.url])


def _proxy_options(setup: Setup, route: Route) -> list[str]:
    """Return options that override the proxy variables and NO_PROXY of curl's environment."""
    if route.proxy:
        return ["--noproxy", "", "-x", str(route.proxy), *_proxy_ca_options(route.proxy, setup)]
    return ["--noproxy", "*", *_connect_to_options(setup, route)]


def _proxy_ca_options(proxy: ProxyAddress, setup: Setup) -> list[str]:
    if proxy.scheme != "https" or setup.ca_bundle is None:
        return []
    return ["--proxy-cacert", str(setup.ca_bundle)]


def _connect_to_options(setup: Setup, route: Route) -> list[str]:
    led = [each for each in setup.overrides if (each.host, each.port) == (route.host, route.port)]
    return ["--connect-to", str(led[0])] if led else []
