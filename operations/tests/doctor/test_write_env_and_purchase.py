"""The doctor's options that write: --write-env, and --create-test-session."""
# ruff: noqa: F811 - fixtures are imported from other test modules

import json
import os
import shlex
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from django.core.management import CommandError
from django.utils import timezone

from accounts.models import User
from catalog.models import TestBank
from operations.doctor.purchase import purchase_checks
from operations.jobs import record_run
from operations.tests.doctor.test_runner import (  # noqa: F401 - fixtures
    KEY,
    PUBLIC_KEY,
    WEBHOOK_SECRET,
    DoctorOutput,
    assert_no_secret_in,
    sandbox,
    shop,
)
from payments.flows.reconciliation import reconcile
from payments.models import Incident, OpenCheckout, Order
from payments.stripe import outage
from payments.tests.conftest import forget_stripe_client  # noqa: F401 - a fixture
from testing.faults import says
from testing.proxies import black_hole, raw_server, refusing_port, running_squid
from testing.site import ROOT, Site, new_site

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

CREATE = "POST /v1/checkout/sessions"
BUY = """
from accounts.models import User
from demo.banks import load_demo_banks
from catalog.models import TestBank
from payments.stripe_integration import create_checkout_session
load_demo_banks()
buyer = User.objects.create_user("buyer@example.org")
bank = TestBank.objects.published().filter(price_minor__gt=0).first()
print("session", create_checkout_session(bank, buyer).id)
"""


@pytest.fixture
def site(tmp_path, sandbox):
    """An installation whose calls to api.stripe.com go to the sandbox."""
    return new_site(
        tmp_path,
        {
            "STRIPE_PUBLIC_KEY": PUBLIC_KEY,
            "STRIPE_SECRET_KEY": KEY,
            "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "STRIPE_RESOLVE": f"api.stripe.com:443:127.0.0.1:{sandbox.tls_port}",
            "STRIPE_CA_BUNDLE": str(sandbox.ca_path),
            "EMAIL_HOST_PASSWORD": "hunter2",
            "NO_PROXY": "localhost,.intranet.example",
        },
        {},
    )


@pytest.fixture
def site_behind_dead_proxy(site):
    with refusing_port() as dead:
        site.process = {"HTTPS_PROXY": f"http://user:hunter2@127.0.0.1:{dead}"}
        yield site


@pytest.mark.proof
def test_write_env_makes_purchase_work(site_behind_dead_proxy):
    site = site_behind_dead_proxy
    before = site.env_file.read_text()
    assert "session cs_" not in site.manage("shell", stdin=BUY).stdout
    output = site.manage("doctor", "--write-env", "--yes")
    assert_no_secret_in(output.stdout + output.stderr)
    assert output.returncode == 0
    assert "-NO_PROXY=localhost,.intranet.example" in output.stdout.splitlines()
    assert "+NO_PROXY=localhost,.intranet.example,.stripe.com" in output.stdout.splitlines()
    assert site.env_file.read_text() == before.replace(
        ".intranet.example", ".intranet.example,.stripe.com"
    )
    bought = site.manage("shell", stdin=BUY.replace("create_user", "get_or_create")
                         .replace('get_or_create("buyer@example.org")',
                                  'get(email="buyer@example.org")'))  # fmt: skip
    assert "session cs_" in bought.stdout
    assert site.manage("doctor").returncode == 0


def test_write_env_without_terminal_writes_nothing(site_behind_dead_proxy):
    before = site_behind_dead_proxy.env_file.read_text()
    output = site_behind_dead_proxy.manage("doctor", "--write-env")
    assert output.returncode == 1
    assert (
        "Cannot ask for confirmation without a terminal. To write the fix, use --yes."
        in output.stderr
    )
    assert output.stdout.splitlines()[-1] == "Nothing was written."
    assert site_behind_dead_proxy.env_file.read_text() == before


@pytest.mark.parametrize(
    ("answer", "written"),
    [
        ("y\n", True),
        pytest.param("\n", False, marks=pytest.mark.proof),
        pytest.param("n\n", False, marks=pytest.mark.proof),
    ],
)
def test_write_env_asks_for_confirmation(site_behind_dead_proxy, answer, written):
    site = site_behind_dead_proxy
    before = site.env_file.read_text()
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "doctor", "--write-env"],
        cwd=ROOT, env=site.environment(), stdin=theirs, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    os.close(theirs)
    os.write(ours, answer.encode())
    printed, _ = process.communicate(timeout=200)
    os.close(ours)
    assert "Write this change? [y/N]" in printed
    assert (site.env_file.read_text() != before) is written
    assert process.returncode == (0 if written else 1)


