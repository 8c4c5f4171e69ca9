"""The adapter's own decisions: retries, the circuit breaker, bypassing a proxy."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from types import SimpleNamespace

import pytest

from payments.models import Order
from payments.stripe import transport
from payments.stripe.client import ProcessSingleton, payment_is_down
from payments.stripe.errors import NoAnswer
from payments.stripe_integration import APIError, create_checkout_session
from testing.proxies import black_hole, raw_server, refusing_port, running_tinyproxy

CREATE = "POST /v1/checkout/sessions"

pytestmark = pytest.mark.django_db


@pytest.fixture
def nobody_listens(settings, forget_stripe_client):
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"


def fail(test_bank, learner, times):
    for _time in range(times):
        with pytest.raises(NoAnswer) as raised:
            create_checkout_session(test_bank, learner)
    return raised.value


def test_three_failures_make_the_next_buyer_fail_at_once(nobody_listens, test_bank, learner):
    assert fail(test_bank, learner, 3).record is not None
    assert payment_is_down()
    told = fail(test_bank, learner, 1)
    assert (told.diagnosis.id, told.record) == ("NET-REFUSED", None)


def test_page_of_a_bank_announces_the_outage_before_the_purchase(
    client, nobody_listens, test_bank, learner
):
    url = f"/banks/{test_bank.slug}/"
    assert "Payments may not be working right now." not in client.get(url).text
    fail(test_bank, learner, 3)
    assert "Payments may not be working right now." in client.get(url).text


def test_server_errors_do_not_open_the_circuit(sandbox, test_bank, learner):
    sandbox.control.fault("status", status=500, times=50, saved=False)
    for _time in range(3):
        with pytest.raises(APIError):
            create_checkout_session(test_bank, learner)
    assert not payment_is_down()


def test_refusing_proxy_is_not_bypassed_by_default(sandbox, settings, test_bank, learner):
    with refusing_port() as port:
        settings.STRIPE_PROXY = f"http://127.0.0.1:{port}"
        assert fail(test_bank, learner, 1).diagnosis.id == "NET-PROXY-REFUSED"
    assert sandbox.control.count(CREATE) == 0


def test_fallback_bypasses_a_refusing_proxy_and_is_logged(
    sandbox, settings, test_bank, learner, caplog
):
    settings.STRIPE_PROXY_FALLBACK = "direct"
    with refusing_port() as port:
        settings.STRIPE_PROXY = f"http://127.0.0.1:{port}"
        create_checkout_session(test_bank, learner)
    assert Order.objects.get().status == "open"
    assert "cause=NET-PROXY-REFUSED the proxy failed; calling directly" in caplog.text


@pytest.mark.tinyproxy
def test_proxy_that_works_is_used_beside_a_fallback(sandbox, settings, test_bank, learner, caplog):
    settings.STRIPE_PROXY_FALLBACK = "direct"
    with running_tinyproxy() as proxy:
        settings.STRIPE_PROXY = proxy.url
        create_checkout_session(test_bank, learner)
    assert "going around" not in caplog.text


def test_each_try_is_logged_with_its_stages_times_and_bytes(sandbox, test_bank, learner, caplog):
    caplog.set_level("INFO", logger="payments.stripe.transport")
    sandbox.control.fault("cut_after", times=1)
    create_checkout_session(test_bank, learner)
    lines = [
        record.message for record in caplog.records if record.name == "payments.stripe.transport"
    ]
    number = r"[1-9]\d*"
    assert re.fullmatch(
        r"POST /v1/checkout/sessions status=0 request=none cause=NET-NO-ANSWER route='\S+ directly "
        rf"\(loopback\)' sent_bytes={number} received_bytes=0 route=\d+ms resolve=\d+ms "
        r"connect=\d+ms sent=\d+ms",
        lines[0],
    )
    assert re.fullmatch(
        r"POST /v1/checkout/sessions status=200 request=req_\w+ cause=none route='\S+ directly "
        rf"\(loopback\)' sent_bytes={number} received_bytes={number} route=\d+ms resolve=\d+ms "
        r"connect=\d+ms sent=\d+ms answered=\d+ms",
        lines[1],
    )
    assert len(lines) == 2


@pytest.mark.slow
def test_one_deadline_covers_all_tries(settings, forget_stripe_client, test_bank, learner, caplog):
    """Each try is cut off by a silence, and the tries share the time of one call."""
    caplog.set_level("INFO", logger="payments.stripe.transport")
    settings.STRIPE_READ_TIMEOUT_SECONDS = 1.0
    settings.STRIPE_DEADLINE_SECONDS = 3.0
    with black_hole() as port:
        settings.STRIPE_API_BASE = f"http://127.0.0.1:{port}"
        began_at = time.monotonic()
        told = fail(test_bank, learner, 1)
        elapsed = time.monotonic() - began_at
    assert (told.diagnosis.id, told.diagnosis.acted) == ("NET-NO-ANSWER", "unknown")
    # A third would have to begin with less than the second that a try is worth.
    assert caplog.text.count("cause=NET-NO-ANSWER") == 2
    assert elapsed < 10


@pytest.mark.parametrize(
    ("status", "tries"),
    [
        ("403 Forbidden", 1),
        ("407 Proxy Authentication Required", 1),
        ("302 Found", 1),
        ("502 Bad Gateway", 3),
    ],
)
def test_proxy_is_retried_only_after_transient_errors(
    settings, forget_stripe_client, test_bank, learner, status, tries
):
    asked = []

    def answer(connection):
        asked.append(connection.recv(65536).split(b"\r\n")[0])
        connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())

    settings.STRIPE_API_BASE = "https://localhost:9"
    with raw_server(answer) as port:
        settings.STRIPE_PROXY = f"http://127.0.0.1:{port}"
        assert fail(test_bank, learner, 1).diagnosis.acted == "no"
    # After a 407 the proxy is asked who it is, so that a second one behind it can be told.
    assert [line for line in asked if line != b"GET / HTTP/1.0"] == [
        b"CONNECT localhost:9 HTTP/1.1"
    ] * tries


def test_pauses_before_retries_double_with_jitter(
    settings, forget_stripe_client, monkeypatch, test_bank, learner
):
    pauses: list[float] = []
    monkeypatch.setattr(transport, "FIRST_BACKOFF_SECONDS", 0.25)
    # Only the transport's: other threads sleep too.
    clock = SimpleNamespace(sleep=pauses.append, monotonic=time.monotonic)
    monkeypatch.setattr("payments.stripe.transport.time", clock)
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    assert fail(test_bank, learner, 1).diagnosis.id == "NET-REFUSED"
    first, second = pauses
    assert 0.125 <= first <= 0.25
    assert 0.25 <= second <= 0.5


def test_concurrent_first_calls_share_one_client():
    together = Barrier(20)

    def build():
        time.sleep(0.05)
        return object()

    one = ProcessSingleton(build)

    def ask(_number):
        together.wait(timeout=30)
        return one()

    with ThreadPoolExecutor(20) as pool:
        assert len(set(pool.map(ask, range(20)))) == 1
    first = one()
    one.cache_clear()
    assert one() is not first
