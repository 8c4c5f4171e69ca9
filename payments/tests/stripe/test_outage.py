"""What one process has found out about payment, the others know."""

import os
import subprocess
import sys
import time

import pytest

from payments.stripe import outage
from payments.stripe.client import payment_breaker, payment_is_down
from payments.stripe_integration import APIConnectionError, create_checkout_session
from testing.proxies import refusing_port
from testing.site import ROOT

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture(autouse=True)
def run_dir(settings, tmp_path):
    settings.RUN_DIR = tmp_path / "run"
    return settings.RUN_DIR


def fail_three_times(test_bank, learner):
    for _time in range(3):
        with pytest.raises(APIConnectionError):
            create_checkout_session(test_bank, learner)


def another_process_says(run_dir):
    """What `payment_is_down` tells in a process that has called nobody."""
    script = (
        "import django; django.setup();"
        "from payments.stripe.client import payment_is_down; print(payment_is_down())"
    )
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={
            "PATH": os.defpath,
            "RUN_DIR": str(run_dir),
            "TESTBANK_ENV_FILE": "testing/test.env",
            "DJANGO_SETTINGS_MODULE": "testbank.settings",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout.strip()


@pytest.mark.proof
def test_outage_is_shared_between_processes(
    settings, forget_stripe_client, test_bank, learner, run_dir
):
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    assert another_process_says(run_dir) == "False"
    fail_three_times(test_bank, learner)
    assert another_process_says(run_dir) == "True"


def test_success_in_one_process_ends_the_outage_for_all(sandbox, test_bank, learner):
    outage.record_outage("NET-REFUSED")
    assert payment_is_down()
    create_checkout_session(test_bank, learner)
    assert not payment_is_down()


def test_old_outage_mark_is_ignored(run_dir):
    outage.record_outage("NET-REFUSED")
    long_ago = time.time() - outage.KNOWN_FOR_SECONDS - 1
    os.utime(run_dir / "payment-is-down.json", (long_ago, long_ago))
    assert not payment_is_down()


def test_without_run_dir_each_process_has_its_own_state(
    settings, forget_stripe_client, test_bank, learner, run_dir, caplog
):
    run_dir.parent.joinpath("file").write_text("")
    settings.RUN_DIR = run_dir.parent / "file"
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    fail_three_times(test_bank, learner)
    assert payment_is_down()
    payment_breaker().note_success()
    assert not payment_is_down()


def test_fallback_around_the_proxy_is_stored(sandbox, settings, test_bank, learner):
    assert outage.last_fallback() is None
    settings.STRIPE_PROXY_FALLBACK = "direct"
    with refusing_port() as port:
        settings.STRIPE_PROXY = f"http://127.0.0.1:{port}"
        create_checkout_session(test_bank, learner)
    detour = outage.last_fallback()
    assert detour is not None
    assert detour.cause == "NET-PROXY-REFUSED"


def test_unreadable_fallback_is_ignored(run_dir):
    run_dir.mkdir()
    (run_dir / "around-the-proxy.json").write_text("[]")
    assert outage.last_fallback() is None
