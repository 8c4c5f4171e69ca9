"""The shop, a sandbox in Stripe's place, and what a row of the matrix does with them.

The purchase is a POST to the shop's own view, and the doctor is `manage.py doctor --json`.
Both see a row's settings and environment, and nothing of the machine's. Needs a database.
"""

import html
import http.client
import json
import logging
import os
import re
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from io import StringIO
from itertools import count
from pathlib import Path
from typing import Any
from unittest import mock

import trustme
from django.core.management import call_command
from django.test import Client, override_settings

from accounts.models import User
from catalog.models import Category, TestBank
from outbound.diagnosis import Diagnosis
from outbound.transport import parse_resolve
from payments.models import Incident, Order
from payments.monitoring.incidents import diagnosis_of
from payments.stripe import client as stripe_client
from payments.stripe_integration import StripeError
from testing.faults import Fault
from testing.proxies import refusing_port, running_squid
from testing.sandbox import RunningSandbox, running_sandbox

KEY = "sk_test_51FaultMatrixFaultMatrix"
PUBLIC_KEY = "pk_test_51FaultMatrixFaultMatrix"
CREATE = "POST /v1/checkout/sessions"
TITLE = re.compile(r'class="alert__title">([^<]*)<')
CODE = re.compile(r"<code>(\w+)</code>")


@dataclass(frozen=True)
class Patience:
    """How long a purchase (STRIPE_DEADLINE) and a call of the doctor may take."""

    purchase_seconds: float
    doctor_seconds: float


# A loaded machine must not look like a silent network, and silence must not cost much.
PATIENT = Patience(purchase_seconds=8.0, doctor_seconds=5.0)
IMPATIENT = Patience(purchase_seconds=2.0, doctor_seconds=2.0)


@dataclass(frozen=True)
class Site:
    """What a running shop sees: variables of its process, and settings."""

    process: Mapping[str, str]
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Buyer:
    """Somebody who is signed in, before a bank that nobody else buys."""

    browser: Client
    test_bank: TestBank
    user: User

    def order(self) -> Order:
        """The one order that there is. Raises where there are none or several."""
        return Order.objects.get(user=self.user)


@dataclass(frozen=True)
class Pressed:
    """What pressing Purchase brought. `sentence` is what the page says, empty for a redirect.

    `diagnosis` is what the incident tells: None where there is none.
    """

    status: int
    sentence: str
    page: str
    seconds: float
    retry_after: str
    incident: Incident | None
    diagnosis: Diagnosis | None


@dataclass(frozen=True)
class Examination:
    """What the doctor found: the cause and the first check that failed, and the remedy."""

    ok: bool
    cause: str
    check: str
    operator: str
    remedy: str
    tested: bool
    text: str
    seconds: float


