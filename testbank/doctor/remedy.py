"""What would mend a fault: other routes and authorities, each tried before it is advised.

An alternative is what a line in `.env` would do; the route that results is decided by the
same function as every other, and then probed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from outbound.causes import CA_EXAMPLE, exemption
from outbound.diagnosis import Diagnosis
from outbound.probe import ProbeReport
from outbound.route import (
    DIRECT,
    ENVIRONMENT,
    SETTING,
    ProxyAddress,
    ProxyAddressError,
    Route,
    RouteError,
    parse_proxy,
)
from outbound.secrets import mask_url
from outbound.surroundings import QUOTES
from testbank.doctor.environment import ca_variables, proxy_variables
from testbank.doctor.path import way
from testbank.doctor.report import Check, Fix, Status
from testbank.doctor.setup import Setup

GROUP = "Other routes"
CA_SETTING = "STRIPE_CA_BUNDLE"
# Where Debian, Red Hat and macOS keep the authorities that the machine's owner trusts.
SYSTEM_STORES = (
    Path("/etc/ssl/certs/ca-certificates.crt"),
    Path("/etc/pki/tls/certs/ca-bundle.crt"),
    Path("/etc/ssl/cert.pem"),
)
LOOPBACK = "loopback"


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another way to make the call. `fix` leads there, and counts once it is tested."""

    name: str
    route: Route
    fix: Fix


@dataclass(frozen=True, slots=True)
class Trial:
    """An alternative that was tried."""

    alternative: Alternative
    report: ProbeReport

    def check(self, number: int) -> Check:
        """What to say of it; one that is closed is no fault, since another route is in use."""
        diagnosis, record = self.report.diagnosis, self.report.record
        said = f"does not work here: {diagnosis.id}" if diagnosis else "works"
        return Check(
            f"other.{number}",
            GROUP,
            self.alternative.name,
            Status.SKIP if diagnosis else Status.OK,
            f"{way(self.alternative.route)} {said}",
            milliseconds=record.elapsed_seconds * 1000,
        )


def alternatives(setup: Setup, route: Route | None) -> list[Alternative]:
    """Every other route that this site could take, the one to be preferred first.

    `route` is the one in use, None where none could be decided.
    """
    found: list[Alternative] = []
    seen = {route.proxy} if route else set[ProxyAddress | None]()
    for alternative in _candidates(setup, route):
        if alternative.route.proxy not in seen:
            seen.add(alternative.route.proxy)
            found.append(alternative)
    return found


def _candidates(setup: Setup, route: Route | None) -> Iterator[Alternative]:
    if setup.asked is not None:
        yield from _own_setting(setup)
    yield from _direct(setup, route)
    if setup.decide(ENVIRONMENT, dotenv=None) if _is_loopback(setup) else False:
        return
    yield from _by_environment(setup, route)
    yield from _by_variables(setup)


def _own_setting(setup: Setup) -> Iterator[Alternative]:
    """Beside --route: what the site itself is set to."""
    try:
        route = setup.decide(setup.setting)
    except RouteError:
        return
    fix = Fix(instruction=f"Nothing: what the site is set to works ({route.describe()}).")
    yield Alternative("as set", route, fix)


def _direct(setup: Setup, route: Route | None) -> Iterator[Alternative]:
    line = exemption(route or setup.decide_direct())
    name, _equals, value = line.partition("=")
    dotenv = {**setup.surroundings.dotenv, name: value}
    after = setup.decide(value) if name == SETTING else setup.decide(setup.setting, dotenv=dotenv)
    yield Alternative("direct", after, _fix(setup, line))
