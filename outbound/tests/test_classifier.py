"""Every cause that can be provoked on loopback, each beside the same call without the fault."""

import socket
import ssl
import threading

import pytest
import trustme

from outbound.diagnosis import (
    Acted,
    diagnose,
    diagnose_answer,
    diagnose_refusal,
    diagnose_route_error,
)
from outbound.route import ProxyAddressError, ProxyEnvironment, decide
from outbound.tests.conftest import KEY, STRIPE
from outbound.tests.servers import (
    answer_with,
    far_side,
    hang_up,
    http_answer,
    reset,
    say_nothing,
    tls_in_front_of,
)
from outbound.transport import parse_resolve
from testing.proxies import (
    banner_server,
    black_hole,
    closing_server,
    raw_server,
    refusing_port,
    running_microsocks,
    running_squid,
    running_tinyproxy,
)

SHORT_DEADLINE = {"deadline_seconds": 0.5}
TRY_AGAIN = "This problem may be temporary. Try again in a few minutes."


@pytest.fixture
def stripe(as_stripe):
    with far_side(as_stripe) as side:
        yield side


@pytest.fixture
def succeeds(caller, stripe):
    """The control: the same call without the fault."""

    def call(port=None, **kwargs):
        assert caller.call(port or stripe.port, **kwargs).status == 200

    return call


def verdict(diagnosis):
    """The parts of a diagnosis that payments act on."""
    return (
        diagnosis.id,
        diagnosis.acted.value,
        diagnosis.retry_safe,
        diagnosis.retry_useful,
    )


@pytest.mark.squid
def test_proxy_forbids_connect(caller, stripe):
    with running_squid("deny", leads_to=stripe.port) as proxy:
        diagnosis = caller.diagnosis(process={"HTTPS_PROXY": proxy.url})
    assert verdict(diagnosis) == ("NET-PROXY-403", "no", True, False)
    assert diagnosis.fix == "NO_PROXY=.stripe.com"
    assert diagnosis.operator == (
        f"The proxy {proxy.url} (HTTPS_PROXY in the environment) responded to CONNECT "
        "api.stripe.com:443 with 403 (Forbidden ERR_ACCESS_DENIED 0)."
    )
    assert stripe.requests == []
    with running_squid(leads_to=stripe.port) as proxy:
        assert caller.call(process={"HTTPS_PROXY": proxy.url}).status == 200


@pytest.mark.squid
def test_fix_for_forbidding_proxy_works(caller, stripe):
    with running_squid("deny", leads_to=stripe.port) as proxy:
        process = {"HTTPS_PROXY": proxy.url}
        name, value = caller.diagnosis(process=process).fix.split("=")
        assert caller.call(stripe.port, process={**process, name: value}).status == 200


@pytest.mark.squid
def test_fix_keeps_existing_no_proxy_entries(caller):
    with running_squid("deny") as proxy:
        environment = ProxyEnvironment(
            {"HTTPS_PROXY": proxy.url, "no_proxy": "shell.example"},
            {"NO_PROXY": "localhost, intranet.example"},
        )
        route = decide(STRIPE, environment=environment)
        failure = caller.failure(route=route)
    assert diagnose(failure).fix == "NO_PROXY=localhost,intranet.example,.stripe.com"


@pytest.mark.squid
def test_fix_for_proxy_from_setting(caller):
    with running_squid("deny") as proxy:
        assert caller.diagnosis(proxy=proxy.url).fix == "STRIPE_PROXY=direct"


@pytest.mark.tinyproxy
def test_tinyproxy_forbids_connect(caller, stripe):
    url = f"https://localhost:{stripe.port}/"
    with running_tinyproxy("deny", host="localhost") as proxy:
        assert caller.diagnosis(url=url, proxy=proxy.url).id == "NET-PROXY-403"
    with running_tinyproxy("deny") as proxy:
        assert caller.call(url=url, proxy=proxy.url).status == 200
        caller.clients[-1].close()


