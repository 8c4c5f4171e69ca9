"""What would mend a fault: other routes and authorities, each tried before it is advised.

An alternative is what a line in `.env` would do; the route that results is decided by the
same function as every other, and then probed.
"""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from operations.doctor.environment import ca_variables, proxy_variables
from operations.doctor.path import PATH, ROUTE, via
from operations.doctor.report import Check, Fix, Status
from operations.doctor.setup import Setup
from outbound.diagnosis.causes import PROXY_EXAMPLE, exemption
from outbound.diagnosis.probe import ProbeReport
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
from outbound.route.environment import Variable
from outbound.route.hosts import with_port
from outbound.transport import Stage
from outbound.transport.trust import SYSTEM_STORES
from testbank.stripe_settings import is_loopback

GROUP = "Other routes"
CA_SETTING = "STRIPE_CA_BUNDLE"
OTHER_KIND = re.compile(r"Use \w+:// instead of")
LINE = re.compile(r"[A-Z_]+=\S+")
UNTRUSTED_CAUSES = {"NET-TLS-UNTRUSTED", "NET-PROXY-TLS"}
# Causes that a wrong scheme in the proxy's address can produce.
MAYBE_OTHER_SCHEME = {
    "NET-PROXY-CLOSED",
    "NET-PROXY-NOT-HTTP",
    "NET-PROXY-NOT-SOCKS",
    "NET-PROXY-SILENT",
    "NET-PROXY-TLS",
}
PROXY_SCHEMES = ("http", "https", "socks5h")
LINES_THAT_WERE_TRIED = {PROXY_EXAMPLE, f"{SETTING}={DIRECT}", f"{SETTING}={ENVIRONMENT}"}
NOTHING_ELSE = "No other route works."


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another route for the call. `fix` selects it, and is untested until it was probed."""

    name: str
    route: Route
    fix: Fix


@dataclass(frozen=True, slots=True)
class AlternativeResult:
    """The probe's report for an alternative."""

    alternative: Alternative
    report: ProbeReport

    @property
    def fix(self) -> Fix:
        """The alternative's fix, marked as tested."""
        return replace(self.alternative.fix, tested=True)

    def check(self, number: int) -> Check:
        """Return the check. A route that fails is skipped, not failed: it is not in use."""
        diagnosis, record = self.report.diagnosis, self.report.record
        return Check(
            f"other.{number}",
            GROUP,
            self.alternative.name,
            Status.SKIP if diagnosis else Status.OK,
            f"{via(self.alternative.route)}: {diagnosis.id if diagnosis else 'works'}",
            milliseconds=record.elapsed_seconds * 1000,
        )


def alternatives(setup: Setup, route: Route | None) -> list[Alternative]:
    """Every other route that this site could take, the one to be preferred first.

    `route` is the one in use, None where none could be decided.
    """
    seen: set[ProxyAddress | None] = {route.proxy} if route else set()
    found: list[Alternative] = []
    for alternative in _candidates(setup):
        if alternative.route.proxy not in seen:
            seen.add(alternative.route.proxy)
            found.append(alternative)
    return found


def probe_alternative(setup: Setup, alternative: Alternative) -> AlternativeResult:
    """Probe the alternative: call the API without a key."""
    return AlternativeResult(alternative, setup.probe_route(alternative.route))


def find_fix(
    setup: Setup, route: Route | None, failed: Check, results: list[AlternativeResult]
) -> Fix:
    """Return the fix for the failed check, a tested line if one works."""
    if failed.group not in {ROUTE, PATH} or failed.id == "path.clock":
        return _untested_fix(failed)
    if failed.cause and failed.cause.id in UNTRUSTED_CAUSES and route is not None:
        fix = _ca_bundle_fix(setup, route)
        if fix is not None:
            return fix
    if failed.cause and failed.cause.id in MAYBE_OTHER_SCHEME and route is not None:
        fix = _other_scheme_fix(setup, route)
        if fix is not None:
            return fix
    working = [result.fix for result in results if result.report.reached]
    if working:
        return working[0]
    fix = _manual_fix(setup, route, failed)
    return _after_failed_trials(route, failed, fix) if results else fix


