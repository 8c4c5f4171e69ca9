"""Certificate faults: the certificate, its owner and the reason; and valid CA bundles."""

import ssl
from datetime import UTC, datetime, timedelta

import pytest

from outbound.diagnosis.certificates import CertificateFault, Owner, Reason, find_fault
from outbound.diagnosis.proxy_causes import proxy_certificate
from outbound.route import ProxyEnvironment, decide
from outbound.tests.servers import far_side, tls_in_front_of
from outbound.transport.certificate_chain import certificates_in
from testing.certificates import authority, certificate, serving
from testing.proxies import running_squid

HOST = "api.stripe.com"
ROOT = authority("Company Root")
ISSUING = authority("Company Issuing", ROOT)


@pytest.fixture
def found(caller, tmp_path):
    """Calls somebody who presents these certificates, and diagnoses the failure."""

    def call(presented, *trusted, **options):
        bundle = tmp_path / "bundle.pem"
        bundle.write_bytes(b"".join(each.pem for each in trusted))
        with far_side(serving(*presented)) as side:
            diagnosis = caller.diagnosis(side.port, ca_bundle=bundle, **options)
            assert side.requests == []
        return diagnosis.id, diagnosis.operator, diagnosis.fix

    return call


@pytest.mark.parametrize(
    ("presented", "trusted"),
    [
        # A root, an issuing authority with and without the rest, the certificate itself.
        ([certificate(ROOT, HOST)], ROOT),
        ([certificate(ISSUING, HOST), ISSUING], ROOT),
        ([certificate(ISSUING, HOST), ISSUING], ISSUING),
        ([certificate(ISSUING, HOST)], ISSUING),
        ([own := certificate(ROOT, HOST)], own),
        ([own := certificate(ISSUING, HOST), ISSUING, ROOT], own),
    ],
)
def test_ca_bundle_with_any_certificate_of_chain(caller, tmp_path, presented, trusted):
    (tmp_path / "bundle.pem").write_bytes(trusted.pem)
    with far_side(serving(*presented)) as side:
        assert caller.call(side.port, ca_bundle=tmp_path / "bundle.pem").status == 200


def test_ca_bundle_with_server_certificate_and_other_name(found):
    own = certificate(ROOT, "portal.example")
    assert found([own], own)[0] == "NET-TLS-NAME"


def test_ca_bundle_with_other_certificate_of_same_authority(found):
    assert found([certificate(ROOT, HOST)], certificate(ROOT, HOST))[0] == "NET-TLS-UNTRUSTED"


OLD = authority("Old Root", ends_in_days=-1)
OLD_ISSUING = authority("Old Issuing", ROOT, ends_in_days=-1)
BUNDLED, SENT = "(your company's CA, from STRIPE_CA_BUNDLE)", "(a CA certificate sent"


@pytest.mark.parametrize(
    ("presented", "trusted", "begins"),
    [
        ([certificate(OLD, HOST)], OLD, f"The certificate of O=Company Proxy, CN=Old Root {BUNDLED} expired on 2"),
        ([certificate(OLD_ISSUING, HOST), OLD_ISSUING], ROOT,
         f"The certificate of O=Company Proxy, CN=Old Issuing {SENT} by the server) expired on 2"),
        ([certificate(OLD_ISSUING, HOST)], OLD_ISSUING,
         f"The certificate of O=Company Proxy, CN=Old Issuing {BUNDLED} expired on 2"),
        ([certificate(below := authority("Below", OLD_ISSUING), HOST), below, OLD_ISSUING], ROOT,
         f"The certificate of O=Company Proxy, CN=Old Issuing {SENT} by the server) expired on 2"),
    ],
)  # fmt: skip
def test_expired_authority(found, presented, trusted, begins):
    cause, operator, fix = found(presented, trusted)
    assert cause == "NET-TLS-EXPIRED"
    assert operator.startswith(begins)
    assert fix.startswith("Ask your network administrator for ")


def test_expired_certificate_suggests_clock(found):
    cause, operator, fix = found([certificate(ROOT, HOST, ends_in_days=-1)], ROOT)
    assert (cause, fix) == (
        "NET-TLS-CLOCK",
        "To set this machine's clock, run: timedatectl set-ntp true",
    )
    assert "signed by O=Company Proxy, CN=Company Root, expired on 2" in operator


def test_expired_chain_suggests_clock(found):
    assert found([certificate(OLD, HOST, ends_in_days=-1)], OLD)[0] == "NET-TLS-CLOCK"


WEAK = authority("Weak Root", rsa_bits=1024)
BARE = authority("Bare Root", constraints=False)
SHORT = authority("Short Root", path_length=0)
MUTE = authority("Mute Root", may_sign=False)


