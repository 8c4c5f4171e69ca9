"""A thousand webhooks while the database and the server fail: none is lost, none counts twice.

Whoever sends them tries again until one is acknowledged, as Stripe does.
"""

import http.client
import json
import random
import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from stripe import WebhookSignature

from testing.learners import load_demo_banks
from testing.parts import require
from testing.postgresql import OPTIONS, running_postgresql
from testing.site import Site, new_site

pytestmark = [pytest.mark.proof, pytest.mark.xdist_group("database-faults")]

WEBHOOKS, SENDERS = 1000, 8
PATIENCE_SECONDS = 400.0
SECRET = "whsec_faults"
KEYS = {
    "STRIPE_PUBLIC_KEY": "pk_sandbox_tests",
    "STRIPE_SECRET_KEY": "sk_sandbox_tests",
    "STRIPE_API_BASE": "http://127.0.0.1:9",
    "STRIPE_WEBHOOK_SECRET": SECRET,
    # Nobody sends the emails.
    "WORKER": "1",
    "DATABASE_CONNECT_TIMEOUT": "2",
}
ORDERS = f"""
from django.db import transaction
from django.utils import timezone
from accounts.models import User
from catalog.models import TestBank
from payments.domain.order_placement import ReturnUrls, get_or_place_order
urls = ReturnUrls.of_site("http://shop.example")
bank = TestBank.objects.get(slug="git-in-practice")
with transaction.atomic():
    for number in range({WEBHOOKS}):
        buyer = User.objects.create(email=f"buyer{{number}}@example.org")
        order = get_or_place_order(
            learner=buyer, test_bank=bank, mode="sandbox", account="", return_urls=urls,
            at=timezone.now(),
        )
        print("order", order.pk, order.amount_minor, order.currency)
"""
STATE = """
from django.db.models import Count
from catalog.models import Access
from payments.models import Order, OrderEvent, StripeEvent
bought = Access.objects.filter(source_kind="order")
print("orders paid", Order.objects.filter(status="paid").count())
print("accesses", bought.count())
print("accesses doubled", bought.values("learner").annotate(n=Count("pk")).filter(n__gt=1).count())
print("paid twice", OrderEvent.objects.filter(kind="paid").values("order").annotate(
    n=Count("pk")).filter(n__gt=1).count())
print("events", StripeEvent.objects.filter(status="done").count())
"""
Fault = Callable[[Site, str], None]


def terminate_backends(_site: Site, url: str) -> None:
    """End every connection of the site."""
    _sql(url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
         " AND backend_type = 'client backend'")  # fmt: skip


def cancel_statements(_site: Site, url: str) -> None:
    """Cancel what runs, many times."""
    for _time in range(50):
        _sql(url, "SELECT pg_cancel_backend(pid) FROM pg_stat_activity"
             " WHERE pid <> pg_backend_pid() AND state = 'active'")  # fmt: skip
        time.sleep(0.01)


def read_only_for_a_while(_site: Site, url: str) -> None:
    """Refuse every write for two seconds."""
    _sql(url, "ALTER DATABASE postgres SET default_transaction_read_only = on")
    terminate_backends(_site, url)
    time.sleep(2)
    _sql(url, "ALTER DATABASE postgres RESET default_transaction_read_only")
    terminate_backends(_site, url)


def kill_server(site: Site, _url: str) -> None:
    """`kill -9` of the web server; whoever serves starts the next one."""
    site.kill()


def restart_server(site: Site, _url: str) -> None:
    """End the web server as a deployment does."""
    for process in list(site.processes):
        process.terminate()


FAULTS: dict[str, list[Fault]] = {
    "sqlite": [kill_server, restart_server],
    "postgresql": [
        *(terminate_backends, cancel_statements, read_only_for_a_while),
        *(kill_server, restart_server),
    ],
}