@pytest.mark.squid
@pytest.mark.parametrize("user", [None, "user"])
def test_proxy_requires_credentials(caller, stripe, user):
    with running_squid("credentials", leads_to=stripe.port) as proxy:
        address = proxy.url_for(user, "hunter2") if user else proxy.url
        diagnosis = caller.diagnosis(proxy=address)
        assert caller.call(proxy=proxy.url_with_credentials).status == 200
    assert verdict(diagnosis) == ("NET-PROXY-407", "no", True, False)
    assert "offered: Basic" in diagnosis.operator
    assert ("rejected the username “user” or" in diagnosis.operator) is bool(user)
    assert diagnosis.fix == f"STRIPE_PROXY=http://user:password@127.0.0.1:{proxy.port}"
    assert "hunter2" not in repr(diagnosis)


@pytest.mark.tinyproxy
def test_tinyproxy_requires_credentials_with_401(caller):
    with running_tinyproxy("credentials") as proxy:
        assert caller.diagnosis(proxy=proxy.url_for("user", "x")).id == "NET-PROXY-407"


@pytest.mark.parametrize(
    ("offered", "advised"),
    [("Negotiate\r\nProxy-Authenticate: NTLM", True), ('Basic realm="x, y", Negotiate', False)],
)
def test_unsupported_authentication_scheme_needs_relay(caller, offered, advised):
    answer = f"HTTP/1.1 407 No\r\nProxy-Authenticate: {offered}\r\nContent-Length: 0\r\n\r\n"
    with raw_server(lambda connection: answer_request_with(connection, answer.encode())) as port:
        diagnosis = caller.diagnosis(proxy=f"http://127.0.0.1:{port}")
    assert ("cntlm" in diagnosis.advice) is advised
    assert (diagnosis.fix == "STRIPE_PROXY=http://127.0.0.1:3128") is advised
    assert "Negotiate" in diagnosis.operator


def answer_request_with(connection, answer):
    connection.recv(65536)
    connection.sendall(answer)


@pytest.mark.parametrize(("status", "useful"), [("502 Bad Gateway", True), ("405 No", False)])
def test_proxy_answers_with_other_status(caller, succeeds, status, useful):
    answer = f"HTTP/1.1 {status}\r\n\r\n".encode()
    with raw_server(lambda connection: answer_request_with(connection, answer)) as port:
        diagnosis = caller.diagnosis(proxy=f"http://127.0.0.1:{port}")
    assert verdict(diagnosis) == ("NET-PROXY-STATUS", "no", True, useful)
    succeeds()


def unknown_name(*_):
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def resolver_down(*_):
    raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


@pytest.mark.parametrize(("look_up", "useful"), [(unknown_name, False), (resolver_down, True)])
def test_proxy_name_not_found(caller, succeeds, look_up, useful):
    diagnosis = caller.diagnosis(proxy="http://proxy.example:3128", look_up=look_up)
    assert verdict(diagnosis) == ("NET-PROXY-DNS", "no", True, useful)
    assert "http://proxy.example:3128" in diagnosis.operator
    succeeds(look_up=look_up)


def test_proxy_refuses_connection(caller, succeeds):
    with refusing_port() as port:
        diagnosis = caller.diagnosis(proxy=f"http://user:secret@127.0.0.1:{port}")
    assert verdict(diagnosis) == ("NET-PROXY-REFUSED", "no", True, True)
    assert f"http://user:***@127.0.0.1:{port}" in diagnosis.operator
    succeeds()


def test_proxy_silent(caller, succeeds):
    with black_hole() as port:
        diagnosis = caller.diagnosis(proxy=f"http://127.0.0.1:{port}", **SHORT_DEADLINE)
    assert verdict(diagnosis) == ("NET-PROXY-SILENT", "no", True, False)
    succeeds()