@pytest.mark.proof
def test_write_env_keeps_json_output(site_behind_dead_proxy):
    output = site_behind_dead_proxy.manage("doctor", "--json", "--write-env", "--yes")
    assert json.loads(output.stdout)["cause"]["id"] == "NET-PROXY-REFUSED"
    assert "The change was written to" in output.stderr
    assert output.returncode == 0
    assert_no_secret_in(output.stdout + output.stderr)


@pytest.mark.proof
def test_write_env_without_fix_writes_nothing(site):
    before = site.env_file.read_text()
    output = site.manage("doctor", "--write-env", "--yes")
    assert output.returncode == 0
    assert "Nothing to write: there is no tested line for .env." in output.stdout
    assert site.env_file.read_text() == before


@pytest.mark.parametrize(("worker_silence", "code"), [(0, 0), (5 * 3600, 1)])
def test_failure_that_written_line_does_not_fix_counts(
    shop, settings, monkeypatch, tmp_path, worker_silence, code
):
    settings.WORKER = True
    record_run("mails", at=timezone.now() - timedelta(seconds=worker_silence))
    monkeypatch.setenv("TESTBANK_ENV_FILE", str(tmp_path / ".env"))
    with refusing_port() as dead:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{dead}")
        output = shop.doctor("--write-env", "--yes")
    assert (tmp_path / ".env").read_text() == "NO_PROXY=.stripe.com\n"
    assert output.code == code


@pytest.fixture
def for_sale(shop, settings, sandbox, forget_stripe_client, test_bank):
    """A bank for sale, on a site whose calls go to the sandbox."""
    settings.CHECKOUT_ORIGIN = sandbox.url
    return test_bank


def test_purchase_test_creates_and_expires_session(shop, for_sale, sandbox):
    output = shop.json("--create-test-session", for_sale.slug)
    assert output.code == 0
    shell, page = output.checks["verification.shell"], output.checks["verification.purchase"]
    assert (shell["status"], page["status"]) == ("ok", "ok")
    assert shell["summary"].startswith("create_checkout_session in manage.py shell: cs_")
    assert page["summary"] == (
        f"a purchase, up to Stripe's page: 303 to {sandbox.url}, which browsers are allowed to open"
    )
    assert sandbox.control.count(CREATE) == 1
    assert sandbox.control.count("POST /v1/checkout/sessions/{id}/expire") == 1


def test_purchase_test_leaves_nothing_to_review(shop, for_sale, at):
    shop.json("--create-test-session", for_sale.slug)
    order = Order.objects.get()
    assert (order.status, order.user, order.held) == ("expired", None, "")
    assert not OpenCheckout.objects.exists()
    assert not User.objects.exists()
    assert not Incident.objects.exists()
    reconcile(mode="test", since=at, at=at)
    assert Order.objects.get().status == "expired"


def test_no_session_is_created_by_default(shop, for_sale, sandbox):
    output = shop.json()
    assert output.checks["verification.shell"]["status"] == "skip"
    assert {entry["method"] for entry in sandbox.control.requests()} == {"GET"}
    assert not Order.objects.exists()


def test_purchase_test_that_fails_leaves_nothing(shop, for_sale, monkeypatch):
    with refusing_port() as dead:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{dead}")
        output = shop.json("--create-test-session", for_sale.slug)
    assert (output.code, output.data["cause"]["id"]) == (1, "NET-PROXY-REFUSED")
    assert output.checks["verification.shell"]["status"] == "fail"
    assert Order.objects.get().status == "expired"
    assert not User.objects.exists()


def test_written_line_also_fixes_purchase_test(shop, for_sale, monkeypatch, tmp_path):
    monkeypatch.setenv("TESTBANK_ENV_FILE", str(tmp_path / ".env"))
    with refusing_port() as dead:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{dead}")
        output = shop.doctor("--write-env", "--yes", "--create-test-session", for_sale.slug)
    assert output.code == 0


