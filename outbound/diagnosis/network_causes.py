"""Causes that lie on the way: names, connections, answers, and who answers in between."""

from pathlib import Path

from outbound.diagnosis.causes import (
    ASK_WHICH_DEVICE,
    CA_EXAMPLE,
    NOT_TESTED,
    TRY_AGAIN,
    Finding,
    exemption,
    the_proxy,
    use_a_proxy,
    via,
)
from outbound.diagnosis.proxy_causes import proxy_silent
from outbound.route import Route
from outbound.transport import CallRecord, Stage

IF_IT_GOES_ON = (
    "If this keeps happening, a device on the network may be cutting off responses. Ask your network "
    "administrator."
)
SIGN_IN = "Sign in to the network, or ask your network administrator for access."


def ca_bundle(reason: str, converted: Path | None) -> Finding:
    """The operator's own authorities cannot be read; `converted` is the file to use instead."""
    fix = f"STRIPE_CA_BUNDLE={converted}" if converted else CA_EXAMPLE
    return Finding("NET-CA-BUNDLE", f"{reason}.", fix, "The file must contain PEM certificates.")


def busy(route: Route) -> Finding:
    """The limit on calls at once was reached."""
    return Finding(
        "NET-BUSY",
        f"The limit on concurrent calls to {route.host} was reached, and no call finished in time.",
        "STRIPE_MAX_CALLS=16",
        "If earlier calls also failed, fix the cause of those failures first. Calls that are "
        "waiting for a response count toward this limit.",
    )


def no_time(route: Route) -> Finding:
    """The deadline had passed before the call could begin."""
    operator = f"The deadline passed before the call to {route.host} could start."
    return Finding(
        "NET-DEADLINE",
        operator,
        "STRIPE_DEADLINE=20",
        "Check the log for earlier calls that used up the time.",
    )


def resolver_silent(route: Route) -> Finding:
    """The look-up of a name took longer than the call may."""
    name = route.proxy.host if route.proxy and route.proxy.resolves_names else route.host
    return Finding(
        "NET-DNS-SILENT",
        f"The DNS lookup for {name} timed out.",
        "Check this machine's DNS servers (/etc/resolv.conf).",
    )


def name_not_found(route: Route, *, may_pass: bool) -> Finding:
    """There is no address for the first hop."""
    if route.proxy:
        return Finding(
            "NET-PROXY-DNS",
            f"The host name of {the_proxy(route)} could not be resolved.",
            f"Correct the proxy's host name ({route.rule}).",
            "If the site runs in a container, the container may not be able to resolve names that the "
            "host machine can resolve.",
            retry_useful=may_pass,
        )
    fix, untested = use_a_proxy(route)
    return Finding(
        "NET-DNS",
        f"The host name {route.host} could not be resolved ({route.rule}).",
        fix,
        "On a network that requires a proxy, machines often cannot resolve external host names, "
        "because the proxy resolves them.",
        untested,
        retry_useful=may_pass,
    )


def target_not_found_beside_socks(route: Route) -> Finding:
    """socks5:// looks names up on this machine, where the name is unknown."""
    operator = (
        f"The host name {route.host} could not be resolved on this machine. With socks5://, the "
        "proxy does not resolve it."
    )
    return Finding(
        "NET-DNS",
        operator,
        f"Use socks5h:// instead of socks5:// in the proxy's address ({route.rule}).",
    )


def refused(route: Route) -> Finding:
    """Nobody listens at the first hop."""
    if route.proxy:
        return Finding(
            "NET-PROXY-REFUSED",
            f"No proxy is listening at {route.proxy} ({route.rule}).",
            f"Correct the host or port of the proxy ({route.rule}), or start the proxy.",
            retry_useful=True,
        )
    fix, untested = use_a_proxy(route)
    operator = f"{route.endpoint} refused the connection ({route.rule})."
    return Finding("NET-REFUSED", operator, fix, untested=untested, retry_useful=True)