@pytest.mark.parametrize(
    ("scheme", "instead"), [("http", "https://"), ("https", "http://"), ("socks5h", "http://")]
)
def test_silent_proxy_suggests_other_scheme(caller, succeeds, scheme, instead):
    with black_hole() as port:
        diagnosis = caller.diagnosis(proxy=f"{scheme}://127.0.0.1:{port}", **SHORT_DEADLINE)
    assert diagnosis.id == "NET-PROXY-SILENT"
    assert f"use {instead} in its address" in diagnosis.untested
    succeeds()


def test_proxy_port_is_another_service(caller, succeeds):
    with banner_server() as port:
        diagnosis = caller.diagnosis(proxy=f"http://127.0.0.1:{port}")
    assert verdict(diagnosis) == ("NET-PROXY-NOT-HTTP", "no", True, False)
    succeeds()


@pytest.mark.parametrize(
    "end", [closing_server, lambda: raw_server(reset), lambda: raw_server(read_and_reset)]
)
def test_proxy_closes_connection(caller, succeeds, end):
    with end() as port:
        diagnosis = caller.diagnosis(proxy=f"http://127.0.0.1:{port}")
    assert verdict(diagnosis) == ("NET-PROXY-CLOSED", "no", True, True)
    succeeds()


def test_malformed_proxy_address(succeeds):
    with pytest.raises(ProxyAddressError) as refused:
        decide(STRIPE, setting="http://u:p@ss@x", environment=ProxyEnvironment({}, {}))
    diagnosis = diagnose_route_error(refused.value)
    assert verdict(diagnosis) == ("NET-PROXY-ADDRESS", "no", True, False)
    succeeds()


@pytest.mark.squid
def test_https_scheme_for_plain_proxy(caller, stripe, as_stripe):
    with running_squid(leads_to=stripe.port) as proxy:
        diagnosis = caller.diagnosis(proxy=f"https://127.0.0.1:{proxy.port}")
        assert verdict(diagnosis) == ("NET-PROXY-TLS", "no", True, False)
        assert (
            diagnosis.fix
            == "Use http:// instead of https:// in the proxy's address (STRIPE_PROXY)."
        )
        with tls_in_front_of(proxy.port, as_stripe) as port:
            assert caller.call(proxy=f"https://127.0.0.1:{port}").status == 200
            caller.clients[-1].close()


@pytest.mark.squid
def test_https_proxy_untrusted(caller, stripe, serve_as):
    stranger = serve_as("127.0.0.1", issuer=trustme.CA())
    with (
        running_squid(leads_to=stripe.port) as proxy,
        tls_in_front_of(proxy.port, stranger) as port,
    ):
        diagnosis = caller.diagnosis(proxy=f"https://127.0.0.1:{port}")
    assert (diagnosis.id, diagnosis.fix) == (
        "NET-PROXY-TLS",
        "STRIPE_CA_BUNDLE=/path/to/company-ca.pem",
    )


def test_socks_proxy_requires_credentials(caller, stripe):
    url = f"https://localhost:{stripe.port}/"
    with running_microsocks(credentials=True) as proxy:
        for address in (proxy.url, proxy.url_for("user", "wrong")):
            diagnosis = caller.diagnosis(url=url, proxy=address)
            assert verdict(diagnosis) == ("NET-SOCKS-AUTH", "no", True, False)
        assert caller.call(url=url, proxy=proxy.url_with_credentials).status == 200
        caller.clients[-1].close()


def test_socks_proxy_cannot_reach_server(caller, stripe):
    with running_microsocks() as proxy, refusing_port() as port:
        diagnosis = caller.diagnosis(url=f"https://localhost:{port}/", proxy=proxy.url)
        assert verdict(diagnosis) == ("NET-SOCKS-REFUSED", "no", True, False)
        url = f"https://localhost:{stripe.port}/"
        assert caller.call(url=url, proxy=proxy.url).status == 200
        caller.clients[-1].close()


