"""A certificate authority for the run, clients that trust it, and calls to Stripe's name."""

import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import certifi
import pytest
import trustme

from outbound.diagnosis import diagnose
from outbound.route import ProxyEnvironment, decide
from outbound.transport import CallFailed, Client, parse_resolve

STRIPE = "https://api.stripe.com/v1/checkout/sessions"
KEY = "sk_test_51Habcdefghijklmnop9xYz"


@pytest.fixture(scope="session", autouse=True)
def few_public_roots(tmp_path_factory):
    """Trust three of the public roots: OpenSSL takes ten milliseconds to read all of them.

    No test calls a public server.
    """
    end = "-----END CERTIFICATE-----\n"
    roots = Path(certifi.where()).read_text(encoding="utf-8").split(end)[:3]
    file = tmp_path_factory.mktemp("roots") / "roots.pem"
    file.write_text("".join(root + end for root in roots), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(certifi, "where", lambda: str(file))
        yield


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
    """Return a server's TLS context with a certificate for these names."""

    def make(*names, issuer=authority, starts_in_days=-60, expires_in_days=30):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        now = datetime.now(UTC)
        issued = issuer.issue_cert(
            *names,
            not_before=now + timedelta(days=starts_in_days),
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

    ca_bundle: Path
    clients: list[Client] = field(default_factory=list)

    def client(self, port=None, **options):
        resolve = f"api.stripe.com:443:127.0.0.1:{port}" if port else ""
        options = {"ca_bundle": self.ca_bundle, "deadline_seconds": 5.0, **options}
        client = Client(overrides=parse_resolve(resolve), **options)
        self.clients.append(client)
        return client

    def call(
        self,
        port=None,
        *,
        proxy="environment",
        process=None,
        route=None,
        url=STRIPE,
        client=None,
        method="POST",
        headers=None,
        within_seconds=None,
        **options,
    ):
        """The answer. A header of None takes a usual one out; `options` are a client's."""
        usual = {"Authorization": f"Bearer {KEY}", "Idempotency-Key": "k", **(headers or {})}
        environment = ProxyEnvironment(process or {}, {})
        return (client or self.client(port, **options)).request(
            method,
            url,
            headers={name: value for name, value in usual.items() if value is not None},
            body=b"mode=payment" if method == "POST" else None,
            route=route or decide(url, setting=proxy, environment=environment),
            deadline_seconds=within_seconds,
        )

    def failure(self, *args, **kwargs):
        """Make a call that must fail, and return the failure."""
        with pytest.raises(CallFailed) as failed:
            self.call(*args, **kwargs)
        return failed.value

    def diagnosis(self, *args, **kwargs):
        """Make a call that must fail, and return its diagnosis."""
        return diagnose(self.failure(*args, **kwargs))


@pytest.fixture
def caller(ca_bundle):
    caller = Caller(ca_bundle)
    yield caller
    for client in caller.clients:
        client.close()
