"""Comparison of running servers with this process: which need a restart."""

from datetime import timedelta

import pytest

from operations import processes
from operations.doctor.configuration import settings_checks
from operations.doctor.processes import process_checks
from operations.doctor.setup import Setup
from operations.processes import WEB, register_process
from payments.stripe import outage

LATER = timedelta(hours=3)


@pytest.fixture(autouse=True)
def run_dir(settings, tmp_path):
    settings.RUN_DIR = tmp_path / "run"
    settings.STRIPE_API_BASE = "https://api.stripe.com"
    yield settings.RUN_DIR
    while processes._lock_files:
        processes._lock_files.pop().close()


def said(at):
    return [(check.status, check.summary) for check in process_checks(at=at)]


def test_no_running_process(at):
    assert said(at) == [("skip", "no server of this site is running on this machine")]


def test_server_with_same_route(at):
    register_process(WEB, at=at)
    (status, summary), *others = said(at + LATER)
    assert (status, others) == ("ok", [])
    assert summary.endswith("running for 3 h: same route to Stripe")


def test_server_with_old_variable_needs_restart(at, monkeypatch):
    register_process(WEB, at=at)
    monkeypatch.setenv("HTTPS_PROXY", "http://user:hunter2@proxy.example:3128")
    (check,) = process_checks(at=at)
    assert check.status == "warn"
    assert check.summary.endswith("api.stripe.com:443 directly (no proxy set)")
    assert check.fix.startswith("Restart it: run `kill ")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("STRIPE_SECRET_KEY", "sk_test_51OtherOtherOther", "different key, sk_sandbox_"),
        ("STRIPE_PROXY_FALLBACK", "direct", "different credentials or settings"),
    ],
)
def test_server_with_other_settings(at, settings, name, value, words):
    register_process(WEB, at=at)
    setattr(settings, name, value)
    (check,) = process_checks(at=at)
    assert words in check.summary


def test_server_with_other_proxy_password(at, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://user:hunter2@proxy.example:3128")
    register_process(WEB, at=at)
    monkeypatch.setenv("HTTPS_PROXY", "http://user:swordfish@proxy.example:3128")
    (check,) = process_checks(at=at)
    assert check.summary.endswith("different credentials or settings")


def test_public_server_is_a_warning(at, settings):
    settings.BIND = "0.0.0.0:8000"
    register_process(WEB, at=at)
    settings.BIND = "127.0.0.1:8000"
    _server, public = process_checks(at=at)
    assert (public.status, public.title) == ("warn", "Public server")
    assert "listens on 0.0.0.0:8000, which other machines can reach" in public.summary


def test_missing_worker(at, settings):
    settings.WORKER = True
    assert said(at)[1] == ("skip", "WORKER=1, but no worker is running on this machine")


def test_outage_and_fallback_are_warnings(at):
    outage.record_outage("NET-PROXY-403")
    outage.record_fallback("NET-PROXY-403")
    detour = outage.last_fallback()
    assert detour is not None
    checks = {check.id: check for check in process_checks(at=detour.at)}
    assert checks["processes.outage"].status == "warn"
    assert checks["processes.detour"].summary == (
        "used 0 s ago: a call bypassed the proxy (NET-PROXY-403)"
    )


@pytest.mark.parametrize(
    ("bind", "status", "summary"),
    [
        ("127.0.0.1:8000", "ok", "127.0.0.1:8000, 8 threads"),
        ("0.0.0.0:8000", "warn", "0.0.0.0:8000, which other machines can reach"),
    ],
)
def test_where_the_server_would_listen_is_told(settings, bind, status, summary):
    settings.BIND = bind
    checks = {
        check.id: check for check in settings_checks(Setup.of_site(route_override=None, seconds=1))
    }
    told = checks["settings.bind"]
    assert (told.status, told.summary) == (status, summary)