def test_socks_scheme_for_http_proxy(caller, succeeds):
    answer = b"HTTP/1.1 400 Bad Request\r\n\r\n"
    with raw_server(lambda connection: answer_request_with(connection, answer)) as port:
        diagnosis = caller.diagnosis(proxy=f"socks5h://127.0.0.1:{port}")
    assert verdict(diagnosis) == ("NET-PROXY-NOT-SOCKS", "no", True, False)
    succeeds()


@pytest.mark.parametrize(("look_up", "useful"), [(unknown_name, False), (resolver_down, True)])
def test_name_not_found(caller, succeeds, look_up, useful):
    diagnosis = caller.diagnosis(look_up=look_up)
    assert verdict(diagnosis) == ("NET-DNS", "no", True, useful)
    assert diagnosis.fix.startswith("STRIPE_PROXY=")
    succeeds(look_up=look_up)


def test_name_known_only_to_socks_proxy(caller, succeeds):
    with running_microsocks() as proxy:
        address = proxy.url.replace("socks5h", "socks5")
        diagnosis = caller.diagnosis(proxy=address, look_up=unknown_name)
    assert diagnosis.id == "NET-DNS"
    assert "socks5h://" in diagnosis.fix
    succeeds()


def test_server_refuses_connection(caller, succeeds):
    with refusing_port() as port:
        diagnosis = caller.diagnosis(port)
    assert verdict(diagnosis) == ("NET-REFUSED", "no", True, True)
    assert diagnosis.fix == "STRIPE_PROXY=http://proxy.example:3128"
    succeeds()


# TCP to the broadcast address fails on this machine, without a packet.
UNREACHABLE_ADDRESS = "255.255.255.255"


def test_server_unreachable(caller, succeeds):
    diagnosis = caller.diagnosis(url=f"https://{UNREACHABLE_ADDRESS}/")
    assert verdict(diagnosis) == ("NET-UNREACHABLE", "no", True, True)
    succeeds()


def test_proxy_unreachable(caller, succeeds):
    diagnosis = caller.diagnosis(proxy=f"http://{UNREACHABLE_ADDRESS}:3128")
    assert verdict(diagnosis) == ("NET-PROXY-UNREACHABLE", "no", True, True)
    succeeds()


def test_fix_for_direct_setting(caller):
    with refusing_port() as port:
        assert caller.diagnosis(port, proxy="direct").fix == "STRIPE_PROXY=environment"


def test_no_proxy_entry_is_named_for_direct_route(caller):
    process = {"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": "*.stripe.com"}
    with refusing_port() as port:
        diagnosis = caller.diagnosis(port, process=process)
    assert "Entry 1 of NO_PROXY in the environment (*.stripe.com) exempts" in diagnosis.untested


def test_tls_handshake_silent(caller, succeeds):
    with black_hole() as port:
        diagnosis = caller.diagnosis(port, **SHORT_DEADLINE)
    assert verdict(diagnosis) == ("NET-SILENT", "no", True, False)
    succeeds()


def test_certificate_untrusted(caller, succeeds, serve_as):
    stranger = trustme.CA(organization_name="Company Proxy")
    with far_side(serve_as("api.stripe.com", issuer=stranger)) as side:
        diagnosis = caller.diagnosis(side.port, ca_bundle=None)
        assert side.requests == []
    assert verdict(diagnosis) == ("NET-TLS-UNTRUSTED", "no", True, False)
    assert diagnosis.fix == "STRIPE_CA_BUNDLE=/path/to/company-ca.pem"
    succeeds()


def test_certificate_untrusted_with_ca_bundle(caller, serve_as):
    stranger = trustme.CA(organization_name="Company Proxy")
    with far_side(serve_as("api.stripe.com", issuer=stranger)) as side:
        diagnosis = caller.diagnosis(side.port)
    assert diagnosis.fix == (
        "Ask your network administrator for the certificate of O=Company Proxy, and add it to the "
        "STRIPE_CA_BUNDLE file."
    )
    assert diagnosis.advice.endswith("The file contains: O=Test Authority.")


