"""Purchases behind PgBouncer in transaction mode, where no two transactions share a connection."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from testing.learners import load_demo_banks, signed_in_learners
from testing.parts import require
from testing.postgresql import running_pgbouncer, running_postgresql
from testing.sandbox import PUBLIC_KEY, SECRET_KEY, WEBHOOK_SECRET, running_sandbox
from testing.site import free_port, new_site
from testing.site_client import SiteClient
from testing.waiting import wait_until

pytestmark = [pytest.mark.pgbouncer, pytest.mark.proof]
BUYERS = 6
# Fewer than the server has threads, so that threads share connections.
CONNECTIONS = 3
GRANTED = """
from catalog.models import Access
print("accesses", Access.objects.filter(source_kind="order").count())
"""


@pytest.fixture
def shop(tmp_path):
    """A site and its sandbox, with a database behind PgBouncer."""
    require("postgresql")
    require("pgbouncer")
    tmp_path.chmod(0o755)
    with ExitStack() as stack:
        direct = stack.enter_context(running_postgresql())
        url = stack.enter_context(running_pgbouncer(direct, connections=CONNECTIONS))
        port = free_port()
        webhook = f"http://127.0.0.1:{port}/payments/webhook/"
        sandbox = stack.enter_context(running_sandbox(tmp_path, tls=False, webhook_url=webhook))
        settings = {
            "STRIPE_PUBLIC_KEY": PUBLIC_KEY,
            "STRIPE_SECRET_KEY": SECRET_KEY,
            "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "STRIPE_API_BASE": sandbox.url,
            "WORKER": "1",
        }
        yield new_site(tmp_path, settings, {}, port=port, database_url=url), sandbox


@pytest.mark.timeout(300)
def test_purchases_behind_pgbouncer(shop):
    site, sandbox = shop
    load_demo_banks(site)
    sessions = signed_in_learners(site, BUYERS)

    def buy(session):
        reply = SiteClient(site.url, session).purchase("git-in-practice")
        (checkout,) = re.findall(r"/c/pay/(cs_\w+)", reply.location)
        sandbox.control.pay(checkout)

    with site.serving(), ThreadPoolExecutor(BUYERS) as pool:
        list(pool.map(buy, sessions))
        wait_until(lambda: not sandbox.control.pending_deliveries(), seconds=60)
    for command in (("reconcile_payments",), ("work", "--once")):
        done = site.manage(*command)
        assert done.returncode == 0, done.stderr
    assert f"accesses {BUYERS}" in site.manage("shell", stdin=GRANTED).stdout
