"""Decide whether a call goes through a proxy, through which one, and by which rule.

Nothing below this module reads the environment again. `transport` carries the decision out;
`no_proxy.py` reads NO_PROXY.
"""

from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from outbound.redaction import MASK, mask_url
from outbound.route.environment import ProxyEnvironment, Variable, bare
from outbound.route.hosts import normal_host, with_port
from outbound.route.no_proxy import Target, Verdict, judge, read_entries
from outbound.route.proxy_address import (
    ProxyAddress,
    ProxyAddressError,
    RouteError,
    corrected,
    parse_proxy,
)

SETTING = "STRIPE_PROXY"
ENVIRONMENT = "environment"
DIRECT = "direct"
PORTS = {"http": 80, "https": 443}
GOVERNING = {"https": ("HTTPS_PROXY", "ALL_PROXY"), "http": ("HTTP_PROXY", "ALL_PROXY")}


@dataclass(frozen=True, slots=True)
class Route:
    """How one call goes to `host` and `port`. Its text is masked.

    `rule` is the setting that decided, in few words; `reason` the sentence for people.
    `verdicts` has one for each entry of NO_PROXY, also where another rule decided.
    """

    host: str
    port: int
    scheme: str
    proxy: ProxyAddress | None
    rule: str
    reason: str
    warnings: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()

    @property
    def is_direct(self) -> bool:
        """True where no proxy takes part."""
        return self.proxy is None

    @property
    def endpoint(self) -> str:
        """`host:port` of the far side."""
        return with_port(self.host, self.port)

    def describe(self) -> str:
        """One masked line: where to, through what, and why."""
        way = f"through {self.proxy}" if self.proxy else "directly"
        return f"{self.endpoint} {way} ({self.rule})"


@dataclass(frozen=True, slots=True)
class _Choice:
    """What one rule decided: the fields of a Route that do not depend on its target."""

    proxy: ProxyAddress | None
    rule: str
    reason: str
    warnings: tuple[str, ...] = ()


def decide(url: str, *, setting: str = ENVIRONMENT, environment: ProxyEnvironment) -> Route:
    """Decide how a call to `url` leaves this machine.

    `setting` is `environment`, `direct`, or a proxy's address, which then wins over
    NO_PROXY. Raises: RouteError, and nothing else, with a sentence for the operator.
    """
    scheme, target = _target(url)
    verdicts = judge(read_entries(environment), target)
    choice = _by_setting(setting.strip()) or _by_target(target)
    choice = choice or _by_no_proxy(verdicts) or _by_variables(scheme, environment)
    return Route(
        host=target.host,
        port=target.port,
        scheme=scheme,
        proxy=choice.proxy,
        rule=choice.rule,
        reason=choice.reason,
        warnings=choice.warnings,
        verdicts=verdicts,
    )


def _target(url: str) -> tuple[str, Target]:
    try:
        parts = urlsplit(url)
        host, port = normal_host(parts.hostname or ""), parts.port
    except ValueError:
        host, port = None, None
    if host is None or parts.scheme not in PORTS or parts.username is not None:
        raise RouteError(
            f"{mask_url(url)!r} is not a valid address. Use http:// or https://, followed by a host."
        )
    return parts.scheme, Target(host, PORTS[parts.scheme] if port is None else port)


def _by_setting(setting: str) -> _Choice | None:
    word = bare(setting, SETTING).lower()
    if word in {"", ENVIRONMENT}:
        return None
    if word == DIRECT:
        return _Choice(None, f"{SETTING}=direct", f"{SETTING} is set to direct.")
    proxy = parse_setting(setting)
    reason = f"{SETTING} names the proxy {proxy.endpoint} and takes precedence over NO_PROXY."
    return _Choice(proxy, SETTING, reason, _warnings_about(proxy, SETTING))


def _by_target(target: Target) -> _Choice | None:
    """Loopback is never sent to a proxy, which would call itself by that name."""
    address = target.address
    name_is_local = target.host == "localhost" or target.host.endswith(".localhost")
    if not (name_is_local or (address is not None and address.is_loopback)):
        return None
    return _Choice(None, "loopback", f"{target.host} is this machine.")