def test_ca_bundle_is_added_to_public_roots(caller, serve_as, tmp_path):
    stranger = trustme.CA()
    stranger.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with far_side(serve_as("api.stripe.com", issuer=stranger)) as side:
        assert caller.call(side.port, ca_bundle=tmp_path / "ca.pem").status == 200


def test_certificate_expired(caller, succeeds, serve_as):
    with far_side(serve_as("api.stripe.com", expires_in_days=-1)) as side:
        diagnosis = caller.diagnosis(side.port)
    assert verdict(diagnosis) == ("NET-TLS-CLOCK", "no", True, False)
    assert "expired on 2" in diagnosis.operator
    succeeds()


def test_certificate_not_yet_valid(caller, succeeds, serve_as):
    context = serve_as("api.stripe.com", starts_in_days=1)
    with far_side(context) as side:
        diagnosis = caller.diagnosis(side.port)
    assert diagnosis.id == "NET-TLS-CLOCK"
    assert "is not valid until 2" in diagnosis.operator
    succeeds()


def test_certificate_for_other_name(caller, succeeds, serve_as):
    with far_side(serve_as("portal.example", "192.0.2.7")) as side:
        diagnosis = caller.diagnosis(side.port)
    assert verdict(diagnosis) == ("NET-TLS-NAME", "no", True, False)
    assert diagnosis.operator.endswith(
        "a certificate for a different name: portal.example, 192.0.2.7."
    )
    succeeds()


def test_server_without_tls(caller, succeeds):
    with banner_server() as port:
        diagnosis = caller.diagnosis(port)
    assert verdict(diagnosis) == ("NET-TLS-OTHER", "no", True, False)
    succeeds()


def read_and_reset(connection):
    connection.recv(65536)
    reset(connection)


@pytest.mark.parametrize("cut", [reset, read_and_reset, hang_up])
def test_tls_handshake_cut(caller, succeeds, cut):
    with raw_server(cut) as port:
        diagnosis = caller.diagnosis(port)
    assert verdict(diagnosis) == ("NET-RESET", "no", True, True)
    succeeds()


def test_ca_bundle_unreadable(caller, succeeds, tmp_path):
    (tmp_path / "empty.pem").write_text("nothing")
    reasons = {
        "missing.pem": "No such file or directory",
        "empty.pem": "it contains no PEM certificate",
    }
    for name, reason in reasons.items():
        path = tmp_path / name
        diagnosis = caller.diagnosis(1, ca_bundle=path)
        assert verdict(diagnosis) == ("NET-CA-BUNDLE", "no", True, False)
        assert diagnosis.operator == f"{path} cannot be used as a CA bundle: {reason}."
    succeeds()


def test_ca_bundle_in_binary_form_is_to_be_replaced_by_the_converted_file(
    caller, authority, tmp_path
):
    path = tmp_path / "company.pem"
    path.write_bytes(ssl.PEM_cert_to_DER_cert(authority.cert_pem.bytes().decode()))
    diagnosis = caller.diagnosis(1, ca_bundle=path)
    assert diagnosis.fix == f"STRIPE_CA_BUNDLE={tmp_path}/company-converted.pem"
    assert f"-out {tmp_path}/company-converted.pem`" in diagnosis.operator


@pytest.mark.parametrize("end", [reset, hang_up])
def test_connection_closed_after_request(caller, succeeds, as_stripe, end):
    with far_side(as_stripe, end) as side:
        diagnosis = caller.diagnosis(side.port)
        assert len(side.requests) == 1
    assert verdict(diagnosis) == ("NET-NO-ANSWER", "unknown", True, True)
    assert diagnosis.fix == TRY_AGAIN
    succeeds()


