"""What the tests share: a Stripe client, parameters of a session, a browser, a webhook receiver."""

from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import requests
import stripe

from testing.sandbox import RunningSandbox

SUCCESS_URL = "http://127.0.0.1:9/done?session={CHECKOUT_SESSION_ID}"
CANCEL_URL = "http://127.0.0.1:9/banks/network"
CARD = {"number": "4242 4242 4242 4242", "expiry": "12 / 34", "cvc": "123"}
BUYER = {"email": "buyer@example.org"}


def client_for(running: RunningSandbox, key: str | None = None) -> stripe.StripeClient:
    """Return a stripe-python client of the sandbox that ignores the environment's proxies."""
    session = requests.Session()
    session.trust_env = False
    return stripe.StripeClient(
        key or running.secret_key,
        base_addresses={"api": running.url},
        http_client=stripe.RequestsClient(session=session, timeout=10),
    )


def session_params(unit_amount: float = 1999, currency: str = "usd", **changes: Any) -> Any:
    """Return the parameters of a session with one line item, with these changes."""
    product = {"name": "Network & Security", "metadata": {"bank": "network"}}
    price = {"currency": currency, "unit_amount": unit_amount, "product_data": product}
    return {
        "mode": "payment",
        "success_url": SUCCESS_URL,
        "cancel_url": CANCEL_URL,
        "line_items": [{"quantity": 1, "price_data": price}],
        **changes,
    }


def paid_intent(running: RunningSandbox, card: str = "pays", **changes: Any) -> str:
    """Return the payment intent of a new session that was paid: 1999 US cents."""
    session = client_for(running).v1.checkout.sessions.create(session_params(**changes))
    intent: str = running.control.pay(session.id, card=card)["payment_intent"]
    return intent


def charge_of(client: stripe.StripeClient, intent: str) -> stripe.Charge:
    """Return the payment intent's only charge."""
    (charge,) = client.v1.charges.list({"payment_intent": intent}).data
    return charge


def event_types(client: stripe.StripeClient, pattern: str) -> list[str]:
    """Return the types of the events that match, oldest first."""
    events = client.v1.events.list({"type": pattern, "limit": 100}).data
    return [event.type for event in reversed(events)]


def event_objects(client: stripe.StripeClient, event_type: str) -> list[Any]:
    """Return the objects of the events of this type, oldest first."""
    events = client.v1.events.list({"type": event_type, "limit": 100}).data
    return [event.data.object for event in reversed(events)]


def browse(method: str, url: str, **fields: str) -> requests.Response:
    """Send one request as a browser does, without following redirects."""
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, url, data=fields, timeout=10, allow_redirects=False)


def page_url(client: stripe.StripeClient, **changes: Any) -> str:
    """Return the payment page of a new session."""
    url = client.v1.checkout.sessions.create(session_params(**changes)).url
    assert url is not None
    return url


def session_at(client: stripe.StripeClient, url: str) -> stripe.checkout.Session:
    """Return the session of a payment page."""
    return client.v1.checkout.sessions.retrieve(url.rpartition("/")[2])


def status_at(client: stripe.StripeClient, url: str) -> tuple[str | None, str]:
    """Return status and payment status of a payment page's session."""
    session = session_at(client, url)
    return session.status, session.payment_status


class WebhookReceiver:
    """A webhook endpoint that keeps what it received and responds with `statuses`, or 200."""

    def __init__(self) -> None:
        self.received: list[tuple[bytes, str]] = []
        self.statuses: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.received.append((body, self.headers["Stripe-Signature"]))
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/payments/webhook/"

    def events(self, secret: str) -> list[stripe.Event]:
        """Return the events received, after verifying their signatures."""
        return [
            stripe.Webhook.construct_event(body, signature, secret)
            for body, signature in self.received
        ]
