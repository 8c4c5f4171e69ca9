"""A call ends by its deadline, whatever the server or the proxy does."""

import select
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from outbound.diagnosis import Acted, diagnose
from outbound.tests.servers import far_side, http_answer, reset, say_nothing
from outbound.transport import Stage
from outbound.transport.deadline import TimedSocket, shake_hands
from outbound.transport.trace import Trace
from outbound.transport.trust import client_context
from testing.proxies import black_hole, raw_server

pytestmark = pytest.mark.slow

DEADLINE_SECONDS = 1.0
# Of a busy machine. Nothing here would end by itself within half a minute.
MARGIN_SECONDS = 3.0


@pytest.fixture
def ends_in_time(caller):
    """Make a call that must fail at its deadline, and return its record."""

    def call(*args, at_least=0.8, **kwargs):
        failure = caller.failure(*args, deadline_seconds=DEADLINE_SECONDS, **kwargs)
        seconds = failure.record.elapsed_seconds
        assert at_least * DEADLINE_SECONDS <= seconds < DEADLINE_SECONDS + MARGIN_SECONDS
        return failure.record

    return call


def drip(data):
    """Send a byte every 50 ms until the client closes."""

    def behave(connection):
        for byte in data:
            connection.sendall(bytes([byte]))
            time.sleep(0.05)  # the rate of the drip is what is tested

    return behave


def test_a_silent_far_side(as_stripe, ends_in_time):
    with far_side(as_stripe, say_nothing) as side:
        record = ends_in_time(side.port)
    assert (record.stage, record.bytes_received) == (Stage.SENT, 0)


def test_dripping_headers(as_stripe, ends_in_time):
    with far_side(as_stripe, drip(http_answer())) as side:
        record = ends_in_time(side.port)
    assert record.stage == Stage.SENT
    assert record.bytes_received > 0


def test_a_dripping_body(as_stripe, ends_in_time):
    def behave(connection):
        connection.sendall(http_answer(b"", length=1000))
        drip(b"x" * 1000)(connection)

    with far_side(as_stripe, behave) as side:
        assert ends_in_time(side.port).stage == Stage.ANSWERED