@pytest.mark.parametrize(
    ("method", "key", "safe"), [("POST", "k", True), ("POST", None, False), ("GET", None, True)]
)
def test_retry_safe_by_method_and_idempotency_key(caller, as_stripe, method, key, safe):
    with far_side(as_stripe, hang_up) as side:
        headers = {"Idempotency-Key": key}
        diagnosis = caller.diagnosis(side.port, method=method, headers=headers)
    assert diagnosis.retry_safe is safe


def answer_first_request_then(behave):
    """Answer the first request, so that the second one finds a pooled connection."""
    answered = []

    def answer(connection):
        answered.append(connection)
        connection.sendall(http_answer()) if len(answered) == 1 else behave(connection)

    return answer


def test_response_never_comes(caller, succeeds, as_stripe):
    with far_side(as_stripe, answer_first_request_then(say_nothing)) as side:
        client = caller.client(side.port)
        caller.call(client=client)
        diagnosis = caller.diagnosis(client=client, within_seconds=0.5)
    assert verdict(diagnosis) == ("NET-NO-ANSWER", "unknown", True, True)
    succeeds()


def test_response_cut_off(caller, succeeds, as_stripe):
    def cut(connection):
        connection.sendall(http_answer(length=1000))
        hang_up(connection)

    with far_side(as_stripe, cut) as side:
        diagnosis = caller.diagnosis(side.port)
    assert verdict(diagnosis) == ("NET-CUT", "yes", True, True)
    assert diagnosis.fix == TRY_AGAIN
    succeeds()


