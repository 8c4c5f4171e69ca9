"""A stand-in for Stripe on loopback, with TLS, that opens a Checkout session for every call."""

import json
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from typing import Any

import trustme

from benchmarks.stripe_events import session_of
from outbound.tests.servers import FarSide, far_side, http_answer

STRIPE = "api.stripe.com"
# In the form of Stripe's keys, and worthless.
KEY = "sk_test_51BenchmarkBenchmark"
PUBLIC_KEY = "pk_test_51BenchmarkBenchmark"


@dataclass(frozen=True, slots=True)
class FakeStripe:
    """A running stand-in, and the CA that signed its certificate."""

    server: FarSide
    ca_bundle: Path

    def settings(self) -> dict[str, str]:
        """The settings that direct a site to it."""
        return {
            "STRIPE_PUBLIC_KEY": PUBLIC_KEY,
            "STRIPE_SECRET_KEY": KEY,
            "STRIPE_API_BASE": f"https://{STRIPE}",
            "STRIPE_RESOLVE": f"{STRIPE}:443:127.0.0.1:{self.server.port}",
            "STRIPE_CA_BUNDLE": str(self.ca_bundle),
        }


@contextmanager
def fake_stripe(folder: Path, *, latency_seconds: float) -> Iterator[FakeStripe]:
    """Run a stand-in that answers every call after that time."""
    authority = trustme.CA(organization_name="Benchmark")
    ca_bundle = folder / "fake-stripe.pem"
    authority.cert_pem.write_to_path(str(ca_bundle))
    context = SSLContext(PROTOCOL_TLS_SERVER)
    authority.issue_cert(STRIPE, "localhost").configure_cert(context)

    def answer(connection: socket.socket) -> None:
        time.sleep(latency_seconds)
        connection.sendall(http_answer(json.dumps(_open_session()).encode()))

    with far_side(context, answer) as server:
        yield FakeStripe(server, ca_bundle)


def _open_session() -> dict[str, Any]:
    """A session as Stripe returns it right after its creation: about 3 KB."""
    name = f"cs_test_{uuid.uuid4().hex}"
    session = session_of("", name, 1900, int(time.time()))
    return session | {
        "status": "open",
        "payment_status": "unpaid",
        "payment_intent": None,
        "url": f"https://checkout.stripe.com/c/pay/{name}",
    }
