"""What must go on while something is broken: a silent proxy, and processes killed outright."""

import http.client
import random
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from testing.people import signed_in_learners
from testing.proxies import black_hole
from testing.sandbox import PUBLIC_KEY, SECRET_KEY, WEBHOOK_SECRET, RunningSandbox, running_sandbox
from testing.shopper import Shopper
from testing.site import Site, free_port, new_site

pytestmark = pytest.mark.xdist_group("survival")

BANK = "git-in-practice"
# More than twice as many as the server has threads.
BUYERS = 20
DEADLINE_SECONDS = 3
PURCHASES = 100
# Of one buyer, while the shop is killed and started again and again.
PATIENCE_SECONDS = 240
STATE = """
from collections import Counter
from catalog.models import Access
from delivery.models import OutgoingMail
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
def behind_silence(tmp_path: Path) -> Iterator[Site]:
    """A shop on its defaults whose proxy accepts and never answers."""
    with black_hole() as port:
        dotenv = {
            "STRIPE_PUBLIC_KEY": "pk_test_51SilenceSilence",
            "STRIPE_SECRET_KEY": "sk_test_51SilenceSilence",
            "STRIPE_DEADLINE": str(DEADLINE_SECONDS),
        }
        site = new_site(tmp_path, dotenv, {"HTTPS_PROXY": f"http://127.0.0.1:{port}"})
        yield site


def test_the_catalog_answers_while_buyers_wait_at_a_silent_proxy(behind_silence: Site) -> None:
    site = behind_silence
    sessions = signed_in_learners(site, BUYERS)
    with site.serving(), ThreadPoolExecutor(len(sessions)) as pool:
        started = time.monotonic()
        purchases = [pool.submit(Shopper(site.url, session).purchase, BANK) for session in sessions]
        answered_meanwhile = 0
        while not all(purchase.done() for purchase in purchases):
            assert Shopper(site.url).get("/").status == 200
            answered_meanwhile += 1
        elapsed = time.monotonic() - started
    assert [purchase.result().status for purchase in purchases] == [503] * len(sessions)
    assert "Unable to connect to payment service." in purchases[0].result().text
    # Each page takes milliseconds; a blocked site would have answered hardly any.
    assert answered_meanwhile >= 20
    # Four wait for the proxy; the others are told that it is busy, at once or after a second.
    assert elapsed < 2 * DEADLINE_SECONDS + 5
    assert "cause=NET-PROXY-SILENT" in site.log()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[tuple[Site, RunningSandbox]]:
    """A shop, and a sandbox that tells it of payments."""
    port = free_port()
    webhook = f"http://127.0.0.1:{port}/payments/webhook/"
    with running_sandbox(
        tmp_path, tls=False, webhook_url=webhook, webhook_backoff_seconds=0.5
    ) as sandbox:
        dotenv = {
            "STRIPE_PUBLIC_KEY": PUBLIC_KEY,
            "STRIPE_SECRET_KEY": SECRET_KEY,
            "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "STRIPE_API_BASE": sandbox.url,
            "TESTBANK_DEMO": "1",
            "WORKER": "1",
        }
        yield new_site(tmp_path, dotenv, {}, port=port), sandbox


def buy(site: Site, sandbox: RunningSandbox, session: str) -> bool:
    """Press Purchase until it leads to Stripe's page, and pay there; whether it did."""
    gives_up_at = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < gives_up_at:
        with suppress(OSError, http.client.HTTPException, AssertionError):
            reply = Shopper(site.url, session, timeout_seconds=15).purchase(BANK)
            found = re.search(r"/c/pay/(cs_\w+)", reply.location)
            if found:
                sandbox.control.pay(found.group(1))
                return True
        time.sleep(0.25)
    return False


@pytest.mark.proof
@pytest.mark.timeout(600)
def test_killed_in_the_middle_of_a_hundred_purchases(
    shop: tuple[Site, RunningSandbox],
) -> None:
    site, sandbox = shop
    sessions = signed_in_learners(site, PURCHASES)
    seed = random.randrange(10**6)  # noqa: S311 - printed, so that the kills can be repeated
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
    told = f"seed {seed}, killed {kills} times: {state}"
    assert bought == PURCHASES, told
    assert state == {
        **dict.fromkeys(("paid", "granted", "accesses", "mails"), str(PURCHASES)),
        # A mail that a killed worker held is sent when its lease has run out.
        **dict.fromkeys(("lost", "not-granted"), "0"),
    }, told
    assert kills >= 2, told
