"""The line for curl that makes the same call: what a network's people can try themselves."""

import shlex

from operations.doctor.setup import Setup
from outbound.route import ProxyAddress, Route


def curl_line(setup: Setup, route: Route, *, needs_bundle: bool) -> str:
    """One line to paste, whose password is masked. It prints 401 where the way is open.

    `needs_bundle`: STRIPE_CA_BUNDLE is what makes the certificate trusted; curl knows no way
    to add an authority, so it then trusts that one alone.
    """
    words = ["curl", "-q", "-sS", "-o", "/dev/null", "-w", "%{http_code}\\n"]
    words += ["--max-time", f"{setup.seconds:g}"]
    words += _way(setup, route)
    if needs_bundle and setup.ca_bundle:
        words += ["--cacert", str(setup.ca_bundle)]
    return shlex.join([*words, setup.url])


def _way(setup: Setup, route: Route) -> list[str]:
    """No variable of the environment may decide, nor an entry of NO_PROXY."""
    if route.proxy:
        return ["--noproxy", "", "-x", str(route.proxy), *_trust_in(route.proxy, setup)]
    return ["--noproxy", "*", *_led(setup, route)]


def _trust_in(proxy: ProxyAddress, setup: Setup) -> list[str]:
    if proxy.scheme != "https" or setup.ca_bundle is None:
        return []
    return ["--proxy-cacert", str(setup.ca_bundle)]


def _led(setup: Setup, route: Route) -> list[str]:
    led = [each for each in setup.overrides if (each.host, each.port) == (route.host, route.port)]
    return ["--connect-to", str(led[0])] if led else []