def _after_failed_trials(route: Route | None, failed: Check, fix: Fix) -> Fix:
    """Advise only what is still open: no line that leads where a trial has just failed."""
    if route is not None:
        if fix.example in {exemption(route), *LINES_THAT_WERE_TRIED}:
            fix = Fix(instruction=_ask_network_admin(route))
        elif (
            failed.cause
            and failed.cause.id in MAYBE_OTHER_SCHEME
            and OTHER_KIND.match(fix.instruction)
        ):
            fix = Fix(instruction=f"Correct the host or port of the proxy ({route.rule}).")
    if fix.example:
        return fix
    return replace(fix, instruction=f"{NOTHING_ELSE} {fix.instruction}")


def permanent_fix(setup: Setup, results: list[AlternativeResult]) -> Fix | None:
    """Return the setting for a working --route, if the site's own route does not work."""
    if setup.route_override is None or any(
        result.report.reached for result in results if _is_configured_route(result)
    ):
        return None
    own = [result for result in results if _is_configured_route(result)]
    return (
        replace(_stripe_proxy_fix(setup, setup.route_override, "--route"), tested=True)
        if own
        else None
    )


def _is_configured_route(result: AlternativeResult) -> bool:
    return result.alternative.name == "as set"


def _candidates(setup: Setup) -> Iterator[Alternative]:
    if setup.route_override is not None:
        yield from _configured_route(setup)
    yield _direct(setup)
    if is_loopback(setup.decide_direct().host):
        return
    yield from _route_of_environment(setup)
    for variable in proxy_variables(setup.environment):
        yield from _route_of_variable(setup, variable)


def _configured_route(setup: Setup) -> Iterator[Alternative]:
    """Yield the route of the site's settings, if --route overrides it."""
    try:
        route = setup.decide(setup.setting)
    except RouteError:
        return
    fix = Fix(instruction=f"No change needed: the current settings work ({route.rule}).")
    yield Alternative("as set", route, fix)


def _direct(setup: Setup) -> Alternative:
    """Return the direct route, with the line that exempts Stripe from the proxy."""
    try:
        line = exemption(setup.decide(setup.setting))
    except RouteError:
        line = exemption(setup.decide_direct())
    name, _equals, value = line.partition("=")
    if name == SETTING:
        return Alternative("direct", setup.decide(value), _line_fix(setup, line))
    dotenv = {**setup.environment.dotenv, name: value}
    return Alternative("direct", setup.decide(setup.setting, dotenv=dotenv), _line_fix(setup, line))


def _route_of_environment(setup: Setup) -> Iterator[Alternative]:
    """Yield the route of the proxy variables, if STRIPE_PROXY overrides them."""
    try:
        route = setup.decide(ENVIRONMENT)
    except RouteError:
        return
    if setup.setting != ENVIRONMENT and route.proxy:
        yield Alternative(
            route.rule.split()[0], route, _line_fix(setup, f"{SETTING}={ENVIRONMENT}")
        )


def _route_of_variable(setup: Setup, variable: Variable) -> Iterator[Alternative]:
    """Yield the route through a variable's proxy, even if the variable does not apply to https."""
    address = variable.bare
    try:
        route = setup.decide(address)
    except RouteError:
        return
    if route.proxy:
        yield Alternative(variable.name, route, _stripe_proxy_fix(setup, address, variable.where))


def _stripe_proxy_fix(setup: Setup, address: str, where: str) -> Fix:
    """Return the fix that sets STRIPE_PROXY; an address with credentials is not printed."""
    fix = _line_fix(setup, f"{SETTING}={address}")
    if address.lower() in {DIRECT, ENVIRONMENT} or not _has_credentials(address):
        return fix
    instruction = f"Copy the value of {where} to {SETTING}, and restart the site."
    return replace(fix, line="", instruction=instruction)


def _has_credentials(address: str) -> bool:
    try:
        return parse_proxy(address).username is not None
    except ProxyAddressError:
        return True


