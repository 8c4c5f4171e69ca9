"""The closed set of causes, and what all of them are made of.

`classifier.py` finds out which cause it is. What was not tried is told apart from what is
certain: the doctor tries it, and then says only what it has seen.
"""

from dataclasses import dataclass

from outbound.route import DIRECT, ENVIRONMENT, SETTING, Route
from outbound.route.environment import DOTENV

# Every id that a diagnosis can have. Logs, incidents and the manual refer to them.
IDS = frozenset(
    """
    NET-BUSY NET-CA-BUNDLE NET-CAPTIVE NET-CUT NET-DEADLINE NET-DNS NET-DNS-SILENT NET-GATEWAY
    NET-NO-ANSWER NET-PROXY-403 NET-PROXY-407 NET-PROXY-ADDRESS NET-PROXY-CLOSED NET-PROXY-DNS
    NET-PROXY-NOT-HTTP NET-PROXY-NOT-SOCKS NET-PROXY-REFUSED NET-PROXY-SILENT NET-PROXY-STATUS
    NET-PROXY-TLS NET-PROXY-UNREACHABLE NET-REFUSED NET-RESET NET-SILENT NET-SOCKS-AUTH
    NET-SOCKS-REFUSED NET-TLS-CLOCK NET-TLS-EXPIRED NET-TLS-INVALID NET-TLS-NAME NET-TLS-OTHER
    NET-TLS-UNTRUSTED NET-TLS-WEAK NET-UNREACHABLE
    API-400 API-401 API-403 API-409 API-429 API-5XX UNKNOWN
    """.split()
)
PROXY_EXAMPLE = f"{SETTING}=http://proxy.example:3128"
CA_EXAMPLE = "STRIPE_CA_BUNDLE=/path/to/company-ca.pem"
NOT_TESTED = "A direct connection was not tested. Run `manage.py doctor` to test it."
REPLACE_EXAMPLE = "If this network requires a proxy, replace the example address with the proxy's address. This setting has not been tested."
SET_PROXY = f"If this network requires a proxy, set {SETTING} to the proxy's address instead. Neither setting has been tested."
ASK_WHICH_DEVICE = (
    "Ask your network administrator which device is responding instead of the server."
)
SET_THE_CLOCK = "To set this machine's clock, run: timedatectl set-ntp true"
# Also shown when all retries have failed.
TRY_AGAIN = "This problem may be temporary. Try again in a few minutes."


@dataclass(frozen=True, slots=True)
class Finding:
    """A cause in words. `advice` is certain; `untested` may help, and nobody has tried it."""

    id: str
    operator: str
    fix: str
    advice: str = ""
    untested: str = ""
    retry_useful: bool = False


def exemption(route: Route) -> str:
    """Return the line that exempts the far side from the proxy."""
    if route.rule == SETTING:
        return f"{SETTING}={DIRECT}"
    labels = route.host.split(".")
    name = (
        f".{'.'.join(labels[1:])}" if len(labels) > 2 and not labels[-1].isdigit() else route.host
    )
    written = [verdict.entry.text for verdict in route.verdicts if verdict.entry.source == DOTENV]
    return f"NO_PROXY={','.join([*written, name])}"


def use_a_proxy(route: Route) -> tuple[str, str]:
    """Return a fix, and what to know of it, where the direct way is closed. Nobody tried it."""
    if route.rule == f"{SETTING}={DIRECT}":
        return (
            f"{SETTING}={ENVIRONMENT}",
            f"With this setting, the proxy variables determine the route. {SET_PROXY}",
        )
    if route.rule.startswith("NO_PROXY"):
        return (
            PROXY_EXAMPLE,
            f"{route.reason} {SETTING} takes precedence over this entry. {REPLACE_EXAMPLE}",
        )
    return PROXY_EXAMPLE, REPLACE_EXAMPLE


def the_proxy(route: Route) -> str:
    """Return `the proxy http://proxy.example:3128 (HTTPS_PROXY in the environment)`."""
    return f"the proxy {route.proxy} ({route.rule})"


def via(route: Route) -> str:
    """Return ` through http://proxy.example:3128`; empty where no proxy takes part."""
    return f" through {route.proxy}" if route.proxy else ""
