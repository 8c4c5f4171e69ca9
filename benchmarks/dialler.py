"""Opens Checkout sessions by our client or by stripe-python's own, and tells what that cost.

A program: `python -m benchmarks.dialler PORT CA_BUNDLE` reads the name of a way and a number
of calls from each line, and answers with the CPU seconds that they took.
"""

import gc
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.stripe_side import KEY, StripeSide
from testing.site import ROOT, Site

OURS, DEFAULT = "ours", "default"
PARAMETERS: dict[str, Any] = {
    "mode": "payment",
    "line_items": [
        {
            "price_data": {
                "currency": "usd",
                "unit_amount": 1900,
                "product_data": {"name": "Certified practitioner"},
            },
            "quantity": 1,
        }
    ],
    "customer_email": "buyer@example.org",
    "success_url": "https://shop.example/success/",
    "cancel_url": "https://shop.example/cancelled/",
}

Dial = Callable[[str, int], float]


@contextmanager
def dialling(site: Site, stripe: StripeSide) -> Iterator[Dial]:
    """CPU seconds of so many calls by one of the two ways, in one process for both."""
    with (site.folder / "dialler.log").open("a") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(stripe.side.port), str(stripe.ca_bundle)],
            cwd=ROOT,
            env=site.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )

    def dial(way: str, calls: int) -> float:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{way} {calls}\n")
        process.stdin.flush()
        return float(process.stdout.readline())

    with process:
        try:
            yield dial
        finally:
            process.terminate()


def _main(port: str, ca_bundle: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "testbank.settings")
    sessions = {DEFAULT: _default_sessions(port, ca_bundle), OURS: _our_sessions()}
    for line in sys.stdin:
        way, calls = line.split()
        sys.stdout.write(f"{_cpu_seconds(sessions[way], int(calls))}\n")
        sys.stdout.flush()


def _our_sessions() -> Any:
    import django  # noqa: PLC0415 - the settings are those of the site that is measured

    django.setup()
    from payments.stripe.client import stripe_client  # noqa: PLC0415 - as above

    return stripe_client().v1.checkout.sessions


def _default_sessions(port: str, ca_bundle: str) -> Any:
    """stripe-python as its own guide makes a client."""
    import stripe  # noqa: PLC0415 - it takes a quarter of a second, in this program only

    stripe.ca_bundle_path = ca_bundle
    base: Any = {"api": f"https://localhost:{port}"}
    return stripe.StripeClient(KEY, base_addresses=base).v1.checkout.sessions


def _cpu_seconds(sessions: Any, calls: int) -> float:
    gc.collect()
    started = time.process_time()
    for _call in range(calls):
        sessions.create(PARAMETERS, {"idempotency_key": str(uuid.uuid4())})
    return time.process_time() - started


if __name__ == "__main__":
    _main(*sys.argv[1:])
