"""The closed set of causes: their ids, what is said of each, and the setting that mends it.

Which cause it is, is found in `diagnosis.py`. What is not known is not claimed: whether
another route would work is the doctor's to try.
"""

import re
from dataclasses import dataclass

from outbound.route.decision import DIRECT, ENVIRONMENT, SETTING, Route
from outbound.route.environment import DOTENV
from outbound.transport.trace import CallRecord, ProxyAnswer, Stage, short

# All that a diagnosis can be called. Logs, incidents and the manual refer to these.
IDS = frozenset(
    """
    NET-BUSY NET-CA-BUNDLE NET-CAPTIVE NET-CUT NET-DEADLINE NET-DNS NET-DNS-SILENT NET-GATEWAY
    NET-NO-ANSWER NET-PROXY-403 NET-PROXY-407 NET-PROXY-ADDRESS NET-PROXY-CLOSED NET-PROXY-DNS
    NET-PROXY-NOT-HTTP NET-PROXY-NOT-SOCKS NET-PROXY-REFUSED NET-PROXY-SILENT NET-PROXY-STATUS
    NET-PROXY-TLS NET-PROXY-UNREACHABLE NET-REFUSED NET-RESET NET-SILENT NET-SOCKS-AUTH
    NET-SOCKS-REFUSED NET-TLS-CLOCK NET-TLS-NAME NET-TLS-OTHER NET-TLS-UNTRUSTED
    NET-UNREACHABLE API-400 API-401 API-403 API-409 API-429 API-5XX UNKNOWN
    """.split()
)
PROXY_EXAMPLE = f"{SETTING}=http://proxy.example:3128"
RELAY_EXAMPLE = f"{SETTING}=http://127.0.0.1:3128"
CA_EXAMPLE = "STRIPE_CA_BUNDLE=/path/to/company-ca.pem"
# What a silent port may be, by the scheme that it is spoken to with.
OTHER_KINDS = {
    "http": "may speak TLS only (then the address begins with https://)",
    "https": "may speak without TLS (then the address begins with http://)",
    "socks5": "may be an HTTP proxy's (then the address begins with http://)",
    "socks5h": "may be an HTTP proxy's (then the address begins with http://)",
}
NOT_TESTED = "Whether the direct way is open was not tested here; `manage.py doctor` tests it."
IF_IT_GOES_ON = "If it goes on, something on the way cuts answers off: ask who runs the network."
ASK_FOR_PROXY = (
    "Where calls leave this network through a proxy only, write its address; it was not "
    "tested whether there is one."
)
TITLE = re.compile(rb"<title[^>]{0,200}>([^<]{0,200})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Finding:
    """A cause in words, before it is put beside what the call had done."""

    id: str
    operator: str
    fix: str
    advice: str = ""
    retry_useful: bool = False


def exemption(route: Route) -> str:
    """The line that takes the far side out of the proxy's hands."""
    if route.rule == SETTING:
        return f"{SETTING}={DIRECT}"
    labels = route.host.split(".")
    name = (
        f".{'.'.join(labels[1:])}" if len(labels) > 2 and not labels[-1].isdigit() else route.host
    )
    written = [verdict.entry.text for verdict in route.verdicts if verdict.entry.source == DOTENV]
    return f"NO_PROXY={','.join([*written, name])}"


def _use_a_proxy(route: Route) -> tuple[str, str]:
    """Fix and advice where the direct way is closed."""
    if route.rule == f"{SETTING}={DIRECT}":
        return f"{SETTING}={ENVIRONMENT}", "The proxy variables then decide. " + ASK_FOR_PROXY
    if route.rule.startswith("NO_PROXY"):
        return PROXY_EXAMPLE, f"{route.reason} {SETTING} wins over it. {ASK_FOR_PROXY}"
    return PROXY_EXAMPLE, ASK_FOR_PROXY


def _proxy(route: Route) -> str:
    return f"the proxy {route.proxy} ({route.rule})"


def ca_bundle(reason: str) -> Finding:
    """The operator's own authority cannot be read."""
    return Finding("NET-CA-BUNDLE", f"{reason}.", CA_EXAMPLE, "The file holds PEM certificates.")


def busy(route: Route) -> Finding:
    """The bound on calls at once was reached."""
    return Finding(
        "NET-BUSY",
        f"As many calls to {route.host} as may be were under way, and none ended in time.",
        "STRIPE_MAX_CALLS=16",
        "If the calls before this one failed too, mend their cause first: they wait for it.",
    )


def no_time(route: Route) -> Finding:
    """The deadline had passed before the call could begin."""
    operator = f"No time was left for a call to {route.host}."
    return Finding("NET-DEADLINE", operator, "STRIPE_DEADLINE=20", "Look at the calls before it.")


def resolver_silent(route: Route) -> Finding:
    """The look-up of a name took longer than the call may."""
    name = route.proxy.host if route.proxy and route.proxy.resolves_names else route.host
    return Finding(
        "NET-DNS-SILENT",
        f"The look-up of the name {name} was not answered in time.",
        "Check the name servers of this machine (/etc/resolv.conf).",
    )


def name_not_found(route: Route, *, may_pass: bool) -> Finding:
    """No address for the first hop."""
    if route.proxy:
        return Finding(
            "NET-PROXY-DNS",
            f"The name of {_proxy(route)} was not found.",
            f"Correct the host name in {route.rule}.",
            "In a container, names of the host's network may be unknown.",
            retry_useful=may_pass,
        )
    fix, advice = _use_a_proxy(route)
    return Finding(
        "NET-DNS",
        f"The name {route.host} was not found, and no proxy is in use ({route.rule}).",
        fix,
        f"In a network with a proxy that is expected: the proxy looks names up. {advice}",
        retry_useful=may_pass,
    )


def refused(route: Route) -> Finding:
    """Nobody listens at the first hop."""
    if route.proxy:
        return Finding(
            "NET-PROXY-REFUSED",
            f"Nothing listens at {_proxy(route)}.",
            f"Correct the host or the port in {route.rule}, or start the proxy.",
            retry_useful=True,
        )
    fix, advice = _use_a_proxy(route)
    operator = f"{route.endpoint} refused the connection ({route.rule})."
    return Finding("NET-REFUSED", operator, fix, advice, retry_useful=True)


def silent_at_connect(route: Route) -> Finding:
    """The first hop does not answer at all."""
    if route.proxy:
        return proxy_silent(route)
    fix, advice = _use_a_proxy(route)
    operator = f"{route.endpoint} did not answer: a firewall drops the packets ({route.rule})."
    return Finding("NET-SILENT", operator, fix, advice)


def unreachable(route: Route) -> Finding:
    """The network says that there is no way to the first hop."""
    if route.proxy:
        return Finding(
            "NET-PROXY-UNREACHABLE",
            f"There is no way from this machine to {_proxy(route)}.",
            f"Correct the host in {route.rule}, or the network of this machine.",
            retry_useful=True,
        )
    fix, advice = _use_a_proxy(route)
    operator = f"There is no way from this machine to {route.endpoint} ({route.rule})."
    return Finding("NET-UNREACHABLE", operator, fix, advice, retry_useful=True)


def connect_refused(route: Route, answer: ProxyAnswer) -> Finding:
    """An HTTP proxy answered, but did not open a tunnel."""
    if answer.status in {401, 407}:
        return _wants_credentials(route, answer)
    said = " ".join(word for word in (answer.reason, answer.squid_error) if word)
    operator = (
        f"{_upper(_proxy(route))} answered {answer.status} ({said}) to CONNECT {route.endpoint}."
    )
    if answer.status == 403:
        advice = f"Or ask for {route.endpoint} to be allowed there. {NOT_TESTED}"
        return Finding("NET-PROXY-403", operator, exemption(route), advice)
    if answer.status >= 500:
        advice = "It could not reach the far side itself. " + NOT_TESTED
        return Finding("NET-PROXY-STATUS", operator, exemption(route), advice, retry_useful=True)
    advice = "It may be no forward proxy, or want a sign-in in a browser."
    return Finding("NET-PROXY-STATUS", operator, f"Correct the address in {route.rule}.", advice)


def _wants_credentials(route: Route, answer: ProxyAnswer) -> Finding:
    offered = ", ".join(answer.authentication_schemes) or "none named"
    user = route.proxy.username if route.proxy else None
    given = (
        f"does not accept the user “{user}” or the password"
        if user
        else "wants a user and a password"
    )
    operator = f"{_upper(_proxy(route))} {given} ({answer.status}; offered: {offered})."
    schemes = {scheme.lower() for scheme in answer.authentication_schemes}
    if schemes and "basic" not in schemes:
        advice = (
            "Only Basic is supported. For NTLM or Negotiate run a relay such as cntlm or px on "
            "this machine, and write its address."
        )
        return Finding("NET-PROXY-407", operator, RELAY_EXAMPLE, advice)
    advice = "Percent-encode special signs in both: p@ss becomes p%40ss."
    scheme = route.proxy.scheme if route.proxy else "http"
    endpoint = route.proxy.endpoint if route.proxy else ""
    fix = f"{SETTING}={scheme}://user:password@{endpoint}"
    return Finding("NET-PROXY-407", operator, fix, advice)


def socks_authentication(route: Route) -> Finding:
    """A SOCKS proxy wants credentials, or other ones."""
    proxy = route.proxy
    operator = f"{_upper(_proxy(route))} wants a user and a password, or other ones."
    fix = f"{SETTING}={proxy.scheme}://user:password@{proxy.endpoint}" if proxy else ""
    return Finding("NET-SOCKS-AUTH", operator, fix, "Percent-encode special signs in both.")


def socks_refused(route: Route, said: str) -> Finding:
    """A SOCKS proxy does not lead on."""
    operator = f"{_upper(_proxy(route))} does not connect to {route.endpoint} ({said})."
    return Finding("NET-SOCKS-REFUSED", operator, exemption(route), NOT_TESTED)


def not_socks(route: Route) -> Finding:
    """What listens there speaks something else than SOCKS."""
    operator = f"What answers at {_proxy(route)} does not speak SOCKS 5."
    fix = f"Write http:// instead of socks5:// in {route.rule}, or correct the port."
    return Finding("NET-PROXY-NOT-SOCKS", operator, fix)


def proxy_silent(route: Route) -> Finding:
    """The proxy, or the way to it, does not answer."""
    other = OTHER_KINDS[route.proxy.scheme if route.proxy else "http"]
    return Finding(
        "NET-PROXY-SILENT",
        f"{_upper(_proxy(route))} did not answer.",
        f"Correct the host or the port in {route.rule}.",
        f"A firewall may drop the packets, the proxy may hang, or the port {other}.",
    )


def proxy_tls(route: Route, *, untrusted: bool) -> Finding:
    """TLS with an https:// proxy itself failed."""
    operator = f"TLS with {_proxy(route)} itself failed."
    if untrusted:
        advice = "Its certificate is not signed by an authority that is trusted here."
        return Finding("NET-PROXY-TLS", operator, CA_EXAMPLE, advice)
    fix = f"Write http:// instead of https:// in {route.rule}."
    return Finding("NET-PROXY-TLS", operator, fix, "Most proxies are spoken to without TLS.")


def target_not_found_beside_socks(route: Route) -> Finding:
    """socks5:// looks names up on this machine, where the name is unknown."""
    operator = f"The name {route.host} was not found on this machine, which looks it up itself."
    return Finding("NET-DNS", operator, f"Write socks5h:// instead of socks5:// in {route.rule}.")


def proxy_closed(route: Route) -> Finding:
    """The proxy hung up before it had answered."""
    operator = f"{_upper(_proxy(route))} closed the connection before it had answered."
    advice = (
        "The port may not be a proxy's or may speak TLS only (then the address begins with "
        "https://), or the proxy may be out of connections."
    )
    fix = f"Correct the address in {route.rule}, or look into the proxy's log."
    return Finding("NET-PROXY-CLOSED", operator, fix, advice, retry_useful=True)


def proxy_not_http(route: Route) -> Finding:
    """What listens there is no HTTP proxy."""
    operator = f"What answers at {_proxy(route)} does not speak HTTP."
    fix = f"Correct the port in {route.rule}."
    return Finding("NET-PROXY-NOT-HTTP", operator, fix, "Or it is a SOCKS proxy: socks5h://.")


def silent_at_tls(route: Route) -> Finding:
    """Connected, then silence in the handshake."""
    operator = f"{route.endpoint} accepted the connection{_via(route)} and then was silent."
    if route.proxy:
        return Finding("NET-SILENT", operator, exemption(route), NOT_TESTED)
    fix, advice = _use_a_proxy(route)
    return Finding("NET-SILENT", operator, fix, advice)


def cut_before_sending(route: Route) -> Finding:
    """Cut off at once or in the handshake: a filter that reads the name in it."""
    operator = f"The connection to {route.endpoint}{_via(route)} was cut off before TLS stood."
    between = "A filter between here and there does that. "
    if route.proxy:
        return Finding(
            "NET-RESET", operator, exemption(route), between + NOT_TESTED, retry_useful=True
        )
    fix, advice = _use_a_proxy(route)
    return Finding("NET-RESET", operator, fix, between + advice, retry_useful=True)


def tls_other(route: Route, reason: str) -> Finding:
    """A handshake that failed otherwise."""
    operator = (
        f"TLS with {route.endpoint}{_via(route)} failed ({short(reason) or 'no reason given'})."
    )
    fix = "Ask who runs the network which device answers instead of the far side."
    return Finding("NET-TLS-OTHER", operator, fix, "The far side itself speaks TLS 1.2 and 1.3.")


def certificate_dates(route: Route, *, not_yet: bool) -> Finding:
    """Expired or not yet valid: mostly it is the clock."""
    state = "is not valid yet" if not_yet else "has expired"
    operator = f"The certificate of {route.host} {state}, by the clock of this machine."
    fix = "Set the clock of this machine (timedatectl set-ntp true)."
    return Finding("NET-TLS-CLOCK", operator, fix, "If the clock is right, somebody is between.")


def certificate_name(route: Route) -> Finding:
    """A certificate for somebody else."""
    operator = f"What answers for {route.endpoint}{_via(route)} has a certificate of another name."
    fix = "Ask who runs the network which device answers instead of the far side."
    return Finding("NET-TLS-NAME", operator, fix)


def certificate_untrusted(route: Route, issuer: str) -> Finding:
    """Somebody opens TLS on the way, or a private authority signs."""
    by = f" by {short(issuer)}" if issuer else ""
    operator = (
        f"The certificate of {route.host}{_via(route)} is signed{by}, which is not trusted here."
    )
    if not issuer:
        operator = (
            f"The certificate of {route.host}{_via(route)} is not signed by a trusted authority."
        )
    advice = (
        "A company's proxy that opens TLS does that, and can then read the API key. Its "
        "authority's certificate in PEM form is added to the public roots."
    )
    if route.proxy:
        advice += f" Or ask for an exception there, or write {exemption(route)}. {NOT_TESTED}"
    return Finding("NET-TLS-UNTRUSTED", operator, CA_EXAMPLE, advice)


def closed_without_answer(route: Route, *, reused: bool) -> Finding:
    """Closed or reset after the request, without an answer: ssl does not always tell which."""
    operator = (
        f"The connection to {route.endpoint}{_via(route)} ended after the request, without an "
        "answer."
    )
    advice = "The connection had been kept from an earlier call, and may just have been closed."
    return Finding(
        "NET-NO-ANSWER",
        operator,
        "Nothing: the call is repeated.",
        advice if reused else IF_IT_GOES_ON,
        retry_useful=True,
    )


def no_answer(route: Route, record: CallRecord) -> Finding:
    """Silence after the request."""
    seconds = f"{record.elapsed_seconds:.1f} s"
    operator = (
        f"{route.endpoint} took the request{_via(route)} and did not answer within {seconds}."
    )
    advice = "If it happens often, look at https://status.stripe.com."
    return Finding("NET-NO-ANSWER", operator, "STRIPE_DEADLINE=20", advice, retry_useful=True)


def answer_not_http(route: Route) -> Finding:
    """What came back is not HTTP."""
    operator = f"What answered for {route.endpoint}{_via(route)} does not speak HTTP."
    fix = "Ask who runs the network which device answers instead of the far side."
    return Finding("NET-CAPTIVE", operator, fix)


def cut(route: Route) -> Finding:
    """The answer ended before its end."""
    operator = f"The answer of {route.endpoint}{_via(route)} was cut off."
    return Finding(
        "NET-CUT", operator, "Nothing: the call is repeated.", IF_IT_GOES_ON, retry_useful=True
    )


def deadline(route: Route, record: CallRecord) -> Finding:
    """An answer was coming, too slowly."""
    seconds = f"{record.deadline_seconds:g} s"
    operator = f"The answer of {route.endpoint}{_via(route)} had not come whole within {seconds}."
    return Finding("NET-DEADLINE", operator, "STRIPE_DEADLINE=20", "The way may be very slow.")


def somebody_between(route: Route, status: int, body: bytes) -> Finding:
    """An answer that is not the API's: a sign-in page, a block page, a gateway."""
    title = TITLE.search(body)
    named = f", titled “{short(title[1].decode('utf-8', 'replace'))}”" if title else ""
    operator = f"Somebody between here and {route.endpoint} answered{_via(route)}: {status}{named}."
    if status >= 500:
        fix = "Look into the log of the proxy or gateway on the way."
        return Finding("NET-GATEWAY", operator, fix, retry_useful=True)
    fix = exemption(route) if route.proxy else "Sign in to the network, or ask who runs it."
    return Finding("NET-CAPTIVE", operator, fix, NOT_TESTED if route.proxy else "")


def api_400(host: str, status: int) -> Finding:
    """The request itself is not accepted: 400, 402, 404 and their like."""
    if status == 404:
        return Finding(
            "API-400",
            f"{host} does not know something that the request names (404).",
            "Check that the keys are of the account and the mode in which it was made.",
            "Test and live mode know nothing of each other.",
        )
    operator = f"{host} does not accept the request itself ({status})."
    fix = "Read its own words in the incident: an amount, a currency or the account may be the reason."
    return Finding("API-400", operator, fix)


def api_401(host: str, _status: int) -> Finding:
    """The key is not accepted."""
    operator = f"{host} does not accept the secret key."
    fix = "STRIPE_SECRET_KEY=sk_test_..."
    return Finding("API-401", operator, fix, "Copy it from https://dashboard.stripe.com/apikeys.")


def api_403(host: str, _status: int) -> Finding:
    """The key may not do this."""
    operator = f"{host} accepts the key, but the key may not make this call."
    fix = "Give the restricted key the permission at https://dashboard.stripe.com/apikeys."
    return Finding("API-403", operator, fix)


def api_409(host: str, _status: int) -> Finding:
    """The same request is under way."""
    operator = f"{host} is still at work on the same request."
    return Finding("API-409", operator, "Nothing: the call is repeated.", retry_useful=True)


def api_429(host: str, _status: int) -> Finding:
    """Too many calls."""
    operator = f"{host} takes no more calls for a moment."
    return Finding(
        "API-429", operator, "STRIPE_MAX_CALLS=2", "If it happens often.", retry_useful=True
    )


def api_5xx(host: str, status: int) -> Finding:
    """A fault on the API's side."""
    operator = f"{host} answered {status}: the fault is on its side."
    return Finding("API-5XX", operator, "Look at https://status.stripe.com.", retry_useful=True)


def unknown(route: Route, stage: Stage, kind: str) -> Finding:
    """Nothing of the above."""
    operator = f"The call to {route.endpoint}{_via(route)} failed at stage {stage} ({kind})."
    return Finding("UNKNOWN", operator, "Run `manage.py doctor`, and report what it prints.")


def _via(route: Route) -> str:
    return f" through {route.proxy}" if route.proxy else ""


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
