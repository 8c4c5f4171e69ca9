"""Causes that lie with a proxy: HTTP, HTTPS or SOCKS."""

from outbound.diagnosis.causes import (
    CA_EXAMPLE,
    NOT_TESTED,
    Finding,
    exemption,
    the_proxy,
)
from outbound.diagnosis.certificates import CertificateFault, Reason
from outbound.route import SETTING, Route
from outbound.transport import ProxyAnswer
from outbound.transport.trace import short

RELAY_EXAMPLE = f"{SETTING}=http://127.0.0.1:3128"
REQUIRES_TLS = "If the proxy requires TLS, use https:// in its address."
# What a silent port may be, by the scheme that it is spoken to with.
OTHER_KINDS = {
    "http": REQUIRES_TLS,
    "https": "If the proxy does not use TLS, use http:// in its address.",
    "socks5": "If the proxy is an HTTP proxy, use http:// in its address.",
    "socks5h": "If the proxy is an HTTP proxy, use http:// in its address.",
}


def connect_refused(route: Route, answer: ProxyAnswer) -> Finding:
    """An HTTP proxy answered, and opened no tunnel."""
    if answer.status in {401, 407}:
        return _second_proxy(route, answer) or _wants_credentials(route, answer)
    words = " ".join(word for word in (answer.reason, answer.squid_error) if word)
    said = f" ({words})" if words else ""
    operator = f"{_proxy(route)} responded to CONNECT {route.endpoint} with {answer.status}{said}."
    if answer.status == 403:
        untested = (
            f"Alternatively, ask your network administrator to allow {route.endpoint} on the proxy. "
            f"{NOT_TESTED}"
        )
        return Finding("NET-PROXY-403", operator, exemption(route), untested=untested)
    if answer.status >= 500:
        return Finding(
            "NET-PROXY-STATUS",
            operator,
            exemption(route),
            f"The proxy may not be able to reach {route.host}.",
            NOT_TESTED,
            retry_useful=True,
        )
    advice = "The server at this address may not be a forward proxy, or may require you to sign in with a browser."
    return Finding(
        "NET-PROXY-STATUS", operator, f"Correct the proxy's address ({route.rule}).", advice
    )


def _second_proxy(route: Route, answer: ProxyAnswer) -> Finding | None:
    if not answer.is_of_another:
        return None
    name = f" ({answer.hops[0]})" if answer.hops else ""
    return second_proxy_wants_credentials(route, name, answer.status)


def second_proxy_wants_credentials(route: Route, name: str, status: int) -> Finding:
    """A proxy behind the one that is set wants credentials, which it does not get from there."""
    return Finding(
        "NET-PROXY-407",
        f"A second proxy{name} behind {the_proxy(route)} requires a username and password "
        f"({status}). The first proxy accepts requests from this machine.",
        f"Ask the administrator of the proxy {_endpoint(route)} to configure it to authenticate with the second "
        "proxy, or to forward your username and password.",
        f"Changing the username and password of the first proxy ({route.rule}) will not help.",
    )


def _wants_credentials(route: Route, answer: ProxyAnswer) -> Finding:
    names = ", ".join(answer.authentication_schemes)
    offered = f"authentication methods offered: {names or 'none'}"
    credentials = route.proxy.credentials if route.proxy else None
    given = "requires a username and password"
    if credentials:
        user = credentials[0].decode("utf-8", "replace")
        given = f"rejected the username “{user}” or its password"
    operator = f"{_proxy(route)} {given} ({answer.status}; {offered})."
    schemes = {scheme.lower() for scheme in answer.authentication_schemes}
    if schemes and "basic" not in schemes:
        advice = (
            "Only Basic authentication is supported. For NTLM or Negotiate, run a relay such "
            "as cntlm or px on this machine and use its address."
        )
        return Finding("NET-PROXY-407", operator, RELAY_EXAMPLE, advice)
    advice = "Percent-encode special characters in the username and password: p@ss becomes p%40ss."
    scheme = route.proxy.scheme if route.proxy else "http"
    fix = f"{SETTING}={scheme}://user:password@{_endpoint(route)}"
    return Finding("NET-PROXY-407", operator, fix, advice)


def socks_authentication(route: Route) -> Finding:
    """A SOCKS proxy wants credentials, or other ones."""
    proxy = route.proxy
    given = proxy is not None and proxy.credentials is not None
    said = (
        "did not accept the username or password" if given else "requires a username and password"
    )
    operator = f"{_proxy(route)} {said}."
    fix = f"{SETTING}={proxy.scheme}://user:password@{proxy.endpoint}" if proxy else ""
    return Finding(
        "NET-SOCKS-AUTH",
        operator,
        fix,
        "Percent-encode special characters in the username and password.",
    )