def test_chunked_response_cut_off(caller, succeeds, as_stripe):
    def cut(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe")
        hang_up(connection)

    with far_side(as_stripe, cut) as side:
        assert caller.diagnosis(side.port).id == "NET-CUT"
    succeeds()


def test_resolver_silent(caller, succeeds):
    answer = threading.Event()
    try:
        diagnosis = caller.diagnosis(look_up=lambda *_: answer.wait(10), **SHORT_DEADLINE)
    finally:
        answer.set()
    assert verdict(diagnosis) == ("NET-DNS-SILENT", "no", True, False)
    succeeds()


def test_response_slower_than_deadline(caller, succeeds, as_stripe):
    with far_side(as_stripe, answer_first_request_then(answer_with(length=1000))) as side:
        client = caller.client(side.port)
        caller.call(client=client)
        diagnosis = caller.diagnosis(client=client, within_seconds=0.5)
    assert verdict(diagnosis) == ("NET-DEADLINE", "yes", True, False)
    succeeds()


def test_response_not_http(caller, succeeds, as_stripe):
    with far_side(as_stripe, lambda connection: connection.sendall(b"hello\r\n")) as side:
        diagnosis = caller.diagnosis(side.port)
    assert verdict(diagnosis) == ("NET-CAPTIVE", "unknown", True, False)
    succeeds()


def test_concurrency_limit_reached(caller, as_stripe, succeeds):
    with far_side(as_stripe) as side:
        client = caller.client(side.port, max_calls=1, wait_seconds=0.05)
        failures = []

        def answer_late(connection):
            failures.append(caller.diagnosis(client=client))
            connection.sendall(http_answer())

        with far_side(as_stripe, answer_late) as late:
            client = caller.client(late.port, max_calls=1, wait_seconds=0.05)
            assert caller.call(client=client).status == 200
    assert [verdict(diagnosis) for diagnosis in failures] == [("NET-BUSY", "no", True, False)]


def test_unknown_cause_names_stage(caller, stripe, succeeds):
    diagnosis = caller.diagnosis(stripe.port, headers={"X": "…"})
    assert verdict(diagnosis) == ("UNKNOWN", "no", True, False)
    assert "failed at the route stage (UnsendableError)" in diagnosis.operator
    succeeds()


PAGE = b"<html><head><title>Sign in to\n campus net</title></head></html>"


@pytest.mark.parametrize(
    ("body", "status", "headers", "found"),
    [
        (PAGE, "200 OK", (), ("NET-CAPTIVE", "unknown", True, False)),
        (PAGE, "302 Found", ("Location: /",), ("NET-CAPTIVE", "unknown", True, False)),
        (PAGE, "403 Forbidden", (), ("NET-CAPTIVE", "unknown", True, False)),
        (PAGE, "503 Unavailable", (), ("NET-GATEWAY", "unknown", True, True)),
        (b"", "200 OK", (), ("NET-CAPTIVE", "unknown", True, False)),
        (b'{"id": "cs_', "200 OK", ("Request-Id: r",), ("NET-CUT", "yes", True, True)),
        (b"", "200 OK", ("Request-Id: r",), ("NET-CUT", "yes", True, True)),
        (b'{"error": {', "500 No", ("Request-Id: r",), ("NET-CUT", "unknown", True, True)),
        (b'{"id": "cs_', "200 OK", (), ("NET-CAPTIVE", "unknown", True, False)),
        (PAGE, "403 No", ("Request-Id: r",), ("NET-CAPTIVE", "unknown", True, False)),
        (b'{"ok": true}', "200 OK", (), ("NET-CAPTIVE", "unknown", True, False)),
        (b"[]", "200 OK", (), ("NET-CAPTIVE", "unknown", True, False)),
        (b'{"object": "x"}', "200 OK", (), None),
        (b"{}", "200 OK", ("Request-Id: r",), None),
        (b'{"error": {}}', "400 Bad", ("Request-Id: r",), None),
        (b'{"error": {}}', "402 Pay", ("Request-Id: r",), None),
        (b'{"error": {}}', "404 No", ("Request-Id: r",), None),
        (b'{"error": {}}', "401 No", ("Request-Id: r",), ("API-401", "no", True, False)),
        (b'{"error": {}}', "403 No", ("Request-Id: r",), ("API-403", "no", True, False)),
        (b'{"error": {}}', "409 No", ("Request-Id: r",), ("API-409", "unknown", True, True)),
        (b'{"error": {}}', "429 No", ("Request-Id: r",), ("API-429", "no", True, True)),
        (b'{"error": {}}', "500 No", ("Request-Id: r",), ("API-5XX", "unknown", True, True)),
        (
            b'{"error": {}}',
            "500 No",
            ("Request-Id: r", "Stripe-Should-Retry: false"),
            ("API-5XX", "unknown", True, False),
        ),
    ],
)
def test_diagnosis_of_response(caller, as_stripe, body, status, headers, found):
    with far_side(as_stripe, answer_with(body, status, headers)) as side:
        diagnosis = diagnose_answer(caller.call(side.port))
    assert (verdict(diagnosis) if diagnosis else None) == found
    if diagnosis and body == PAGE:
        assert "“Sign in to campus net”" in diagnosis.operator


@pytest.mark.parametrize(
    ("status", "wish", "found"),
    [
        (400, "", ("API-400", "no", True, False)),
        (404, "true", ("API-400", "no", True, True)),
        (401, "", ("API-401", "no", True, False)),
        (503, "", ("API-5XX", "unknown", False, True)),
        (503, "false", ("API-5XX", "unknown", False, False)),
    ],
)
def test_diagnosis_of_refusal(status, wish, found):
    diagnosis = diagnose_refusal(status, host="api.stripe.com", wish=wish, repeatable=False)
    assert verdict(diagnosis) == found
    assert diagnosis.operator.startswith("api.stripe.com ")


def test_diagnosis_without_secrets(caller, stripe):
    with closing_server() as port:
        failure = caller.failure(proxy=f"http://user:hunter2@127.0.0.1:{port}")
    told = repr((diagnose(failure), failure.record, failure.route, failure, failure.__cause__))
    assert not any(secret in told for secret in ("hunter2", KEY, "mode=payment"))


def test_acted_is_no_if_nothing_was_sent(caller):
    with black_hole() as port:
        failure = caller.failure(port, **SHORT_DEADLINE)
    assert failure.record.bytes_sent == 0
    assert diagnose(failure).acted is Acted.NO
    assert parse_resolve("") == ()