def test_a_body_without_end(as_stripe, ends_in_time):
    def behave(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        drip(b"x" * 1000)(connection)

    with far_side(as_stripe, behave) as side:
        assert ends_in_time(side.port).stage == Stage.ANSWERED


def test_silence_in_the_handshake(ends_in_time):
    with black_hole() as port:
        assert ends_in_time(port).stage == Stage.TLS


def test_a_dripping_handshake(ends_in_time):
    with raw_server(drip(b"\x16\x03\x03\x40\x00" + b"\x00" * 1000)) as port:
        assert ends_in_time(port).stage == Stage.TLS


def test_a_silent_proxy(ends_in_time):
    with black_hole() as port:
        assert ends_in_time(proxy=f"http://127.0.0.1:{port}").stage == Stage.TUNNEL


def test_a_dripping_proxy(ends_in_time):
    answer = b"HTTP/1.1 200 OK\r\nVia: " + b"x" * 1000
    with raw_server(drip(answer)) as port:
        assert ends_in_time(proxy=f"http://127.0.0.1:{port}").stage == Stage.TUNNEL


def test_a_silent_socks_proxy(ends_in_time):
    with black_hole() as port:
        assert ends_in_time(proxy=f"socks5h://127.0.0.1:{port}").stage == Stage.TUNNEL


def test_a_silent_https_proxy(ends_in_time):
    with black_hole() as port:
        assert ends_in_time(proxy=f"https://127.0.0.1:{port}").stage == Stage.TUNNEL


def test_silence_inside_an_https_proxy(as_stripe, ends_in_time):
    """TLS in TLS: the handshake with the far side is bounded too."""

    def lead_nowhere(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while connection.recv(65536):
            pass

    with far_side(as_stripe, lead_nowhere) as proxy:
        assert ends_in_time(proxy=f"https://127.0.0.1:{proxy.port}").stage == Stage.TLS


@pytest.fixture
def full_backlog():
    """A port that takes no more connections: a SYN to it is dropped, as by a firewall."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        yield address[1]
        for filler in fillers:
            filler.close()


def test_server_drops_packets(full_backlog, ends_in_time):
    assert ends_in_time(full_backlog).stage == Stage.CONNECT


def test_deadline_shared_by_silent_addresses(full_backlog, ends_in_time):
    def look_up(host, port, *_):
        return [(socket.AF_INET, 0, 0, "", ("127.0.0.1", full_backlog))] * 3

    url = f"https://api.stripe.com:{full_backlog}/"
    record = ends_in_time(url=url, look_up=look_up)
    assert [attempt.outcome for attempt in record.attempts] == ["no response"] * 3


def test_a_refused_address_is_followed_by_the_next(as_stripe, caller):
    with far_side(as_stripe) as side:

        def look_up(host, port, *_):
            return [(socket.AF_INET, 0, 0, "", (ip, port)) for ip in ("127.0.0.2", "127.0.0.1")]

        url = f"https://api.stripe.com:{side.port}/"
        record = caller.call(url=url, look_up=look_up).record
    assert [attempt.outcome for attempt in record.attempts] == [
        "connection refused",
        "connected",
    ]


def test_blocked_resolver_is_asked_once(ends_in_time, caller):
    asked, answer = [], threading.Event()

    def look_up(host, port, *_):
        asked.append(host)
        answer.wait(10)
        return [(socket.AF_INET, 0, 0, "", ("127.0.0.1", port))]

    client = caller.client(look_up=look_up, deadline_seconds=DEADLINE_SECONDS)
    try:
        assert ends_in_time(client=client).stage == Stage.RESOLVE
        assert ends_in_time(client=client).stage == Stage.RESOLVE
        assert asked == ["api.stripe.com."]
    finally:
        answer.set()


def test_deadline_of_single_call(as_stripe, caller):
    with far_side(as_stripe, say_nothing) as side:
        client = caller.client(side.port, deadline_seconds=30)
        failure = caller.failure(client=client, within_seconds=0.3)
    assert failure.record.elapsed_seconds < 0.3 + MARGIN_SECONDS


@pytest.mark.parametrize("seconds", [0, -1])
def test_deadline_passed_before_start(as_stripe, caller, seconds):
    with far_side(as_stripe) as side:
        failure = caller.failure(side.port, within_seconds=seconds)
        assert (failure.record.stage, side.connections) == (Stage.ROUTE, 0)
    diagnosis = diagnose(failure)
    assert (diagnosis.id, diagnosis.acted) == ("NET-DEADLINE", Acted.NO)


def test_twenty_calls_into_a_black_hole_all_end_in_time(caller):
    with black_hole() as port:
        client = caller.client(deadline_seconds=DEADLINE_SECONDS, wait_seconds=0.3)
        proxy = f"http://127.0.0.1:{port}"
        with ThreadPoolExecutor(20) as pool:
            calls = [pool.submit(caller.diagnosis, client=client, proxy=proxy) for _ in range(20)]
            began_at = time.monotonic()
            ids = sorted(call.result().id for call in calls)
    assert time.monotonic() - began_at < DEADLINE_SECONDS + MARGIN_SECONDS
    assert ids == ["NET-BUSY"] * 16 + ["NET-PROXY-SILENT"] * 4


def test_read_timeout_below_deadline(as_stripe, caller):
    with far_side(as_stripe, say_nothing) as side:
        failure = caller.failure(side.port, deadline_seconds=30, read_timeout_seconds=0.3)
    assert failure.record.elapsed_seconds < 0.3 + MARGIN_SECONDS
    assert not failure.record.deadline_passed


def test_a_slow_answer_within_the_deadline_is_an_answer(as_stripe, caller):
    with far_side(as_stripe, slowly) as side:
        assert caller.call(side.port).status == 200


def slowly(connection):
    data = http_answer()
    for start in range(0, len(data), 20):
        connection.sendall(data[start : start + 20])
        time.sleep(0.02)  # slower than one packet, faster than the deadline


def test_socket_that_was_reset_before_the_handshake_is_named_so_and_closed():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connection = TimedSocket()
        connection.connect(listener.getsockname())
        reset(listener.accept()[0])
        # The reset has arrived once there is something to read.
        select.select([connection], [], [], MARGIN_SECONDS)
        connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        trace = Trace("GET", "stripe.test", 443, "/", "direct", 5, 5)
        with pytest.raises(ConnectionResetError):
            shake_hands(connection, client_context(), "stripe.test", trace)
    assert connection.fileno() == -1
