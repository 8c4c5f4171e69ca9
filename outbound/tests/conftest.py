"""An authority of the run, clients that trust it, and calls that name Stripe."""

import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from outbound.client import CallFailed, Client, parse_resolve
from outbound.diagnosis import diagnose
from outbound.route import Surroundings, decide

STRIPE = "https://api.stripe.com/v1/checkout/sessions"
KEY = "sk_test_51Habcdefghijklmnop9xYz"


@pytest.fixture(scope="session")
def authority():
    return trustme.CA(organization_name="Test Authority")


@pytest.fixture(scope="session")
def ca_bundle(authority, tmp_path_factory):
    path = tmp_path_factory.mktemp("trust") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture(scope="session")
def serve_as(authority):
    """Makes a server's TLS context with a certificate for these names."""

    def make(*names, issuer=authority, expires_in_days=30, version=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        now = datetime.now(UTC)
        issued = issuer.issue_cert(
            *names,
            not_before=now - timedelta(days=60),
            not_after=now + timedelta(days=expires_in_days),
        )
        issued.configure_cert(context)
        return context

    return make


@pytest.fixture(scope="session")
def as_stripe(serve_as):
    return serve_as("api.stripe.com", "localhost", "127.0.0.1")


@dataclass
class Caller:
    """Makes one call as the shop makes it. `port` is where Stripe's name leads."""

    ca_bundle: object
    clients: list = field(default_factory=list)

    def client(self, port=None, **options):
        resolve = f"api.stripe.com:443:127.0.0.1:{port}" if port else ""
        options = {"ca_bundle": self.ca_bundle, "deadline_seconds": 5.0, **options}
        client = Client(overrides=parse_resolve(resolve), **options)
        self.clients.append(client)
        return client

    def call(self, port=None, *, proxy="environment", url=STRIPE, client=None, method="POST", **kw):
        process, within_seconds = kw.pop("process", {}), kw.pop("within_seconds", None)
        headers = {
            "Authorization": f"Bearer {KEY}",
            "Idempotency-Key": "k",
            **kw.pop("headers", {}),
        }
        client = client or self.client(port, **kw)
        route = decide(url, setting=proxy, surroundings=Surroundings(process, {}))
        body = b"mode=payment" if method == "POST" else None
        return client.request(
            method, url, headers=headers, body=body, route=route, deadline_seconds=within_seconds
        )

    def failure(self, *args, **kwargs):
        """The failure of a call that must fail."""
        with pytest.raises(CallFailed) as failed:
            self.call(*args, **kwargs)
        return failed.value

    def diagnosis(self, *args, **kwargs):
        """Why a call that must fail has failed."""
        return diagnose(self.failure(*args, **kwargs))


@pytest.fixture
def caller(ca_bundle):
    caller = Caller(ca_bundle)
    yield caller
    for client in caller.clients:
        client.close()
