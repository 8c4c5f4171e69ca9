"""The site under test: its web server, its commands, the sandbox, and buyers."""

import http.client
import json
import os
import re
import signal
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from email import message_from_string
from functools import cached_property, partial
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from testing.crashing.commands import CommandRunner, Ended, running_commands
from testing.crashing.front import Steps, front_of
from testing.crashing.points import Watch
from testing.passed_socket import with_socket
from testing.postgresql import running_postgresql
from testing.sandbox import PUBLIC_KEY, SECRET_KEY, WEBHOOK_SECRET, RunningSandbox, running_sandbox
from testing.site import Site
from testing.site_client import SiteClient
from testing.waiting import wait_until

# The sandbox retries a delivery only after its clock is advanced.
BACKOFF_SECONDS = 60.0
AT_STRIPE = re.compile(r"/c/pay/(cs_\w+)")
BETWEEN_MAILS = re.compile(r"^-{79}\n", re.MULTILINE)
NEW_BUYER = """
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from accounts.models import User
from catalog.models import Category, TestBank
user = User(email={email!r})
user.set_unusable_password()
user.save()
session = SessionStore()
session[SESSION_KEY] = str(user.pk)
session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
session[HASH_SESSION_KEY] = user.get_session_auth_hash()
session.save()
category, _made = Category.objects.get_or_create(slug="software", title="Software")
TestBank.objects.create(
    slug={slug!r}, title="Bank", category=category, price_minor=1900, currency="USD",
    status=TestBank.Status.PUBLISHED,
)
print(session.session_key)
"""
NEW_PRICE = """
from catalog.models import TestBank
TestBank.objects.filter(slug={slug!r}).update(price_minor=2900)
"""
LATER = """
from datetime import timedelta
from django.utils import timezone
from outbox.models import Lease
from outbox.services import send_due_mails
Lease.objects.all().delete()
send_due_mails(at=timezone.now() + timedelta(minutes=5))
"""
STATE = """
import json
from collections import Counter
from accounts.models import User
from catalog.models import Access
from outbox.models import OutgoingMail
found = {}
for user in User.objects.prefetch_related("orders", "open_checkouts", "accesses"):
    orders, mails = user.orders.all(), OutgoingMail.objects.filter(recipient=user.email)
    found[user.email] = {
        "paid_orders": sum(order.paid_at is not None for order in orders),
        "granted_orders": sum(order.granted_at is not None for order in orders),
        "accesses": user.accesses.count(),
        "open_checkouts": user.open_checkouts.count(),
        "mails": sorted(mails.values_list("template", flat=True)),
        "unsent_mails": mails.filter(sent_at=None).count(),
    }
print(json.dumps(found))
"""


@dataclass(slots=True)
class Buyer:
    """A learner, and the bank that only they buy."""

    email: str
    slug: str
    shopper: SiteClient
    checkout: str = ""
    return_path: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A buyer's rows on the site and sessions at Stripe after a trial."""

    paid_orders: int
    granted_orders: int
    accesses: int
    open_checkouts: int
    mails: tuple[str, ...]
    unsent_mails: int
    paid_sessions: int
    payable_sessions: int