def test_purchase_test_names_price_that_stripe_rejects(shop, for_sale, sandbox):
    for_sale.price_minor = 1
    for_sale.save(update_fields=["price_minor"])
    output = shop.json("--create-test-session", for_sale.slug)
    assert (output.code, output.data["cause"]["operator"]) == (
        1,
        f"The test bank '{for_sale.slug}' cannot be sold at its current price. "
        "Stripe's minimum is $0.50.",
    )
    assert output.data["fix"]["instruction"] == "Correct the price of this test bank."
    assert sandbox.control.count(CREATE) == 0


def test_purchase_test_of_bank_changed_during_test(shop, for_sale, sandbox):
    for_sale.status = TestBank.Status.DRAFT
    failed, _not_reached = purchase_checks(for_sale)
    assert failed.cause is not None
    assert failed.cause.operator == (
        f"The test bank '{for_sale.slug}' could not be bought. It may have been changed during the "
        "test."
    )
    assert failed.fix == "Run the doctor again."
    assert sandbox.control.count(CREATE) == 0


def test_purchase_test_with_response_that_cannot_be_read(shop, for_sale):
    body = b'{"object": "checkout.session"}'
    answer = b"HTTP/1.1 200 OK\r\nRequest-Id: req_1\r\nContent-Length: %d\r\n\r\n%s"
    with raw_server(says(answer % (len(body), body))) as port:
        shop.settings.STRIPE_API_BASE = f"http://127.0.0.1:{port}"
        failed, _not_reached = purchase_checks(for_sale)
    assert failed.cause is not None
    assert failed.cause.operator == (
        "The test purchase failed for an unknown reason (UnreadableAnswer)."
    )
    assert failed.fix == "Include the output of `manage.py doctor` when you report this problem."


def test_purchase_test_fails_if_csp_blocks_checkout(shop, for_sale, settings, sandbox):
    settings.CHECKOUT_ORIGIN = "https://checkout.stripe.com"
    output = shop.json("--create-test-session", for_sale.slug)
    assert (output.code, output.data["cause"]["id"]) == (1, "PURCHASE-PAGE")
    assert output.data["fix"]["example"] == f"CHECKOUT_ORIGIN={sandbox.url}"
    assert Order.objects.get().status == "expired"


def test_purchase_test_fails_if_host_is_not_allowed(shop, for_sale, settings):
    settings.SITE_URL, settings.SITE_HOST = "https://shop.example", "shop.example"
    settings.ALLOWED_HOSTS = ["other.example"]
    output = shop.json("--create-test-session", for_sale.slug)
    assert output.data["fix"]["example"] == "ALLOWED_HOSTS=shop.example"


@pytest.mark.parametrize(
    ("slug", "words"),
    [("no-such-bank", "No test bank's URL ends with"), ("free", "is not for sale")],
)
def test_purchase_test_of_bank_not_for_sale_is_usage_error(shop, make_bank, slug, words):
    make_bank("free", price_minor=0)
    with pytest.raises(CommandError, match=words) as refused:
        shop.json("--create-test-session", slug)
    assert refused.value.returncode == 2


def test_purchase_test_is_refused_with_live_keys(shop, for_sale, settings, sandbox):
    settings.STRIPE_MODE = "live"
    with pytest.raises(CommandError, match="Test sessions can't be created with live keys"):
        shop.json("--create-test-session", for_sale.slug)
    assert sandbox.control.requests() == []


def test_purchase_test_is_refused_offline(shop, for_sale):
    with pytest.raises(CommandError, match="--offline makes no network calls"):
        shop.json("--offline", "--create-test-session", for_sale.slug)


def test_fallback_in_use_is_a_warning(shop, settings, monkeypatch):
    settings.STRIPE_PROXY_FALLBACK = "direct"
    with refusing_port() as dead:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{dead}")
        output = shop.json()
    assert (output.code, output.data["cause"]) == (0, None)
    assert output.checks["route.fallback"]["summary"].startswith("is in use: the proxy is failing")
    assert output.checks["path.connect"]["status"] == "warn"
    assert output.checks["key.accepted"]["status"] == "ok"
    assert output.checks["settings.fallback"]["status"] == "warn"


