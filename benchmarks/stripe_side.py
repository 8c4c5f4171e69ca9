"""A far side in Stripe's place: TLS on loopback, and the same answer to every call.

It costs little, and nothing that is measured: who calls does.
"""

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

from benchmarks.webhooks import session_of
from outbound.tests.servers import FarSide, far_side, http_answer

STRIPE = "api.stripe.com"
# A key of a form that Stripe has, and that opens nothing.
KEY = "sk_test_51BenchmarkBenchmark"
PUBLIC_KEY = "pk_test_51BenchmarkBenchmark"


@dataclass(frozen=True, slots=True)
class StripeSide:
    """The far side at work, and the authority that signed its certificate."""

    side: FarSide
    ca_bundle: Path

    def settings(self) -> dict[str, str]:
        """What leads a shop to it."""
        return {
            "STRIPE_PUBLIC_KEY": PUBLIC_KEY,
            "STRIPE_SECRET_KEY": KEY,
            "STRIPE_API_BASE": f"https://{STRIPE}",
            "STRIPE_RESOLVE": f"{STRIPE}:443:127.0.0.1:{self.side.port}",
            "STRIPE_CA_BUNDLE": str(self.ca_bundle),
        }


@contextmanager
def stripe_side(folder: Path, *, answers_after_seconds: float = 0.0) -> Iterator[StripeSide]:
    """A far side that opens a Checkout session for every call, after so long."""
    authority = trustme.CA(organization_name="Benchmark")
    ca_bundle = folder / "stripe-side.pem"
    authority.cert_pem.write_to_path(str(ca_bundle))
    context = SSLContext(PROTOCOL_TLS_SERVER)
    authority.issue_cert(STRIPE, "localhost").configure_cert(context)

    def answer(connection: socket.socket) -> None:
        time.sleep(answers_after_seconds)
        connection.sendall(http_answer(json.dumps(_open_session()).encode()))

    with far_side(context, answer) as side:
        yield StripeSide(side, ca_bundle)


def _open_session() -> dict[str, Any]:
    """A session as Stripe tells of one that was just made: some 3 KB."""
    name = f"cs_test_{uuid.uuid4().hex}"
    session = session_of("", name, 1900, int(time.time()))
    return session | {
        "status": "open",
        "payment_status": "unpaid",
        "payment_intent": None,
        "url": f"https://checkout.stripe.com/c/pay/{name}",
    }
