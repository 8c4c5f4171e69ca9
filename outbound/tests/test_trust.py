"""Trusted authorities: the public roots, a CA bundle and the system store."""

import ssl

import pytest

from outbound.tests.servers import far_side
from outbound.transport.ca_bundle import CABundleError
from outbound.transport.trust import SYSTEM_STORES, client_context, system_store


def test_system_store_is_first_existing_file(ca_bundle, tmp_path):
    assert system_store([tmp_path / "none.pem", ca_bundle, tmp_path / "later.pem"]) == ca_bundle


def test_system_store_missing(tmp_path):
    with pytest.raises(CABundleError) as missing:
        system_store([tmp_path / "none.pem"])
    assert str(missing.value).startswith("No system certificate store was found")


def test_system_store_ignores_ssl_cert_file(ca_bundle, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(ca_bundle))
    try:
        assert system_store() in SYSTEM_STORES
    except CABundleError:
        assert not any(place.is_file() for place in SYSTEM_STORES)


def test_an_authority_that_the_system_trusts_is_trusted(as_stripe, caller, ca_bundle):
    with far_side(as_stripe) as stripe:
        assert caller.call(stripe.port, ca_bundle=system_store([ca_bundle])).status == 200


def test_ca_bundle_beside_public_roots(ca_bundle):
    alone, beside = client_context(), client_context(ca_bundle)
    assert len(beside.get_ca_certs()) == len(alone.get_ca_certs()) + 1
    assert (beside.verify_mode, beside.check_hostname) == (ssl.CERT_REQUIRED, True)