def silent_at_connect(route: Route) -> Finding:
    """The first hop does not answer at all."""
    if route.proxy:
        return proxy_silent(route)
    fix, untested = use_a_proxy(route)
    operator = (
        f"{route.endpoint} did not respond ({route.rule}). A firewall may be dropping packets."
    )
    return Finding("NET-SILENT", operator, fix, untested=untested)


def unreachable(route: Route) -> Finding:
    """The network says that there is no way to the first hop."""
    if route.proxy:
        return Finding(
            "NET-PROXY-UNREACHABLE",
            f"This machine has no network route to {the_proxy(route)}.",
            f"Correct the proxy's host ({route.rule}), or fix this machine's network configuration.",
            retry_useful=True,
        )
    fix, untested = use_a_proxy(route)
    operator = f"This machine has no network route to {route.endpoint} ({route.rule})."
    return Finding("NET-UNREACHABLE", operator, fix, untested=untested, retry_useful=True)


def closed_without_answer(route: Route) -> Finding:
    """Closed or reset after the request, without an answer: ssl does not always tell which."""
    operator = (
        f"The connection to {route.endpoint}{via(route)} was closed after the request was sent but "
        "before a response arrived."
    )
    return Finding("NET-NO-ANSWER", operator, TRY_AGAIN, IF_IT_GOES_ON, retry_useful=True)


def no_answer(route: Route, record: CallRecord) -> Finding:
    """Silence after the request."""
    seconds = f"{record.elapsed_seconds:.1f} s"
    operator = (
        f"{route.endpoint} accepted the request{via(route)} but did not respond within {seconds}."
    )
    advice = "If this happens often, check https://status.stripe.com."
    return Finding("NET-NO-ANSWER", operator, "STRIPE_DEADLINE=20", advice, retry_useful=True)


def answer_not_http(route: Route) -> Finding:
    """What came back is not HTTP."""
    operator = f"The response from {route.endpoint}{via(route)} is not HTTP."
    return Finding("NET-CAPTIVE", operator, ASK_WHICH_DEVICE)


def cut(route: Route) -> Finding:
    """The answer ended before its end."""
    operator = f"The response from {route.endpoint}{via(route)} was cut off."
    return Finding("NET-CUT", operator, TRY_AGAIN, IF_IT_GOES_ON, retry_useful=True)


def deadline(route: Route, record: CallRecord) -> Finding:
    """An answer was coming, too slowly."""
    seconds = f"{record.deadline_seconds:g} s"
    operator = f"The response from {route.endpoint}{via(route)} was not complete within {seconds}."
    return Finding(
        "NET-DEADLINE", operator, "STRIPE_DEADLINE=20", "The connection may be very slow."
    )


def portal(route: Route, *, status: int, title: str = "", location: str = "") -> Finding:
    """Something on the way answered for the API: a sign-in page, a block page, a redirect."""
    operator = _in_its_place(route, status, title, location)
    if route.proxy:
        return Finding("NET-CAPTIVE", operator, exemption(route), SIGN_IN, NOT_TESTED)
    return Finding("NET-CAPTIVE", operator, SIGN_IN)


def gateway(route: Route, *, status: int, title: str) -> Finding:
    """A proxy or gateway on the way answered 5xx with a page of its own."""
    operator = _in_its_place(route, status, title)
    fix = "Check the logs of the proxy or gateway."
    return Finding("NET-GATEWAY", operator, fix, retry_useful=True)


def _in_its_place(route: Route, status: int, title: str, location: str = "") -> str:
    parts = [f"status {status}"] if status else []
    if title or not status:
        parts.append(f"a page titled “{title}”" if title else "a page")
    if location:
        parts.append(f"a redirect to {location}")
    response = " and ".join(parts) if len(parts) < 3 else f"{parts[0]}, {parts[1]}, and {parts[2]}"
    return (
        f"A device on the route to {route.endpoint}{via(route)} responded instead of the server, "
        f"with {response}."
    )


def unknown(route: Route, stage: Stage, kind: str) -> Finding:
    """None of the others."""
    operator = f"The call to {route.endpoint}{via(route)} failed at the {stage} stage ({kind})."
    return Finding(
        "UNKNOWN",
        operator,
        "Run `manage.py doctor`, and include its output when you report this problem.",
    )
