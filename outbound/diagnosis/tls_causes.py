"""Causes that lie in TLS with the far side: its certificates, and who answers in its place."""

from outbound.diagnosis.causes import (
    ASK_WHICH_DEVICE,
    CA_EXAMPLE,
    NOT_TESTED,
    SET_THE_CLOCK,
    Finding,
    exemption,
    use_a_proxy,
    via,
)
from outbound.diagnosis.certificates import CertificateFault, Owner, Reason
from outbound.route import Route
from outbound.transport.trace import short


def silent_at_tls(route: Route) -> Finding:
    """Connected, then silence in the handshake."""
    operator = f"{route.endpoint} accepted the connection{via(route)} but then stopped responding."
    if route.proxy:
        return Finding("NET-SILENT", operator, exemption(route), untested=NOT_TESTED)
    fix, untested = use_a_proxy(route)
    return Finding("NET-SILENT", operator, fix, untested=untested)


def cut_before_sending(route: Route) -> Finding:
    """Cut off at once or in the handshake, by a filter that reads the name in it."""
    operator = f"The connection to {route.endpoint}{via(route)} was closed before the TLS handshake was complete."
    fix, untested = (exemption(route), NOT_TESTED) if route.proxy else use_a_proxy(route)
    advice = "A network filter may be the cause."
    return Finding("NET-RESET", operator, fix, advice, untested, retry_useful=True)


def tls_other(route: Route, reason: str) -> Finding:
    """A handshake that failed in another way."""
    advice = f"{route.host} supports TLS 1.2 and 1.3, so a device on the network may be causing this failure."
    return _failed(route, reason, advice)


def _failed(route: Route, reason: str, advice: str = "") -> Finding:
    operator = f"The TLS handshake with {route.endpoint}{via(route)} failed ({short(reason) or 'no reason given'})."
    return Finding("NET-TLS-OTHER", operator, ASK_WHICH_DEVICE, advice)


def certificate(route: Route, fault: CertificateFault) -> Finding:
    """The far side's certificate is refused."""
    if fault.reason is Reason.UNTRUSTED:
        return _untrusted(route, fault)
    if fault.reason is Reason.OTHER_NAME:
        return _other_name(route, fault)
    if fault.reason is Reason.NOT_YET_VALID or _may_be_the_clock(fault):
        return _clock(route, fault)
    if fault.reason is Reason.OTHER:
        return _failed(route, fault.detail)
    ids = {
        Reason.EXPIRED: "NET-TLS-EXPIRED",
        Reason.WEAK: "NET-TLS-WEAK",
        Reason.INVALID: "NET-TLS-INVALID",
    }
    operator = (
        f"{_at_fault(route, fault)} {fault.detail}, so the site did not connect to {route.host}."
    )
    return Finding(ids[fault.reason], operator, _whom_to_ask(route, fault), _about_clock(fault))


def _may_be_the_clock(fault: CertificateFault) -> bool:
    """Where the far side's own certificate holds by this clock, the clock is not what is wrong."""
    return fault.reason is Reason.EXPIRED and fault.owner in {None, Owner.FAR_SIDE}


def _clock(route: Route, fault: CertificateFault) -> Finding:
    state = fault.detail or "has expired"
    operator = f"{_at_fault(route, fault)} {state}, according to this machine's clock."
    if fault.is_public or not fault.issuer:
        advice = (
            "If the clock is correct, a device on the network is responding in place of "
            f"{route.host}."
        )
    else:
        advice = (
            "If the clock is correct, ask your network administrator to replace the certificate "
            f"signed by {fault.issuer}."
        )
    return Finding("NET-TLS-CLOCK", operator, SET_THE_CLOCK, advice)


def _about_clock(fault: CertificateFault) -> str:
    if fault.reason is not Reason.EXPIRED:
        return "A device on the network intercepts TLS and can read the API key."
    return "This machine's clock is not the cause, because the server's own certificate is valid."


def _at_fault(route: Route, fault: CertificateFault) -> str:
    """Whose certificate it is, and its name."""
    if fault.owner is None:
        return f"A certificate on the route to {route.host}{via(route)}"
    if fault.owner is Owner.FAR_SIDE:
        signed = (
            "" if fault.is_public or not fault.issuer else f", signed by {short(fault.issuer)},"
        )
        return f"The certificate received for {route.host}{via(route)}{signed}"
    whose = {
        Owner.BUNDLE: "your company's CA, from STRIPE_CA_BUNDLE",
        Owner.PUBLIC: "a public CA",
        Owner.PRESENTED: "a CA certificate sent by the server",
    }[fault.owner]
    return f"The certificate of {short(fault.subject) or 'an unnamed CA'} ({whose})"


def _whom_to_ask(route: Route, fault: CertificateFault) -> str:
    if fault.owner is Owner.BUNDLE and fault.reason is Reason.EXPIRED:
        return (
            "Ask your network administrator for the CA's new certificate, and add it to the "
            "STRIPE_CA_BUNDLE file."
        )
    if fault.is_public:
        return ASK_WHICH_DEVICE
    who = "your network administrator"
    if route.proxy:
        who = f"the administrator of the proxy {route.proxy.endpoint}"
    return f"Ask {who} for a valid certificate. Programs that verify certificates reject the current one."


def _other_name(route: Route, fault: CertificateFault) -> Finding:
    names = f": {short(', '.join(fault.names))}" if fault.names else ""
    operator = (
        f"The server responding for {route.endpoint}{via(route)} has a certificate for a "
        f"different name{names}."
    )
    return Finding("NET-TLS-NAME", operator, ASK_WHICH_DEVICE)


def _untrusted(route: Route, fault: CertificateFault) -> Finding:
    """Something opens TLS on the way, or a private authority signs."""
    operator = (
        f"The certificate received for {route.host}{via(route)} is signed by {short(fault.issuer)}, "
        "which is not trusted."
        if fault.issuer
        else f"The certificate received for {route.host}{via(route)} is not signed by a trusted CA."
    )
    advice = (
        "The cause may be a company proxy that intercepts TLS and can read the API key. If so, "
        "its CA certificate, in PEM format, must be in the STRIPE_CA_BUNDLE file."
    )
    untested = ""
    if route.proxy:
        untested = (
            f"Alternatively, ask your network administrator to exempt {route.host} from TLS "
            f"inspection, or set {exemption(route)}. {NOT_TESTED}"
        )
    if not fault.bundle:
        return Finding("NET-TLS-UNTRUSTED", operator, CA_EXAMPLE, advice, untested)
    held = short("; ".join(fault.bundle))
    missing = f"certificate of {short(fault.issuer)}" if fault.issuer else "missing CA certificate"
    fix = (
        f"Ask your network administrator for the {missing}, and add it to the STRIPE_CA_BUNDLE "
        "file."
    )
    return Finding(
        "NET-TLS-UNTRUSTED", operator, fix, f"{advice} The file contains: {held}.", untested
    )
