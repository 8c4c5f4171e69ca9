"""A sandbox for all tests of a worker, a shop that listens for webhooks, and a client."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
import stripe

from testing.sandbox import RunningSandbox, running_sandbox

Client = Callable[[RunningSandbox], stripe.StripeClient]

SUCCESS_URL = "http://127.0.0.1:9/done?session={CHECKOUT_SESSION_ID}"
CANCEL_URL = "http://127.0.0.1:9/banks/network"


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """One sandbox for many tests: none of them may count on being alone, nor set faults."""
    with running_sandbox(tmp_path_factory.mktemp("sandbox"), tls=False) as running:
        yield running


@pytest.fixture
def own_sandbox(tmp_path: Path) -> Iterator[RunningSandbox]:
    """A sandbox for this test alone."""
    with running_sandbox(tmp_path, tls=False) as running:
        yield running


def client_of(running: RunningSandbox, key: str | None = None) -> stripe.StripeClient:
    """stripe-python, led to the sandbox, deaf to the environment, without retries."""
    session = requests.Session()
    session.trust_env = False
    return stripe.StripeClient(
        key or running.secret_key,
        base_addresses={"api": running.url},
        http_client=stripe.RequestsClient(session=session, timeout=10),
    )


@pytest.fixture
def client(sandbox: RunningSandbox) -> stripe.StripeClient:
    """stripe-python with the key that the shared sandbox knows."""
    return client_of(sandbox)


def bank(unit_amount: float = 1999, currency: str = "usd", **changes: Any) -> Any:
    """The parameters of a purchase of one bank, changed as said."""
    product = {"name": "Network & Security", "metadata": {"bank": "network"}}
    price = {"currency": currency, "unit_amount": unit_amount, "product_data": product}
    return {
        "mode": "payment",
        "success_url": SUCCESS_URL,
        "cancel_url": CANCEL_URL,
        "line_items": [{"quantity": 1, "price_data": price}],
        **changes,
    }


class Shop:
    """What listens for webhooks: keeps what came, and answers as it is told."""

    def __init__(self) -> None:
        self.received: list[tuple[bytes, str]] = []
        self.statuses: list[int] = []
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                shop.received.append((body, self.headers["Stripe-Signature"]))
                self.send_response(shop.statuses.pop(0) if shop.statuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/payments/webhook/"

    def events(self, secret: str) -> list[stripe.Event]:
        """The events received, with signatures checked."""
        return [
            stripe.Webhook.construct_event(body, signature, secret)
            for body, signature in self.received
        ]


@pytest.fixture
def shop() -> Iterator[Shop]:
    """A shop that answers 200, until its `statuses` say otherwise."""
    listening = Shop()
    thread = threading.Thread(target=listening.server.serve_forever, args=(0.02,))
    thread.start()
    yield listening
    listening.server.shutdown()
    thread.join()
    listening.server.server_close()


@pytest.fixture
def telling_sandbox(tmp_path: Path, shop: Shop) -> Iterator[RunningSandbox]:
    """A sandbox for this test alone, which tells the shop what happens."""
    with running_sandbox(tmp_path, tls=False, webhook_url=shop.url) as running:
        yield running