def _by_no_proxy(verdicts: tuple[Verdict, ...]) -> _Choice | None:
    matching = [verdict for verdict in verdicts if verdict.matches]
    if not matching:
        return None
    # Prefer an entry that other programs read the same way, so that nobody is warned needlessly.
    verdict = min(matching, key=lambda verdict: verdict.differs)
    about = verdict.entry.describe()
    warnings = (f"{about}: {verdict.note}.",) if verdict.differs else ()
    return _Choice(
        None,
        f"NO_PROXY: {verdict.entry.text}",
        f"{about} exempts the host from the proxy.",
        warnings,
    )


def _by_variables(scheme: str, environment: ProxyEnvironment) -> _Choice:
    names = GOVERNING[scheme]
    variable = _governing(names, environment)
    if variable is None:
        reason = f"Neither {' nor '.join(names)} is set."
        return _Choice(None, "no proxy set", reason, _warnings_about_http(scheme, environment))
    proxy = _parse(variable.bare, variable.name, variable.where)
    reason = f"{variable.where} names the proxy {proxy.endpoint}."
    warnings = (
        *_warnings_about(proxy, variable.where),
        *_warnings_about_quotes(variable),
        *_warnings_about_others(variable, proxy, names, environment),
    )
    return _Choice(proxy, variable.where, reason, warnings)


def _governing(names: tuple[str, ...], environment: ProxyEnvironment) -> Variable | None:
    for name in names:
        for variable in environment.settings_of(name):
            if not _is_a_request_header(variable, environment):
                return variable
    return None


def _is_a_request_header(variable: Variable, environment: ProxyEnvironment) -> bool:
    """Under CGI, HTTP_PROXY is the client's header `Proxy:`. Source: https://httpoxy.org"""
    return variable.name == "HTTP_PROXY" and "REQUEST_METHOD" in environment.process


def parse_setting(setting: str) -> ProxyAddress:
    """Read a STRIPE_PROXY that is an address. Raises: ProxyAddressError, with the line to write."""
    return _parse(bare(setting, SETTING), SETTING, SETTING)


def _parse(text: str, name: str, where: str) -> ProxyAddress:
    try:
        return parse_proxy(text)
    except ProxyAddressError as error:
        meant = corrected(text)
        line = f" Use {name}={meant}" if meant else ""
        if line:
            line += f", and replace {MASK} with your password." if MASK in line else " instead."
        raise ProxyAddressError(f"{where} is not a valid proxy address. {error}{line}") from None


def _warnings_about(proxy: ProxyAddress, where: str) -> tuple[str, ...]:
    if proxy.resolves_names:
        return ()
    return (
        f"{where} begins with socks5://, so host names are resolved on this machine. If only "
        f"the proxy can resolve them, use {where.split(maxsplit=1)[0]}={replace(proxy, scheme='socks5h')}",
    )


def _warnings_about_quotes(variable: Variable) -> tuple[str, ...]:
    if variable.is_bare:
        return ()
    return (
        f"{variable.where} contains quotes or a pasted command, which other programs read as "
        f"part of the value. Use {variable.name}={mask_url(variable.bare)}",
    )


def _warnings_about_others(
    winner: Variable, proxy: ProxyAddress, names: tuple[str, ...], environment: ProxyEnvironment
) -> tuple[str, ...]:
    """Warn of variables that name another proxy: somebody expects them to be in force."""
    others = (variable for name in names for variable in environment.settings_of(name))
    return tuple(
        f"{other.where} names another proxy and is not used, because {winner.where} takes "
        f"precedence. Remove one of them, or set the proxy to use: {SETTING}={proxy}"
        for other in others
        if other != winner and not _is_same(other, proxy)
    )


def _is_same(variable: Variable, proxy: ProxyAddress) -> bool:
    try:
        return parse_proxy(variable.bare) == proxy
    except ProxyAddressError:
        return False


def _warnings_about_http(scheme: str, environment: ProxyEnvironment) -> tuple[str, ...]:
    variable = environment.winner("HTTP_PROXY")
    if scheme == "http" or variable is None:
        return ()
    meant = corrected(variable.bare)
    line = f" If you need a proxy, set HTTPS_PROXY={meant}" if meant else ""
    return (f"{variable.where} does not apply to https addresses, so no proxy is used.{line}",)