@pytest.mark.squid
def test_fallback_is_not_used_if_proxy_works(shop, settings, monkeypatch, sandbox):
    settings.STRIPE_PROXY_FALLBACK = "direct"
    with running_squid(leads_to=sandbox.tls_port) as squid:
        monkeypatch.setenv("HTTPS_PROXY", squid.url)
        output = shop.json()
    assert "route.fallback" not in output.checks
    assert output.checks["settings.fallback"]["status"] == "warn"


def test_used_fallback_is_recorded(shop, settings, tmp_path):
    settings.RUN_DIR = tmp_path / "run"
    outage.record_fallback("NET-PROXY-403")
    check = shop.json("--offline").checks["processes.detour"]
    assert "a call bypassed the proxy (NET-PROXY-403)" in check["summary"]


@pytest.mark.proof
def test_unresponsive_network_ends_within_20_seconds(shop, settings, monkeypatch):
    with black_hole() as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("ALL_PROXY", f"socks5h://127.0.0.1:{port}")
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        shop.lead_to(port)
        began_at = time.monotonic()
        output = shop.json()
    assert time.monotonic() - began_at < 20
    assert output.data["cause"]["id"] == "NET-PROXY-SILENT"
    assert output.checks["mail.server"]["summary"].endswith("does not respond")


def test_curl_line_uses_same_route(shop, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://user:hunter2@proxy.example:3128")
    line = shop.json("--offline").data["curl"]
    assert "-x 'http://user:***@proxy.example:3128'" in line
    assert line.endswith("https://api.stripe.com/v1/balance")


def test_curl_line_prints_401(shop, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", ".stripe.com")
    line = shop.json().data["curl"]
    made = subprocess.run(
        shlex.split(line), capture_output=True, text=True, timeout=20, check=False
    )
    assert (made.stdout, made.stderr) == ("401\n", "")


SECRETS = {
    "STRIPE_SECRET_KEY": "sk_test_51HiddenHiddenHidden",
    "STRIPE_PUBLIC_KEY": "pk_test_51HiddenHiddenHidden",
    "STRIPE_WEBHOOK_SECRET": "whsec_HiddenHiddenHidden",
    "SECRET_KEY": "HiddenSecretKey",
    "EMAIL_HOST": "127.0.0.1",
    "EMAIL_PORT": "9",
    "EMAIL_HOST_USER": "mailer",
    "EMAIL_HOST_PASSWORD": "HiddenMailPassword",
    "STRIPE_PROXY": "http://one:HiddenOne@127.0.0.1:9",
    "HTTPS_PROXY": "http://two:HiddenTwo@127.0.0.1:9",
    "https_proxy": "http://three:Hid@den:Three@127.0.0.1:9",
    "ALL_PROXY": "socks5h://four:HiddenFour@127.0.0.1:9",
    "HTTP_PROXY": "five:HiddenFive@127.0.0.1:9",
    "NO_PROXY": "http://six:HiddenSix@localhost,intranet",
}


@pytest.mark.parametrize(
    "options",
    [
        (),
        pytest.param(("--json",), marks=pytest.mark.proof),
        pytest.param(("--offline",), marks=pytest.mark.proof),
        pytest.param(("--write-env",), marks=pytest.mark.proof),
        pytest.param(("--route", "environment"), marks=pytest.mark.proof),
    ],
)
def test_no_secret_is_printed(tmp_path, options):
    site = Site(folder=tmp_path)
    database = tmp_path / "x.sqlite3"
    (tmp_path / ".netrc").write_text("machine api.stripe.com login me password HiddenNetrc\n")
    site.write_env(**SECRETS, DATABASE_URL=f"sqlite:///{database}")
    site.process = {name: value for name, value in SECRETS.items() if "PROXY" in name.upper()}
    output = site.manage("doctor", "--timeout=1", *options)
    assert output.returncode == 1 if options != ("--offline",) else output.returncode in {0, 1}
    printed = output.stdout + output.stderr
    assert "Hidden" not in printed
    assert "Hid@den" not in printed
    assert "den:Three" not in printed
    assert "Traceback" not in printed


def test_invalid_proxy_variables_do_not_stop_doctor(shop, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "fd00::/8,[::1],.stripe.com")
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:9")
    assert shop.json().code == 0


def test_bank_can_be_sold_after_purchase_test(shop, for_sale):
    shop.json("--create-test-session", for_sale.slug)
    assert TestBank.objects.get(pk=for_sale.pk).is_on_sale
    assert shop.json("--create-test-session", for_sale.slug).code == 0