def _line_fix(setup: Setup, line: str) -> Fix:
    # All entries of NO_PROXY are united; of other settings the process's wins over `.env`.
    name = line.partition("=")[0]
    return Fix(line=line, in_process=name != "NO_PROXY" and setup.is_set_in_process(name))


def _ca_bundle_fix(setup: Setup, route: Route) -> Fix | None:
    """Return the first CA bundle on this machine with which the call succeeds."""
    bundles = list(dict.fromkeys(_known_ca_bundles(setup)))
    seconds = setup.seconds / 2

    def reached(bundle: Path) -> bool:
        return setup.probe_route(route, ca_bundle=bundle, seconds=seconds).reached

    with ThreadPoolExecutor() as pool:
        answers = pool.map(reached, bundles)
        trusted = [bundle for bundle, ok in zip(bundles, answers, strict=True) if ok]
    return replace(_line_fix(setup, f"{CA_SETTING}={trusted[0]}"), tested=True) if trusted else None


def _other_scheme_fix(setup: Setup, route: Route) -> Fix | None:
    """Return the first other scheme for the proxy in use with which the call succeeds."""
    proxy = route.proxy
    if proxy is None:
        return None
    others = [replace(proxy, scheme=kind) for kind in PROXY_SCHEMES if kind != proxy.scheme]
    seconds = setup.seconds / 2

    def reached(other: ProxyAddress) -> bool:
        return setup.probe_route(replace(route, proxy=other), seconds=seconds).reached

    with ThreadPoolExecutor() as pool:
        answers = pool.map(reached, others)
        speaking = [other for other, ok in zip(others, answers, strict=True) if ok]
    return _scheme_fix(setup, route, speaking[0], proxy.scheme) if speaking else None


def _scheme_fix(setup: Setup, route: Route, other: ProxyAddress, scheme: str) -> Fix:
    if other.username is None:
        return replace(_line_fix(setup, f"{SETTING}={other}"), tested=True)
    instruction = (
        f"Use {other.scheme}:// instead of {scheme}:// in the proxy's address ({route.rule})."
    )
    return Fix(instruction=instruction, tested=True)


def _known_ca_bundles(setup: Setup) -> Iterator[Path]:
    named = (Path(each.value.strip()) for each in ca_variables(setup.environment))
    yield from (path for path in (*named, *SYSTEM_STORES) if path.is_file())


def _manual_fix(setup: Setup, route: Route | None, failed: Check) -> Fix:
    """Return instructions for a person, if no setting is known to help."""
    if route is None:
        return _untested_fix(failed)
    here = _local_fix(setup, route) if route.is_direct else ""
    if here and failed.id == f"path.{Stage.CONNECT}":
        return Fix(instruction=here)
    if failed.cause and failed.cause.id == "NET-CAPTIVE":
        return Fix(instruction=failed.cause.advice or failed.fix)
    if failed.fix == exemption(route):
        return Fix(instruction=_ask_network_admin(route))
    return _untested_fix(failed)


def _local_fix(setup: Setup, route: Route) -> str:
    """Return instructions if the call goes to this machine or an override; empty otherwise."""
    if is_loopback(route.host):
        return f"Start the sandbox at {setup.api_base}, or correct STRIPE_API_BASE."
    for led in setup.overrides:
        if (led.host, led.port) == (route.host, route.port):
            place = with_port(led.address, led.target_port)
            return (
                f"STRIPE_RESOLVE maps {route.endpoint} to {place}. Remove this setting, or start "
                "the server that should respond at that address."
            )
    return ""


def _ask_network_admin(route: Route) -> str:
    if route.proxy is None:
        return f"Ask your network administrator how to reach {route.endpoint}."
    return (
        f"Ask your network administrator to allow HTTPS connections to {route.endpoint} through the "
        f"proxy {route.proxy.endpoint}, or to allow direct connections to {route.host}."
    )


def _untested_fix(failed: Check) -> Fix:
    """Return the cause's own advice, which was not tested."""
    is_line = LINE.fullmatch(failed.fix)
    return Fix(example=failed.fix) if is_line else Fix(instruction=failed.fix)
