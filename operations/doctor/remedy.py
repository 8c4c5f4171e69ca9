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
from operations.doctor.path import PATH, ROUTE, way
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
OTHER_KIND = re.compile(r"Write \w+:// instead of")
LINE = re.compile(r"[A-Z_]+=\S+")
UNTRUSTED = {"NET-TLS-UNTRUSTED", "NET-PROXY-TLS"}
# What a proxy looks like that is spoken to in the wrong way.
MAYBE_OF_ANOTHER_KIND = {
    "NET-PROXY-CLOSED",
    "NET-PROXY-NOT-HTTP",
    "NET-PROXY-NOT-SOCKS",
    "NET-PROXY-SILENT",
    "NET-PROXY-TLS",
}
KINDS = ("http", "https", "socks5h")
LINES_THAT_WERE_TRIED = {PROXY_EXAMPLE, f"{SETTING}={DIRECT}", f"{SETTING}={ENVIRONMENT}"}
NOTHING_ELSE = "No other route works."


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

    @property
    def fix(self) -> Fix:
        """What leads there, now that it is tested."""
        return replace(self.alternative.fix, tested=True)

    def check(self, number: int) -> Check:
        """What to say of it; one that is closed is no fault, since another route is in use."""
        diagnosis, record = self.report.diagnosis, self.report.record
        return Check(
            f"other.{number}",
            GROUP,
            self.alternative.name,
            Status.SKIP if diagnosis else Status.OK,
            f"{way(self.alternative.route)}: {diagnosis.id if diagnosis else 'works'}",
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


def try_alternative(setup: Setup, alternative: Alternative) -> Trial:
    """Make the call over it, without a key."""
    return Trial(alternative, setup.try_route(alternative.route))


def remedy(setup: Setup, route: Route | None, failed: Check, trials: list[Trial]) -> Fix:
    """What mends the check that failed: a tested line where there is one."""
    if failed.group not in {ROUTE, PATH} or failed.id == "path.clock":
        return _suggested(failed)
    if failed.cause and failed.cause.id in UNTRUSTED and route is not None:
        fix = _trusted_authority(setup, route)
        if fix is not None:
            return fix
    if failed.cause and failed.cause.id in MAYBE_OF_ANOTHER_KIND and route is not None:
        fix = _other_kind(setup, route)
        if fix is not None:
            return fix
    working = [trial.fix for trial in trials if trial.report.reached]
    if working:
        return working[0]
    fix = _for_people(setup, route, failed)
    return _after_failed_trials(route, failed, fix) if trials else fix


def _after_failed_trials(route: Route | None, failed: Check, fix: Fix) -> Fix:
    """Advise only what is still open: no line that leads where a trial has just failed."""
    if route is not None:
        if fix.example in {exemption(route), *LINES_THAT_WERE_TRIED}:
            fix = Fix(instruction=_ask_for(route))
        elif (
            failed.cause
            and failed.cause.id in MAYBE_OF_ANOTHER_KIND
            and OTHER_KIND.match(fix.instruction)
        ):
            fix = Fix(instruction=f"Correct the host or port in {route.rule}.")
    if fix.example:
        return fix
    return replace(fix, instruction=f"{NOTHING_ELSE} {fix.instruction}")


def lasting(setup: Setup, trials: list[Trial]) -> Fix | None:
    """What makes a --route that works last, where what the site is set to does not work."""
    if setup.asked is None or any(trial.report.reached for trial in trials if _is_own(trial)):
        return None
    own = [trial for trial in trials if _is_own(trial)]
    return replace(_naming(setup, setup.asked, "--route"), tested=True) if own else None


def _is_own(trial: Trial) -> bool:
    return trial.alternative.name == "as set"


def _candidates(setup: Setup) -> Iterator[Alternative]:
    if setup.asked is not None:
        yield from _own_setting(setup)
    yield _direct(setup)
    if is_loopback(setup.decide_direct().host):
        return
    yield from _by_environment(setup)
    for variable in proxy_variables(setup.environment):
        yield from _through(setup, variable)


def _own_setting(setup: Setup) -> Iterator[Alternative]:
    """Beside --route: what the site itself is set to."""
    try:
        route = setup.decide(setup.setting)
    except RouteError:
        return
    fix = Fix(instruction=f"No change needed: the current settings work ({route.rule}).")
    yield Alternative("as set", route, fix)


def _direct(setup: Setup) -> Alternative:
    """What the line that takes Stripe out of the proxy's hands would do."""
    try:
        line = exemption(setup.decide(setup.setting))
    except RouteError:
        line = exemption(setup.decide_direct())
    name, _equals, value = line.partition("=")
    if name == SETTING:
        return Alternative("direct", setup.decide(value), _line(setup, line))
    dotenv = {**setup.environment.dotenv, name: value}
    return Alternative("direct", setup.decide(setup.setting, dotenv=dotenv), _line(setup, line))


def _by_environment(setup: Setup) -> Iterator[Alternative]:
    """Beside a STRIPE_PROXY that decides: what the variables would say."""
    try:
        route = setup.decide(ENVIRONMENT)
    except RouteError:
        return
    if setup.setting != ENVIRONMENT and route.proxy:
        yield Alternative(route.rule.split()[0], route, _line(setup, f"{SETTING}={ENVIRONMENT}"))


def _through(setup: Setup, variable: Variable) -> Iterator[Alternative]:
    """A proxy that some variable names, whether or not that variable governs."""
    address = variable.bare
    try:
        route = setup.decide(address)
    except RouteError:
        return
    if route.proxy:
        yield Alternative(variable.name, route, _naming(setup, address, variable.where))


def _naming(setup: Setup, address: str, where: str) -> Fix:
    """STRIPE_PROXY with this value; credentials are not shown but told where to find."""
    fix = _line(setup, f"{SETTING}={address}")
    if address.lower() in {DIRECT, ENVIRONMENT} or not _has_credentials(address):
        return fix
    instruction = f"Copy the value of {where} to {SETTING}, and restart the site."
    return replace(fix, line="", instruction=instruction)


def _has_credentials(address: str) -> bool:
    try:
        return parse_proxy(address).username is not None
    except ProxyAddressError:
        return True


def _line(setup: Setup, line: str) -> Fix:
    # All entries of NO_PROXY are united; of other settings the process's wins over `.env`.
    name = line.partition("=")[0]
    return Fix(line=line, in_process=name != "NO_PROXY" and setup.stands_in_process(name))


def _trusted_authority(setup: Setup, route: Route) -> Fix | None:
    """The first authority known to this machine with which the call succeeds."""
    bundles = list(dict.fromkeys(_known_bundles(setup)))
    seconds = setup.seconds / 2

    def reached(bundle: Path) -> bool:
        return setup.try_route(route, ca_bundle=bundle, seconds=seconds).reached

    with ThreadPoolExecutor() as pool:
        answers = pool.map(reached, bundles)
        trusted = [bundle for bundle, ok in zip(bundles, answers, strict=True) if ok]
    return replace(_line(setup, f"{CA_SETTING}={trusted[0]}"), tested=True) if trusted else None


def _other_kind(setup: Setup, route: Route) -> Fix | None:
    """The first other way of speaking to the proxy in use with which the call succeeds."""
    proxy = route.proxy
    if proxy is None:
        return None
    others = [replace(proxy, scheme=kind) for kind in KINDS if kind != proxy.scheme]
    seconds = setup.seconds / 2

    def reached(other: ProxyAddress) -> bool:
        return setup.try_route(replace(route, proxy=other), seconds=seconds).reached

    with ThreadPoolExecutor() as pool:
        answers = pool.map(reached, others)
        speaking = [other for other, ok in zip(others, answers, strict=True) if ok]
    return _spoken_to_as(setup, route, speaking[0], proxy.scheme) if speaking else None


def _spoken_to_as(setup: Setup, route: Route, other: ProxyAddress, scheme: str) -> Fix:
    if other.username is None:
        return replace(_line(setup, f"{SETTING}={other}"), tested=True)
    instruction = f"Write {other.scheme}:// instead of {scheme}:// in {route.rule}."
    return Fix(instruction=instruction, tested=True)


def _known_bundles(setup: Setup) -> Iterator[Path]:
    named = (Path(each.value.strip()) for each in ca_variables(setup.environment))
    yield from (path for path in (*named, *SYSTEM_STORES) if path.is_file())


def _for_people(setup: Setup, route: Route | None, failed: Check) -> Fix:
    """What a person must do where no line is known to help."""
    if route is None:
        return _suggested(failed)
    here = _about_this_machine(setup, route) if route.is_direct else ""
    if here and failed.id == f"path.{Stage.CONNECT}":
        return Fix(instruction=here)
    if failed.cause and failed.cause.id == "NET-CAPTIVE":
        return Fix(instruction=failed.cause.advice or failed.fix)
    if failed.fix == exemption(route):
        return Fix(instruction=_ask_for(route))
    return _suggested(failed)


def _about_this_machine(setup: Setup, route: Route) -> str:
    """What to do where the call is redirected to a place of our own; empty where it is not."""
    if is_loopback(route.host):
        return f"Start the sandbox at {setup.api_base}, or correct STRIPE_API_BASE."
    for led in setup.overrides:
        if (led.host, led.port) == (route.host, route.port):
            place = with_port(led.address, led.target_port)
            return (
                f"STRIPE_RESOLVE leads {route.endpoint} to {place}: remove that line, or start "
                "the server that should respond there."
            )
    return ""


def _ask_for(route: Route) -> str:
    if route.proxy is None:
        return f"Ask who runs the network which way leads to {route.endpoint} from here."
    return (
        f"Ask who runs the network to allow CONNECT {route.endpoint} on the proxy "
        f"{route.proxy.endpoint}, or direct connections to it."
    )


def _suggested(failed: Check) -> Fix:
    """The cause's own advice, which could not be tested here."""
    is_line = LINE.fullmatch(failed.fix)
    return Fix(example=failed.fix) if is_line else Fix(instruction=failed.fix)
