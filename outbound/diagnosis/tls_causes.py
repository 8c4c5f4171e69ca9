"""Causes that lie in TLS with the far side: its certificates, and who answers in its place."""

from outbound.diagnosis.causes import (
    ASK_WHICH_DEVICE,
    CA_EXAMPLE,
    NOT_TESTED,
    Finding,
    exemption,
    use_a_proxy,
    via,
)
from outbound.diagnosis.certificates import CertificateFault, Owner, Reason
from outbound.route import Route
from outbound.transport.trace import short

SET_THE_CLOCK = "Set the clock of this machine (timedatectl set-ntp true)."


def silent_at_tls(route: Route) -> Finding:
    """Connected, then silence in the handshake."""
    operator = f"{route.endpoint} accepted the connection{via(route)} and then was silent."
    if route.proxy:
        return Finding("NET-SILENT", operator, exemption(route), untested=NOT_TESTED)
    fix, untested = use_a_proxy(route)
    return Finding("NET-SILENT", operator, fix, untested=untested)


def cut_before_sending(route: Route) -> Finding:
    """Cut off at once or in the handshake, by a filter that reads the name in it."""
    operator = f"The connection to {route.endpoint}{via(route)} was cut off before TLS began."
    fix, untested = (exemption(route), NOT_TESTED) if route.proxy else use_a_proxy(route)
    advice = "A filter between here and there does that."
    return Finding("NET-RESET", operator, fix, advice, untested, retry_useful=True)


def tls_other(route: Route, reason: str) -> Finding:
    """A handshake that failed in another way."""
    operator = (
        f"TLS with {route.endpoint}{via(route)} failed ({short(reason) or 'no reason given'})."
    )
    advice = "The far side itself speaks TLS 1.2 and 1.3."
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
        return tls_other(route, fault.detail)
    ids = {
        Reason.EXPIRED: "NET-TLS-EXPIRED",
        Reason.WEAK: "NET-TLS-WEAK",
        Reason.INVALID: "NET-TLS-INVALID",
    }
    operator = f"{_at_fault(route, fault)} {fault.detail}, so {route.host} is not trusted."
    return Finding(ids[fault.reason], operator, _whom_to_ask(route, fault), _about_clock(fault))


def _may_be_the_clock(fault: CertificateFault) -> bool:
    """Where the far side's own certificate holds by this clock, the clock is not what is wrong."""
    return fault.reason is Reason.EXPIRED and fault.owner in {None, Owner.FAR_SIDE}


def _clock(route: Route, fault: CertificateFault) -> Finding:
    state = fault.detail or "has expired"
    operator = f"{_at_fault(route, fault)} {state}, by the clock of this machine."
    if fault.is_public or not fault.issuer:
        advice = f"If the clock is right, something between here and {route.host} answers for it."
    else:
        advice = (
            f"If the clock is right, ask who runs the network to renew it: {fault.issuer} "
            "signed it."
        )
    return Finding("NET-TLS-CLOCK", operator, SET_THE_CLOCK, advice)


def _about_clock(fault: CertificateFault) -> str:
    if fault.reason is not Reason.EXPIRED:
        return "Something between here and the far side opens TLS, and can then read the API key."
    return "The clock of this machine is not what is wrong: the far side's own certificate holds."


def _at_fault(route: Route, fault: CertificateFault) -> str:
    """Whose certificate it is, and its name."""
    if fault.owner is None:
        return f"A certificate on the way to {route.host}{via(route)}"
    if fault.owner is Owner.FAR_SIDE:
        signed = (
            "" if fault.is_public or not fault.issuer else f", signed by {short(fault.issuer)},"
        )
        return f"The certificate of {route.host}{via(route)}{signed}"
    whose = {
        Owner.BUNDLE: "your company's authority, which stands in STRIPE_CA_BUNDLE",
        Owner.PUBLIC: "a public authority",
        Owner.PRESENTED: "an authority that came with the certificate",
    }[fault.owner]
    return f"{short(fault.subject) or 'An authority without a name'} ({whose})"


def _whom_to_ask(route: Route, fault: CertificateFault) -> str:
    if fault.owner is Owner.BUNDLE and fault.reason is Reason.EXPIRED:
        return (
            "Ask who runs the network for the authority's new certificate, and put it into the "
            "file that STRIPE_CA_BUNDLE names."
        )
    if fault.is_public:
        return ASK_WHICH_DEVICE
    who = f"the proxy {route.proxy.endpoint}" if route.proxy else "the network"
    return f"Ask who runs {who} for a valid certificate: programs that verify it refuse this one."


def _other_name(route: Route, fault: CertificateFault) -> Finding:
    names = f": {short(', '.join(fault.names))}" if fault.names else ""
    operator = (
        f"What answers for {route.endpoint}{via(route)} has a certificate of another name{names}."
    )
    return Finding("NET-TLS-NAME", operator, ASK_WHICH_DEVICE)


def _untrusted(route: Route, fault: CertificateFault) -> Finding:
    """Something opens TLS on the way, or a private authority signs."""
    operator = (
        f"The certificate of {route.host}{via(route)} is signed by {short(fault.issuer)}, which "
        "is not trusted here."
        if fault.issuer
        else f"The certificate of {route.host}{via(route)} is not signed by a trusted authority."
    )
    advice = (
        "A company's proxy that opens TLS does that, and can then read the API key. Its "
        "authority's certificate in PEM form is added to the public roots."
    )
    untested = ""
    if route.proxy:
        untested = f"Or ask for an exception there, or write {exemption(route)}. {NOT_TESTED}"
    if not fault.bundle:
        return Finding("NET-TLS-UNTRUSTED", operator, CA_EXAMPLE, advice, untested)
    held = short("; ".join(fault.bundle))
    fix = (
        f"Ask who runs the network for the certificate of {short(fault.issuer) or 'that authority'}, "
        "and add it to the file that STRIPE_CA_BUNDLE names."
    )
    return Finding(
        "NET-TLS-UNTRUSTED", operator, fix, f"{advice} That file holds: {held}.", untested
    )