def socks_refused(route: Route, said: str) -> Finding:
    """A SOCKS proxy does not connect to the far side."""
    operator = f"{_proxy(route)} did not connect to {route.endpoint} ({said})."
    return Finding("NET-SOCKS-REFUSED", operator, exemption(route), untested=NOT_TESTED)


def not_socks(route: Route) -> Finding:
    """What listens there speaks something else than SOCKS."""
    operator = f"The server at {route.proxy} ({route.rule}) is not a SOCKS 5 proxy."
    scheme = route.proxy.scheme if route.proxy else "socks5h"
    fix = f"Use http:// instead of {scheme}:// in the proxy's address ({route.rule}), or correct the port."
    return Finding("NET-PROXY-NOT-SOCKS", operator, fix)


def proxy_silent(route: Route) -> Finding:
    """The proxy, or the way to it, does not answer."""
    other = OTHER_KINDS[route.proxy.scheme if route.proxy else "http"]
    return Finding(
        "NET-PROXY-SILENT",
        f"{_proxy(route)} did not respond.",
        f"Correct the host or port of the proxy ({route.rule}).",
        "A firewall may be dropping packets, or the proxy may be down.",
        other,
    )


def proxy_tls(route: Route) -> Finding:
    """TLS with an https:// proxy failed before any certificate."""
    operator = f"The TLS handshake with {the_proxy(route)} failed."
    fix = f"Use http:// instead of https:// in the proxy's address ({route.rule})."
    return Finding("NET-PROXY-TLS", operator, fix, "Most proxies do not use TLS.")


def proxy_certificate(route: Route, fault: CertificateFault) -> Finding:
    """An https:// proxy's own certificate is refused."""
    operator = f"The TLS handshake with {the_proxy(route)} failed: {_about_certificate(fault)}."
    if fault.reason in {Reason.UNTRUSTED, Reason.OTHER}:
        advice = (
            "Ask the proxy's administrator for its CA certificate in PEM format, and add it to the "
            "STRIPE_CA_BUNDLE file."
        )
        return Finding("NET-PROXY-TLS", operator, CA_EXAMPLE, advice)
    if fault.reason is Reason.OTHER_NAME:
        fix = f"In the proxy's address ({route.rule}), use the name from the certificate."
        return Finding("NET-PROXY-TLS", operator, fix)
    fix = f"Ask the administrator of the proxy {_endpoint(route)} for a valid certificate."
    return Finding(
        "NET-PROXY-TLS", operator, fix, "If this machine's clock is wrong, correct it first."
    )


def _about_certificate(fault: CertificateFault) -> str:
    signer = f"by {fault.issuer}, which" if fault.issuer else "by a CA that"
    if fault.reason is Reason.UNTRUSTED:
        return f"its certificate is signed {signer} is not trusted"
    if fault.reason is Reason.OTHER_NAME:
        return f"its certificate is for {', '.join(fault.names) or 'a different name'}"
    if fault.reason is Reason.OTHER:
        return f"its certificate was rejected ({short(fault.detail) or 'no reason given'})"
    return (
        "its certificate, or the certificate of a CA in its chain "
        f"({fault.subject or 'not named'}), {fault.detail}"
    )


def proxy_closed(route: Route) -> Finding:
    """The proxy hung up before it had answered."""
    operator = f"{_proxy(route)} closed the connection before responding."
    advice = "The port may not belong to a proxy, or the proxy may have no free connections."
    fix = f"Correct the proxy's address ({route.rule}), or check the proxy's log."
    return Finding("NET-PROXY-CLOSED", operator, fix, advice, REQUIRES_TLS, retry_useful=True)


def proxy_not_http(route: Route) -> Finding:
    """What listens there is no HTTP proxy."""
    operator = f"The server at {route.proxy} ({route.rule}) is not an HTTP proxy."
    fix = f"Correct the proxy's port ({route.rule})."
    untested = "If the server is a SOCKS proxy, use socks5h:// in the address."
    return Finding("NET-PROXY-NOT-HTTP", operator, fix, untested=untested)


def _proxy(route: Route) -> str:
    text = the_proxy(route)
    return text[:1].upper() + text[1:]


def _endpoint(route: Route) -> str:
    return route.proxy.endpoint if route.proxy else ""