@dataclass
class Laboratory:
    """Everything that the rows share: started when first used, ended with the block."""

    folder: Path
    sandbox: RunningSandbox
    closed_port: int
    stack: ExitStack
    fault: Fault = field(default_factory=Fault)
    numbers: Iterator[int] = field(default_factory=count)

    @cached_property
    def proxy_port(self) -> int:
        """The port of a squid that lets everybody through, to the sandbox."""
        leads_to = self.sandbox.tls_port
        return self.stack.enter_context(running_squid(leads_to=leads_to)).port

    @cached_property
    def authority(self) -> trustme.CA:
        """An authority that the shop trusts beside the sandbox's own."""
        return trustme.CA(organization_name="Laboratory")

    @cached_property
    def trusted(self) -> Path:
        """What STRIPE_CA_BUNDLE names: the sandbox's authority and the laboratory's."""
        return self.bundle("trusted.pem", self.authority.cert_pem.bytes())

    def bundle(self, name: str, certificate: bytes) -> Path:
        """A file with the sandbox's authority and this one."""
        path = self.folder / name
        path.write_bytes(self.sandbox.ca_path.read_bytes() + certificate)
        return path

    @cached_property
    def as_stripe(self) -> ssl.SSLContext:
        """A server's context for Stripe's name, and for this machine's."""
        return self.serve_as("api.stripe.com", "localhost", "127.0.0.1")

    def serve_as(
        self,
        *names: str,
        issuer: trustme.CA | None = None,
        starts_in_days: int = -60,
        ends_in_days: int = 30,
    ) -> ssl.SSLContext:
        """A server's context with a certificate for these names."""
        now, context = datetime.now(UTC), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        (issuer or self.authority).issue_cert(
            *names,
            not_before=now + timedelta(days=starts_in_days),
            not_after=now + timedelta(days=ends_in_days),
        ).configure_cert(context)
        return context

    def direct(self, port: int | None = None, **settings: Any) -> Site:
        """A shop without proxies, whose way to Stripe leads to this port, or to the sandbox."""
        return self.site({}, port or self.sandbox.tls_port, **settings)

    def behind(self, proxy: str, *, direct_port: int | None = None, **settings: Any) -> Site:
        """A shop in whose network only this proxy leads out, unless a direct port is named."""
        return self.site({"HTTPS_PROXY": proxy}, direct_port or self.closed_port, **settings)

    def local(self, proxy: str, port: int | None = None) -> Site:
        """A shop whose Stripe is `localhost`, for proxies that cannot lead a name elsewhere."""
        base = f"https://localhost:{port or self.sandbox.tls_port}"
        return self.direct(STRIPE_PROXY=proxy, STRIPE_API_BASE=base)

    def site(self, process: Mapping[str, str], port: int, **settings: Any) -> Site:
        """A shop with test keys."""
        usual = {
            "STRIPE_SECRET_KEY": KEY,
            "STRIPE_PUBLIC_KEY": PUBLIC_KEY,
            "STRIPE_MODE": "test",
            "STRIPE_API_BASE": "https://api.stripe.com",
            "STRIPE_RESOLVE": parse_resolve(f"api.stripe.com:443:127.0.0.1:{port}"),
            "STRIPE_CA_BUNDLE": self.trusted,
            "STRIPE_PROXY": "environment",
            "OUTBOUND_DOTENV": {},
        }
        return Site(process=process, settings={**usual, **settings})

    @contextmanager
    def running(self, site: Site, patience: Patience) -> Iterator[None]:
        """The shop as started with these settings, in this environment."""
        process = {"HOME": str(self.folder), **site.process}
        deadline = {"STRIPE_DEADLINE_SECONDS": patience.purchase_seconds}
        with override_settings(**site.settings, **deadline), mock.patch.dict(os.environ, process):
            _forget_clients()
            try:
                yield
            finally:
                stripe_client.outbound_client().close()
                _forget_clients()

    def buyer(self) -> Buyer:
        """Somebody new, and a bank on sale."""
        number = next(self.numbers)
        category, _made = Category.objects.get_or_create(
            slug="matrix", defaults={"title": "Matrix"}
        )
        test_bank = TestBank.objects.create(
            slug=f"matrix-{number}",
            title="Fault matrix",
            category=category,
            price_minor=1900,
            currency="USD",
            status=TestBank.Status.PUBLISHED,
        )
        user = User(email=f"matrix{number}@example.org")
        user.set_unusable_password()
        user.save()
        browser = Client()
        browser.force_login(user)
        return Buyer(browser=browser, test_bank=test_bank, user=user)

    def press(self, buyer: Buyer) -> Pressed:
        """Press Purchase."""
        began_at = time.monotonic()
        with _reported_faults() as faults:
            response = buyer.browser.post(f"/payments/checkout/{buyer.test_bank.slug}/")
        seconds = time.monotonic() - began_at
        page = html.unescape(response.content.decode())
        title, code = TITLE.search(page), CODE.search(page)
        return Pressed(
            status=response.status_code,
            sentence=title[1] if title else "",
            page=page,
            seconds=seconds,
            retry_after=response.headers.get("Retry-After", ""),
            incident=Incident.objects.get(code=code[1]) if code else None,
            diagnosis=diagnosis_of(faults[0]) if faults else None,
        )

    def examine(self, patience: Patience) -> Examination:
        """What `manage.py doctor` finds."""
        printed, began_at = StringIO(), time.monotonic()
        timeout = f"--timeout={patience.doctor_seconds:g}"
        try:
            call_command("doctor", "--json", timeout, stdout=printed)
        except SystemExit as ended:
            assert ended.code == 1, ended.code
        return _examination(printed.getvalue(), time.monotonic() - began_at)

    def sessions_of(self, order: Order) -> list[str]:
        """The ids of all sessions that Stripe holds for an order, asked past every fault."""
        connection = http.client.HTTPConnection("127.0.0.1", self.sandbox.port, timeout=10)
        headers = {"Authorization": f"Bearer {KEY}"}
        connection.request("GET", "/v1/checkout/sessions?limit=100", headers=headers)
        listed = json.loads(connection.getresponse().read())["data"]
        connection.close()
        return [each["id"] for each in listed if str(order.pk) in json.dumps(each["metadata"])]


@contextmanager
def running_laboratory(folder: Path) -> Iterator[Laboratory]:
    """A sandbox at work, and what else the rows need."""
    with (
        running_sandbox(folder, secret_keys=(KEY,)) as sandbox,
        refusing_port() as closed_port,
        ExitStack() as stack,
    ):
        yield Laboratory(folder=folder, sandbox=sandbox, closed_port=closed_port, stack=stack)


def _forget_clients() -> None:
    """Clients are kept per process: a restart builds them from the settings of the moment."""
    stripe_client.stripe_client.cache_clear()
    stripe_client.outbound_client.cache_clear()
    stripe_client.payment_breaker.cache_clear()


@contextmanager
def _reported_faults() -> Iterator[list[StripeError]]:
    """The errors of which incidents are written meanwhile."""
    faults: list[StripeError] = []

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.exc_info and isinstance(record.exc_info[1], StripeError):
                faults.append(record.exc_info[1])

    logger, keeper = logging.getLogger("payments.monitoring.incidents"), Keeper()
    logger.addHandler(keeper)
    try:
        yield faults
    finally:
        logger.removeHandler(keeper)


def _examination(text: str, seconds: float) -> Examination:
    report = json.loads(text)
    cause, fix = report["cause"] or {}, report["fix"] or {}
    failed = [check["id"] for check in report["checks"] if check["status"] == "fail"]
    said = (fix.get("line") or fix.get("example") or "", fix.get("instruction") or "")
    return Examination(
        ok=report["ok"],
        cause=cause.get("id", ""),
        check=failed[0] if failed else "",
        operator=cause.get("operator", ""),
        remedy=" ".join(part for part in said if part),
        tested=bool(fix.get("tested")),
        text=text,
        seconds=seconds,
    )