@pytest.mark.parametrize(
    ("presented", "trusted", "cause", "named"),
    [
        ([certificate(ROOT, HOST, rsa_bits=1024)], ROOT, "NET-TLS-WEAK",
         "The certificate received for api.stripe.com, signed by O=Company Proxy, CN=Company Root, has a "
         "1024-bit key"),
        ([certificate(WEAK, HOST)], WEAK, "NET-TLS-WEAK",
         f"The certificate of O=Company Proxy, CN=Weak Root {BUNDLED} has a 1024-bit key"),
        ([certificate(weak := authority("Weak Issuing", ROOT, rsa_bits=1024), HOST), weak], ROOT,
         "NET-TLS-WEAK", f"The certificate of O=Company Proxy, CN=Weak Issuing {SENT}"),
        ([certificate(BARE, HOST)], BARE, "NET-TLS-INVALID",
         f"The certificate of O=Company Proxy, CN=Bare Root {BUNDLED} was used to sign another certificate"),
        ([certificate(bare := authority("Bare", ROOT, constraints=False), HOST), bare], ROOT,
         "NET-TLS-INVALID", f"The certificate of O=Company Proxy, CN=Bare {SENT}"),
        ([certificate(below := authority("Below", SHORT), HOST), below], SHORT,
         "NET-TLS-INVALID", f"The certificate of O=Company Proxy, CN=Short Root {BUNDLED} allows fewer intermediate"),
        ([certificate(mute := authority("Mute", ROOT, may_sign=False), HOST), mute], ROOT,
         "NET-TLS-INVALID", f"The certificate of O=Company Proxy, CN=Mute {SENT}"),
        ([certificate(ROOT, HOST, for_servers=False)], ROOT, "NET-TLS-INVALID",
         "The certificate received for api.stripe.com, signed by O=Company Proxy, CN=Company Root, is not "
         "intended for"),
    ],
)  # fmt: skip
def test_a_weak_or_invalid_certificate_is_named(found, presented, trusted, cause, named):
    told, operator, _fix = found(presented, trusted)
    assert told == cause
    assert operator.startswith(named)


def test_unknown_authority_beside_trusted_authorities(found):
    cause, operator, fix = found([certificate(ISSUING, HOST), ISSUING], OLD)
    assert cause == "NET-TLS-UNTRUSTED"
    assert "is signed by O=Company Proxy, CN=Company Issuing, which is not trusted." in operator
    assert fix.startswith("Ask your network administrator for the certificate of O=Company Proxy")


@pytest.mark.squid
@pytest.mark.parametrize(
    ("own", "trusted", "words"),
    [
        (certificate(OLD, "proxy.example"), OLD, "CN=Old Root), expired on 2"),
        (certificate(ROOT, "proxy.example", rsa_bits=1024), ROOT, "has a 1024-bit key"),
        (certificate(ROOT, "other.example"), ROOT, "its certificate is for other.example"),
        (certificate(ROOT, "proxy.example"), OLD, "signed by O=Company Proxy, CN=Company Root"),
    ],
)
def test_https_proxy_certificate_fault(caller, tmp_path, own, trusted, words):
    (tmp_path / "bundle.pem").write_bytes(trusted.pem)
    with running_squid() as proxy, tls_in_front_of(proxy.port, serving(own)) as port:
        diagnosis = caller.diagnosis(
            proxy=f"https://proxy.example:{port}",
            ca_bundle=tmp_path / "bundle.pem",
            look_up=lambda _host, port, *_: [(2, 0, 0, "", ("127.0.0.1", port))],
        )
    assert diagnosis.id == "NET-PROXY-TLS"
    assert words in diagnosis.operator


def test_tls_1_3_only_server_is_diagnosed_by_code(caller, tmp_path):
    context = serving(certificate(ROOT, HOST, ends_in_days=-1))
    (tmp_path / "bundle.pem").write_bytes(ROOT.pem)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    with far_side(context) as side:
        diagnosis = caller.diagnosis(side.port, ca_bundle=tmp_path / "bundle.pem")
    assert diagnosis.id == "NET-TLS-CLOCK"
    assert diagnosis.operator.startswith("A certificate on the route to api.stripe.com has expired")


@pytest.mark.parametrize("presented", [[], [b""], [b"\x30\x82\xff\xff"], [b"x" * 99]])
def test_unreadable_chain_keeps_openssl_reason(presented):
    at = datetime.now(UTC) + timedelta(days=1)
    fault = find_fault(presented, code=10, message="expired", ca_bundle=None, at=at)
    assert (fault.reason, fault.owner) == (Reason.EXPIRED, None)


def test_unknown_openssl_code_keeps_message():
    fault = find_fault(
        [certificate(ROOT, HOST).der], code=99, message="odd", ca_bundle=None, at=datetime.now(UTC)
    )
    assert (fault.reason, fault.detail, fault.owner) == (Reason.OTHER, "odd", Owner.FAR_SIDE)


def test_openssl_message_about_proxy_certificate_is_part_of_a_sentence():
    fault = CertificateFault(Reason.OTHER, "odd", Owner.FAR_SIDE, subject="CN=Proxy")
    proxy = "https://proxy.example:3128"
    route = decide("https://api.stripe.com", setting=proxy, environment=ProxyEnvironment({}, {}))
    finding = proxy_certificate(route, fault)
    assert (finding.id, finding.operator) == (
        "NET-PROXY-TLS",
        f"The TLS handshake with the proxy {proxy} (STRIPE_PROXY) failed: its certificate was rejected (odd).",
    )


@pytest.mark.parametrize(
    "stream", [b"", b"\x15\x03\x03\0\2\2\x28", b"\x16\x03", b"\x16\x03\x03\xff\xff\x0b"]
)
def test_interrupted_handshake_has_no_chain(stream):
    assert certificates_in(stream) == ()
