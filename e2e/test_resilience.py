"""The site while something is broken: a silent proxy, and processes that are killed."""

import http.client
import random
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from testing.learners import load_demo_banks, signed_in_learners
from testing.proxies import black_hole
from testing.sandbox import RunningSandbox, running_sandbox
from testing.site import Site, free_port, new_site
from testing.site_client import SiteClient

pytestmark = [pytest.mark.proof, pytest.mark.xdist_group("resilience")]

BANK = "git-in-practice"
# More than twice as many as the server has threads.
BUYERS = 20
DEADLINE_SECONDS = 3
PURCHASES = 100
# Of one buyer, while the site is killed and restarted.
PATIENCE_SECONDS = 240
STATE = """
from collections import Counter
from catalog.models import Access
from outbox.models import OutgoingMail
from payments.models import Order
paid = Order.objects.filter(paid_at__isnull=False)
print("paid", paid.count())
print("granted", paid.filter(granted_at__isnull=False).count())
print("accesses", Access.objects.filter(source_kind="order").count())
print("mails", OutgoingMail.objects.count())
lost = OutgoingMail.objects.filter(sent_at=None, leased_until=None)
print("lost", lost.count())
print("not-granted", Order.objects.paid_but_not_granted().count())
"""


@pytest.fixture
def site_behind_silent_proxy(tmp_path: Path) -> Iterator[Site]:
    """A site with default settings whose proxy accepts connections and never responds."""
    with black_hole() as port:
        dotenv = {
            "STRIPE_PUBLIC_KEY": "pk_test_51SilenceSilence",
            "STRIPE_SECRET_KEY": "sk_test_51SilenceSilence",
            "STRIPE_DEADLINE": str(DEADLINE_SECONDS),
        }
        site = new_site(tmp_path, dotenv, {"HTTPS_PROXY": f"http://127.0.0.1:{port}"})
        yield site


def test_catalog_responds_while_purchases_wait_for_a_silent_proxy(
    site_behind_silent_proxy: Site,
) -> None:
    site = site_behind_silent_proxy
    load_demo_banks(site)
    sessions = signed_in_learners(site, BUYERS)
    with site.serving(), ThreadPoolExecutor(len(sessions)) as pool:
        started = time.monotonic()
        purchases = [
            pool.submit(SiteClient(site.url, session).purchase, BANK) for session in sessions
        ]
        responses = 0
        while not all(purchase.done() for purchase in purchases):
            assert SiteClient(site.url).get("/").status == 200
            responses += 1
        elapsed = time.monotonic() - started
    assert [purchase.result().status for purchase in purchases] == [503] * len(sessions)
    assert "Unable to connect to payment service." in purchases[0].result().text
    # A page takes milliseconds; a blocked site would send hardly any.
    assert responses >= 20
    # The concurrency limit lets four wait for the proxy and refuses the others within a second.
    assert elapsed < BUYERS * DEADLINE_SECONDS / 2
    assert "cause=NET-PROXY-SILENT" in site.log()


@pytest.fixture
def site_with_sandbox(tmp_path: Path) -> Iterator[tuple[Site, RunningSandbox]]:
    """A site, and a sandbox that delivers events to it."""
    port = free_port()
    webhook = f"http://127.0.0.1:{port}/payments/webhook/"
    with running_sandbox(
        tmp_path, tls=False, webhook_url=webhook, webhook_backoff_seconds=0.5
    ) as sandbox:
        dotenv = {**sandbox.site_settings, "TESTBANK_DEMO": "1", "WORKER": "1"}
        yield new_site(tmp_path, dotenv, {}, port=port), sandbox


def buy(site: Site, sandbox: RunningSandbox, session: str) -> bool:
    """Retry Purchase until it redirects to Stripe's page, and pay; return whether it did."""
    gives_up_at = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < gives_up_at:
        with suppress(OSError, http.client.HTTPException, AssertionError):
            response = SiteClient(site.url, session, timeout_seconds=15).purchase(BANK)
            found = re.search(r"/c/pay/(cs_\w+)", response.location)
            if found:
                sandbox.control.pay(found.group(1))
                return True
        time.sleep(0.25)
    return False


@pytest.mark.timeout(600)
def test_kills_during_a_hundred_purchases_lose_nothing(
    site_with_sandbox: tuple[Site, RunningSandbox],
) -> None:
    site, sandbox = site_with_sandbox
    load_demo_banks(site)
    sessions = signed_in_learners(site, PURCHASES)
    seed = random.randrange(10**6)  # noqa: S311 - printed, so that the kills can be reproduced
    moments = random.Random(seed)  # noqa: S311
    with ThreadPoolExecutor(4) as pool:
        purchases = [pool.submit(buy, site, sandbox, session) for session in sessions]
        kills = 0
        while not all(purchase.done() for purchase in purchases):
            with ExitStack() as stack:
                stack.enter_context(site.serving())
                stack.enter_context(site.working())
                ends_at = time.monotonic() + moments.uniform(0.2, 1.5)
                while time.monotonic() < ends_at and not all(one.done() for one in purchases):
                    time.sleep(0.05)
                site.kill()
                kills += 1
    bought = sum(purchase.result() for purchase in purchases)
    for command in (("reconcile_payments",), ("work", "--once")):
        done = site.manage(*command)
        assert done.returncode == 0, done.stderr
    state = dict(re.findall(r"^([\w-]+) (\d+)$", site.manage("shell", stdin=STATE).stdout, re.M))
    summary = f"seed {seed}, killed {kills} times: {state}"
    assert bought == PURCHASES, summary
    assert state == {
        **dict.fromkeys(("paid", "granted", "accesses", "mails"), str(PURCHASES)),
        # A mail that a killed worker had leased is sent when the lease expires.
        **dict.fromkeys(("lost", "not-granted"), "0"),
    }, summary
    assert kills >= 2, summary
