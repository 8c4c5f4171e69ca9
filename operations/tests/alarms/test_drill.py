"""The alarm drill: a whole site whose way to Stripe breaks and comes back, and whose worker dies."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.request import Request

import pytest

from testing.learners import load_demo_banks, signed_in_learners
from testing.sandbox import PUBLIC_KEY, SECRET_KEY, running_sandbox
from testing.site import DIRECT, free_port, new_site
from testing.site_client import SiteClient
from testing.waiting import wait_until

pytestmark = [pytest.mark.proof, pytest.mark.timeout(600)]

TOKEN = "a-long-token"
FAILURES = 100
MAILS = """
from outbox.models import OutgoingMail
for key in OutgoingMail.objects.order_by("pk").values_list("key", flat=True):
    print("mail", key)
"""
ELEVEN_MINUTES_LATER = """
from datetime import timedelta
from django.db.models import F
from operations.models import JobRun
JobRun.objects.update(at=F("at") - timedelta(minutes=11))
"""


@pytest.fixture
def site(tmp_path):
    """A site whose Stripe is a sandbox on a port where nothing listens yet."""
    port = free_port()
    dotenv = {
        "STRIPE_PUBLIC_KEY": PUBLIC_KEY,
        "STRIPE_SECRET_KEY": SECRET_KEY,
        "STRIPE_API_BASE": f"http://127.0.0.1:{port}",
        "CHECKOUT_ORIGIN": f"http://127.0.0.1:{port}",
        "ADMINS": "ops@example.org",
        "METRICS_TOKEN": TOKEN,
        "WORKER": "1",
        "BACKUP_DIR": str(tmp_path / "backups"),
        "TESTBANK_DEMO": "1",
    }
    return new_site(tmp_path, dotenv, {})


def mails(site, about):
    found = re.findall(r"^mail (\S+)$", site.manage("shell", stdin=MAILS).stdout, re.MULTILINE)
    return [key for key in found if about in key]


def gauge(site, name):
    headers = {"Authorization": f"Bearer {TOKEN}"}
    wanted = Request(f"{site.url}/metrics", headers=headers)  # noqa: S310 - our own site
    with DIRECT.open(wanted, timeout=30) as response:
        text = response.read().decode()
    found = re.search(rf"^testbank_{re.escape(name)}\S* (\S+)$", text, re.MULTILINE)
    return float(found.group(1)) if found else 0.0


def test_outage_is_told_once_and_once_when_it_is_over(site, tmp_path, capsys):
    load_demo_banks(site)
    sessions = signed_in_learners(site, 10)
    port = int(site.dotenv["STRIPE_API_BASE"][-5:])
    with site.serving(), site.working(), ThreadPoolExecutor(4) as pool:
        with running_sandbox(tmp_path, tls=False, port=port) as sandbox:
            wait_until(lambda: sandbox.control.count("GET /v1/balance"), 60)
            assert gauge(site, "payment_down") == 0
        buyers = [SiteClient(site.url, key) for key in sessions * (FAILURES // len(sessions))]
        began = time.monotonic()
        assert buyers[0].purchase("git-in-practice").status == 503
        wait_until(lambda: gauge(site, "payment_down") == 1, 60)
        wait_until(lambda: mails(site, "outage"), 60)
        told_after = time.monotonic() - began
        failed = list(pool.map(lambda buyer: buyer.purchase("git-in-practice").status, buyers))
        assert failed.count(200) + failed.count(303) == 0
        assert len(mails(site, "outage")) == 1
        with running_sandbox(tmp_path, tls=False, port=port):
            began = time.monotonic()
            wait_until(lambda: len(mails(site, "outage")) == 2, 90)
            over_after = time.monotonic() - began
            assert gauge(site, "payment_down") == 0
    with capsys.disabled():
        print(f"\ntold after {told_after:.0f} s, over after {over_after:.0f} s")  # noqa: T201


def test_dead_worker_is_told_by_the_web_server(site, capsys):
    with site.serving():
        with site.working():
            wait_until(lambda: gauge(site, "worker_silence_seconds"), 60)
        site.manage("shell", stdin=ELEVEN_MINUTES_LATER)
        began = time.monotonic()
        wait_until(lambda: mails(site, "alarm-worker"), 60)
        told_after = time.monotonic() - began
        assert gauge(site, 'alarm{name="worker"}') == 1
    assert len(mails(site, "alarm-worker")) == 1
    with capsys.disabled():
        print(f"\ntold {told_after:.0f} s after ten minutes")  # noqa: T201
