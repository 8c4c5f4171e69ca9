"""The group "Environment": what could send calls elsewhere, where it comes from, and whether
it does. Secrets are masked; nothing here is decided (`outbound/route/` did)."""

import netrc
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from operations.doctor.report import Check, Status
from operations.doctor.setup import Setup
from outbound.redaction import mask_url
from outbound.route import GOVERNING, Route
from outbound.route.environment import ProxyEnvironment, Variable
from outbound.route.no_proxy import NOT_UNDERSTOOD, Verdict

GROUP = "Environment"
PROXY_NAMES = ("HTTPS_PROXY", "ALL_PROXY", "HTTP_PROXY")
CA_NAMES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def environment_checks(setup: Setup, route: Route | None) -> list[Check]:
    """The proxy variables, NO_PROXY, CA variables and netrc, for a call over `route`.

    `route` is None where none could be decided.
    """
    direct = setup.decide_direct()
    variables = [
        _proxy_variable(variable, direct.scheme, setup.environment, route)
        for variable in proxy_variables(setup.environment)
    ]
    return [
        *(variables or [_no_proxy_variables()]),
        *_misspelled(),
        *(
            _no_proxy_entry(number, verdict, direct)
            for number, verdict in enumerate(direct.verdicts, 1)
        ),
        *_ca_checks(setup),
        *_netrc(setup.environment, direct.host),
    ]


def proxy_variables(environment: ProxyEnvironment) -> Iterator[Variable]:
    """Every proxy variable that is set, in any spelling; within a name, the winner first."""
    for name in PROXY_NAMES:
        yield from environment.settings_of(name)


def ca_variables(environment: ProxyEnvironment) -> Iterator[Variable]:
    """Yield the variables that name a CA bundle for other programs, such as curl."""
    for name in CA_NAMES:
        for variable in environment.settings_of(name):
            if variable.name == name:
                yield variable


def _misspelled() -> Iterator[Check]:
    for name, meant in settings.MISSPELLED_SETTINGS.items():
        yield Check(
            f"environment.misspelled.{name}",
            GROUP,
            name,
            Status.WARN,
            f"{name} (.env): not a setting",
            fix=f"Use {meant} instead of {name}.",
        )


def _no_proxy_variables() -> Check:
    *others, last = PROXY_NAMES
    summary = f"{', '.join(others)}, and {last} are not set"
    return Check("environment.proxies", GROUP, "Proxies", Status.OK, summary)


def _proxy_variable(
    variable: Variable, scheme: str, environment: ProxyEnvironment, route: Route | None
) -> Check:
    status, note = _describe_use(variable, scheme, environment, route)
    return Check(
        f"environment.{_source(variable)}.{variable.name}",
        GROUP,
        variable.name,
        status,
        f"{mask_url(variable.value.strip())} ({_from(variable)}): {note}",
    )


def _describe_use(
    variable: Variable, scheme: str, environment: ProxyEnvironment, route: Route | None
) -> tuple[Status, str]:
    """Return whether the variable decides the route, and if not, why."""
    if route is not None and route.rule == variable.where:
        return Status.OK, "determines the route"
    if variable.name.upper() not in GOVERNING[scheme]:
        return Status.SKIP, f"does not apply to {scheme} addresses"
    winner = environment.winner(*GOVERNING[scheme])
    if winner is not None and winner != variable:
        return Status.SKIP, f"not used, because {winner.where} takes precedence"
    if route is None:
        return Status.WARN, "is used, but is not valid"
    return Status.SKIP, f"not used, because {route.rule} determines the route"


def _no_proxy_entry(number: int, verdict: Verdict, direct: Route) -> Check:
    entry = verdict.entry
    said = f"matches {direct.endpoint}" if verdict.matches else f"does not match {direct.host}"
    return Check(
        f"environment.no_proxy.{number}",
        GROUP,
        entry.variable,
        _status_of_entry(verdict),
        f"{entry.text} ({'.env' if entry.source == '.env' else 'environment'}): {said}",
        detail=f"{entry.text}: {verdict.note}." if verdict.note else "",
    )


def _status_of_entry(verdict: Verdict) -> Status:
    if verdict.matches:
        return Status.WARN if verdict.differs else Status.OK
    return Status.WARN if verdict.entry.pattern.remark == NOT_UNDERSTOOD else Status.SKIP


def _ca_checks(setup: Setup) -> Iterator[Check]:
    """Yield a check for each variable; the first that names a file suggests STRIPE_CA_BUNDLE."""
    seen: set[str] = set()
    for variable in ca_variables(setup.environment):
        path = variable.value.strip()
        is_useful = setup.ca_bundle is None and path not in seen and Path(path).is_file()
        seen.add(path)
        yield _ca_variable(variable, is_useful=is_useful)


def _ca_variable(variable: Variable, *, is_useful: bool) -> Check:
    name = f"environment.{_source(variable)}.{variable.name}"
    summary = f"{variable.value.strip()} ({_from(variable)}): not used by this site"
    if not is_useful:
        return Check(name, GROUP, variable.name, Status.SKIP, summary)
    return Check(
        name,
        GROUP,
        variable.name,
        Status.SKIP,
        summary,
        detail="If the connection to Stripe needs the certificates in this file, set STRIPE_CA_BUNDLE.",
        fix=f"STRIPE_CA_BUNDLE={variable.value.strip()}",
    )


def _netrc(environment: ProxyEnvironment, host: str) -> Iterator[Check]:
    """Note netrc entries, which curl -n and requests would send instead of the API key."""
    path = _netrc_path(environment)
    try:
        known = set(netrc.netrc(str(path)).hosts)
    except FileNotFoundError:
        return
    except (netrc.NetrcParseError, OSError, UnicodeDecodeError):
        yield _about_netrc(f"{path} cannot be read: not used")
        return
    for name in sorted(known & {host, "default"}):
        summary = f"{path} has an entry for {name}: not used by this site, but used by curl -n and requests"
        yield _about_netrc(summary)


def _netrc_path(environment: ProxyEnvironment) -> Path:
    named = environment.process.get("NETRC", "")
    home = Path(environment.process.get("HOME", "/"))
    return Path(named) if named else home / ".netrc"


def _about_netrc(summary: str) -> Check:
    return Check("environment.netrc", GROUP, "netrc", Status.SKIP, summary)


def _source(variable: Variable) -> str:
    return "dotenv" if variable.source == ".env" else "process"


def _from(variable: Variable) -> str:
    return ".env" if variable.source == ".env" else "environment"
