"""Probes: the report of each stage, with and without faults."""

import ssl
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from outbound.diagnosis.certificates import signer_and_fingerprint
from outbound.diagnosis.probe import StepStatus, probe
from outbound.route import ProxyEnvironment, decide
from outbound.tests.servers import answer_with, far_side, tls_in_front_of
from outbound.transport import Stage, parse_resolve
from testing.proxies import black_hole, running_squid

URL = "https://api.stripe.com/v1/balance"
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
NO_KEY = answer_with(
    b'{"error": {"type": "invalid_request_error"}}',
    "401 Unauthorized",
    ("Request-Id: req_1", "Date: Mon, 02 Nov 2026 11:58:00 GMT"),
)


@pytest.fixture
def stripe(as_stripe):
    with far_side(as_stripe, NO_KEY) as side:
        yield side


@pytest.fixture
def look(ca_bundle):
    """Probes Stripe's name, led to a port of this machine where the route is direct."""

    def look(port=None, *, proxy="direct", **options):
        route = decide(URL, setting=proxy, environment=ProxyEnvironment({}, {}))
        resolve = f"api.stripe.com:443:127.0.0.1:{port}" if port else ""
        options = {"ca_bundle": ca_bundle, "now": lambda: NOON, **options}
        return probe(URL, route=route, overrides=parse_resolve(resolve), **options)

    return look


def told(report):
    return [(step.stage, step.status) for step in report.steps]


def detail(report, stage):
    return next(step.detail for step in report.steps if step.stage is stage)


def test_route_works(look, stripe):
    report = look(stripe.port)
    assert report.reached
    assert told(report) == [
        (Stage.RESOLVE, StepStatus.OK),
        (Stage.CONNECT, StepStatus.OK),
        (Stage.TUNNEL, StepStatus.UNUSED),
        (Stage.TLS, StepStatus.OK),
        (Stage.SENT, StepStatus.OK),
        (Stage.ANSWERED, StepStatus.OK),
    ]
    assert detail(report, Stage.TLS).startswith("TLSv1.3, issued by O=Test Authority, valid until")
    assert detail(report, Stage.ANSWERED) == "401, Request-Id req_1"


def test_a_probe_asks_once_and_without_a_key(look, stripe):
    look(stripe.port)
    assert len(stripe.requests) == 1
    assert stripe.requests[0].startswith(b"GET /v1/balance HTTP/1.1\r\n")
    assert b"authorization" not in stripe.requests[0].lower()


def test_clock_skew(look, stripe):
    assert look(stripe.port).clock_skew_seconds == 120
    assert look(stripe.port, now=lambda: NOON - timedelta(hours=1)).clock_skew_seconds == -3480


def test_certificate_from_operators_authority(look, stripe):
    assert look(stripe.port).intercepted


@pytest.mark.squid
def test_proxy_works(look, stripe):
    with running_squid("credentials", leads_to=stripe.port) as proxy:
        report = look(proxy=proxy.url_with_credentials)
    assert {step.status for step in report.steps} == {StepStatus.OK}
    assert detail(report, Stage.TUNNEL) == "200 Connection established"
    assert proxy.password not in repr(report)


@pytest.mark.squid
def test_proxy_forbids_connect(look):
    with running_squid("deny") as proxy:
        report = look(proxy=proxy.url, now=lambda: datetime.now(UTC))
    assert report.diagnosis.id == "NET-PROXY-403"
    assert told(report)[2:] == [
        (Stage.TUNNEL, StepStatus.FAILED),
        (Stage.TLS, StepStatus.SKIPPED),
        (Stage.SENT, StepStatus.SKIPPED),
        (Stage.ANSWERED, StepStatus.SKIPPED),
    ]
    assert "403 Forbidden; ERR_ACCESS_DENIED 0" in detail(report, Stage.TUNNEL)
    assert "squid" in detail(report, Stage.TUNNEL)
    assert abs(report.clock_skew_seconds) < 5


@pytest.mark.squid
def test_proxy_requires_credentials_with_schemes(look):
    with running_squid("credentials") as proxy:
        report = look(proxy=proxy.url)
    assert detail(report, Stage.TUNNEL).endswith("offers Basic")


def test_an_intercepted_connection_names_its_authority(look, serve_as):
    company = trustme.CA(organization_name="Company Proxy")
    with far_side(serve_as("api.stripe.com", issuer=company)) as side:
        report = look(side.port)
        assert side.requests == []
    assert report.diagnosis.id == "NET-TLS-UNTRUSTED"
    assert "signed by O=Company Proxy" in report.diagnosis.operator
    assert report.presented.issuer.startswith("O=Company Proxy")
    assert len(report.presented.fingerprint) == 64


@pytest.mark.squid
def test_an_intercepted_connection_inside_an_https_proxy(look, serve_as, as_stripe):
    company = trustme.CA(organization_name="Company Proxy")
    with (
        far_side(serve_as("api.stripe.com", issuer=company)) as side,
        running_squid(leads_to=side.port) as proxy,
        tls_in_front_of(proxy.port, as_stripe) as port,
    ):
        report = look(proxy=f"https://127.0.0.1:{port}")
    assert report.presented.issuer.startswith("O=Company Proxy")


def test_a_sign_in_page_is_not_the_api(look, as_stripe):
    with far_side(as_stripe, answer_with(b"<title>Sign in</title>")) as side:
        report = look(side.port)
    assert report.diagnosis.id == "NET-CAPTIVE"
    assert told(report)[-1] == (Stage.ANSWERED, StepStatus.FAILED)


def test_a_black_hole_ends_in_time(look):
    with black_hole() as port:
        report = look(proxy=f"http://127.0.0.1:{port}", deadline_seconds=0.5)
    assert report.diagnosis.id == "NET-PROXY-SILENT"
    assert report.record.elapsed_seconds < 1.5
    assert report.clock_skew_seconds is None


@pytest.mark.parametrize("certificate", [b"", b"\x30", b"\x30\x82\xff\xff", b"\x30\x00", b"x" * 99])
def test_unreadable_certificate_has_no_issuer(certificate):
    assert signer_and_fingerprint(certificate) == ("", "")


def test_a_certificate_names_its_issuer(ca_bundle):
    certificate = ssl.PEM_cert_to_DER_cert(ca_bundle.read_text())
    issuer, fingerprint = signer_and_fingerprint(certificate)
    assert (issuer, len(fingerprint)) == ("O=Test Authority", 64)