@dataclass
class Shop:
    """The running site. `watch` and `steps` record points, and kill processes at them."""

    site: Site
    sandbox: RunningSandbox
    steps: Steps
    watch: Watch
    web_pid: int
    commands: CommandRunner
    numbers: Iterator[int] = field(default_factory=count)

    def new_buyer(self) -> Buyer:
        """Create a signed-in learner and a bank."""
        number = next(self.numbers)
        email, slug = f"buyer-{number}@example.org", f"bank-{number}"
        session = self.commands.run(NEW_BUYER.format(email=email, slug=slug)).strip()
        return Buyer(email, slug, SiteClient(self.site.url, session))

    def purchase(self, buyer: Buyer) -> None:
        """Click Purchase; note the session if it redirects to Stripe's page."""
        reply = buyer.shopper.purchase(buyer.slug)
        assert reply.status == 303, reply.text
        if found := AT_STRIPE.search(reply.location):
            buyer.checkout = found[1]

    def raise_price(self, buyer: Buyer) -> None:
        """Raise the bank's price."""
        self.commands.run(NEW_PRICE.format(slug=buyer.slug))

    def pay(self, buyer: Buyer) -> None:
        """Pay on Stripe's page."""
        session = self.sandbox.control.pay(buyer.checkout, buyer.email)
        buyer.return_path = urlsplit(session["success_url"]).path

    def come_back(self, buyer: Buyer) -> None:
        """Open the success page."""
        assert buyer.shopper.get(buyer.return_path).status == 200

    def listen(self, *, to_webhooks: bool) -> None:
        """Create events for webhooks from now on, or none; they are sent by `tell`."""
        control = self.sandbox.control
        control.pause_webhooks()
        control.send_webhooks_to(f"{self.site.url}/payments/webhook/" if to_webhooks else None)

    def tell(self) -> None:
        """Deliver each pending event once."""
        control = self.sandbox.control
        waiting = {one["event"]: one["attempts"] for one in self.untold()}
        if any(waiting.values()):
            control.advance_clock(2 * BACKOFF_SECONDS)
        control.resume_webhooks()
        wait_until(
            lambda: all(one["attempts"] > waiting.get(one["event"], -1) for one in self.untold())
        )
        control.pause_webhooks()

    def untold(self) -> list[dict[str, Any]]:
        """Return the deliveries without a successful response."""
        return [one for one in self.sandbox.control.deliveries() if not one["delivered"]]

    def reconcile(self) -> Ended:
        """Run reconciliation."""
        return self.commands.manage("reconcile_payments")

    def work(self) -> Ended:
        """Run every job of the worker once."""
        return self.commands.manage("work", "--once")

    def let_time_pass(self) -> None:
        """Expire the leases of killed processes, and send the mails that they held."""
        self.commands.run(LATER)

    def kill_callers(self) -> None:
        """Kill every process that can have made the current call."""
        command = self.commands.worker_pid
        for pid in [command] if command else _children(self.web_pid):
            os.kill(pid, signal.SIGKILL)
            wait_until(partial(_is_gone, pid))

    def outcomes(self) -> dict[str, Outcome]:
        """Return every buyer's outcome, by email."""
        sessions = list(self._sessions())
        paid = Counter(one["customer_email"] for one in sessions if one["status"] == "complete")
        payable = Counter(one["customer_email"] for one in sessions if one["status"] == "open")
        found: dict[str, dict[str, Any]] = json.loads(self.commands.run(STATE))
        return {
            email: Outcome(
                **{**state, "mails": tuple(state["mails"])},
                paid_sessions=paid[email],
                payable_sessions=payable[email],
            )
            for email, state in found.items()
        }

    def mails_sent(self, email: str) -> Counter[str]:
        """Count how often each mail was sent, by Message-ID."""
        return Counter(number for to, number in self._all_mails if to == email)

    @cached_property
    def _all_mails(self) -> list[tuple[str, str]]:
        """Recipient and Message-ID of each mail. Cached, so read it last."""
        texts = (path.read_text() for path in (self.watch.folder / "mails").glob("*.log"))
        messages = (
            message_from_string(one)
            for text in texts
            for one in BETWEEN_MAILS.split(text)
            if one.strip()
        )
        return [(one["To"], one["Message-ID"]) for one in messages]

    def _sessions(self) -> Iterator[dict[str, Any]]:
        """Yield all Checkout sessions at Stripe."""
        after = ""
        while True:
            page = self._ask(f"/v1/checkout/sessions?limit=100{after}")
            yield from page["data"]
            if not page["has_more"]:
                return
            after = f"&starting_after={page['data'][-1]['id']}"

    def _ask(self, path: str) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.sandbox.port, timeout=10)
        try:
            connection.request("GET", path, headers={"Authorization": f"Bearer {SECRET_KEY}"})
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()


@contextmanager
def running_shop(database: str, folder: Path) -> Iterator[Shop]:
    """Start a site on `sqlite` or `postgresql` whose mails are sent by the worker."""
    watch, steps = Watch(folder / "watch"), Steps()
    watch.folder.mkdir()
    with ExitStack() as stack:
        url = (
            f"sqlite:///{folder / 'site.sqlite3'}"
            if database == "sqlite"
            else stack.enter_context(running_postgresql())
        )
        sandbox = stack.enter_context(
            running_sandbox(folder, tls=False, webhook_backoff_seconds=BACKOFF_SECONDS)
        )
        front = stack.enter_context(front_of(sandbox.url, steps))
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=512))
        port = listener.getsockname()[1]
        site = _site(folder, watch, port, {"DATABASE_URL": url, "STRIPE_API_BASE": front})
        migrated = site.manage("migrate", "--verbosity=0")
        assert migrated.returncode == 0, migrated.stderr
        commands = stack.enter_context(running_commands(site))
        command = with_socket(listener, "-m", "testing.crashing.server")
        web = stack.enter_context(site.running(*command, pass_fds=[listener.fileno()]))
        site.wait_until_it_answers(web)
        shop = Shop(site, sandbox, steps, watch, web.pid, commands)
        steps.kill = shop.kill_callers
        yield shop


def _site(folder: Path, watch: Watch, port: int, dotenv: dict[str, str]) -> Site:
    process = {
        "DJANGO_SETTINGS_MODULE": "testing.crashing.settings",
        "CRASHING": str(watch.folder),
    }
    site = Site(folder=folder, port=port, process=process)
    site.write_env(
        SECRET_KEY="only-for-tests",
        SITE_URL=site.url,
        STRIPE_PUBLIC_KEY=PUBLIC_KEY,
        STRIPE_SECRET_KEY=SECRET_KEY,
        STRIPE_WEBHOOK_SECRET=WEBHOOK_SECRET,
        WORKER="1",
        **dotenv,
    )
    return site


def _children(pid: int) -> list[int]:
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def _is_gone(pid: int) -> bool:
    """Return True if the process has ended or is a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True