def _sql(url: str, statement: str) -> None:
    # Whatever the database tells new connections.
    options = "-c default_transaction_read_only=off"
    with closing(psycopg.connect(url, autocommit=True, options=options)) as connection:
        connection.execute(statement.encode())


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Site, str, str]]:
    """A site with orders that wait for their payment; its database and the address of that."""
    with ExitStack() as stack:
        url = ""
        if request.param == "postgresql":
            require("postgresql")
            # What was acknowledged must survive, so nothing is turned off but the sync to disk.
            url = stack.enter_context(running_postgresql(OPTIONS | {"synchronous_commit": "on"}))
        site = new_site(tmp_path, KEYS, {}, database_url=url or None)
        load_demo_banks(site)
        yield site, request.param, url


def events(site: Site) -> list[bytes]:
    """A paid event for each of a thousand new orders."""
    made = site.manage("shell", stdin=ORDERS)
    found = re.findall(r"^order (\S+) (\d+) (\w+)$", made.stdout, re.MULTILINE)
    assert len(found) == WEBHOOKS, made.stderr
    return [_event(*order) for order in found]


def _event(order: str, amount: str, currency: str) -> bytes:
    session = {
        "object": "checkout.session",
        "id": f"cs_test_{order.replace('-', '')}",
        "status": "complete",
        "payment_status": "paid",
        "amount_total": int(amount),
        "amount_subtotal": int(amount),
        "currency": currency.lower(),
        "livemode": False,
        "metadata": {"order_id": order},
        "payment_intent": f"pi_{order}",
        "url": None,
        "expires_at": 1_800_000_000,
    }
    kind = "checkout.session.completed"
    event = {"id": f"evt_{order}", "object": "event", "type": kind, "livemode": False}
    return json.dumps(event | {"data": {"object": session}}).encode()


def deliver(site: Site, body: bytes, gives_up_at: float) -> bool:
    """Send an event until it is acknowledged."""
    while time.monotonic() < gives_up_at:
        signature = WebhookSignature.generate_signature_header(body.decode(), SECRET)
        headers = {"Stripe-Signature": signature, "Content-Type": "application/json"}
        connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=40)
        with suppress(OSError, http.client.HTTPException), closing(connection):
            connection.request("POST", "/payments/webhook/", body, headers)
            if connection.getresponse().status == http.HTTPStatus.OK:
                return True
        time.sleep(0.2)
    return False


@contextmanager
def always_serving(site: Site) -> Iterator[None]:
    """Start the web server again whenever it ends, as systemd does."""
    ended = threading.Event()

    def serve() -> None:
        while not ended.is_set():
            with site.running("manage.py", "serve") as process:
                while process.poll() is None and not ended.is_set():
                    time.sleep(0.05)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@pytest.mark.timeout(1200)
def test_thousand_webhooks_under_faults_lose_and_double_nothing(
    shop: tuple[Site, str, str],
) -> None:
    site, database, url = shop
    bodies = events(site)
    gives_up_at = time.monotonic() + PATIENCE_SECONDS
    with always_serving(site), ThreadPoolExecutor(SENDERS) as pool:
        sent = [pool.submit(deliver, site, body, gives_up_at) for body in bodies]
        faults = 0
        while not all(one.done() for one in sent):
            before = sum(one.done() for one in sent)
            while sum(one.done() for one in sent) < min(before + 60, WEBHOOKS):
                time.sleep(0.1)
            fault = FAULTS[database][faults % len(FAULTS[database])]
            with suppress(psycopg.OperationalError):
                fault(site, url)
            faults += 1
            time.sleep(random.uniform(0.1, 0.5))  # noqa: S311
        # Stripe sends events twice.
        again = [pool.submit(deliver, site, body, gives_up_at) for body in bodies[:50]]
        assert all(one.result() for one in [*sent, *again])
    state = dict(re.findall(r"^([\w ]+) (\d+)$", site.manage("shell", stdin=STATE).stdout, re.M))
    assert faults >= 5, state
    assert state == {
        **dict.fromkeys(("orders paid", "accesses", "events"), str(WEBHOOKS)),
        **dict.fromkeys(("accesses doubled", "paid twice"), "0"),
    }
