"""The client: requests, the connection pool, and independence of the environment."""

import gzip
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from outbound.diagnosis import Acted, diagnose
from outbound.tests.conftest import KEY, STRIPE
from outbound.tests.servers import (
    BODY,
    answer_with,
    far_side,
    hang_up,
    http_answer,
    tls_in_front_of,
)
from outbound.transport import CallFailed, Stage
from testing.proxies import (
    black_hole,
    running_microsocks,
    running_squid,
    running_tinyproxy,
)


@pytest.fixture
def stripe(as_stripe):
    with far_side(as_stripe) as side:
        yield side


def test_a_call_comes_back_whole(stripe, caller):
    answer = caller.call(stripe.port)
    assert (answer.status, answer.body, answer.headers["request-id"]) == (200, BODY, "req_1")


def test_request_host_and_headers(stripe, caller):
    caller.call(stripe.port, url=f"{STRIPE}?expand=x")
    head, _, body = stripe.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /v1/checkout/sessions?expand=x HTTP/1.1"
    assert {"Host: api.stripe.com", f"Authorization: Bearer {KEY}"} <= set(lines)
    assert body == b"mode=payment"


def test_the_record_tells_stages_and_bytes_but_no_secret(stripe, caller):
    answer = caller.call(stripe.port, url=f"{STRIPE}?secret=1")
    record = answer.record
    assert (record.stage, record.path, record.status) == (
        Stage.ANSWERED, "/v1/checkout/sessions", 200,
    )  # fmt: skip
    assert list(record.milliseconds) == [
        Stage.ROUTE, Stage.RESOLVE, Stage.CONNECT, Stage.TLS, Stage.SENT, Stage.ANSWERED,
    ]  # fmt: skip
    assert record.bytes_sent == len(stripe.requests[0])
    assert record.bytes_received == len(http_answer())
    assert record.tls.issuer == "O=Test Authority"
    assert [attempt.outcome for attempt in record.attempts] == ["connected"]
    assert not {"secret", KEY, "mode=payment"} & set(repr((answer, record)).split("'"))


def chunked(body, *headers):
    pieces = b"".join(
        b"%x\r\n%b\r\n" % (len(body[i : i + 9]), body[i : i + 9]) for i in range(0, len(body), 9)
    )
    lines = ("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", *headers, "", "")
    return "\r\n".join(lines).encode() + pieces + b"0\r\n\r\n"


@pytest.mark.parametrize(
    "data",
    [chunked(BODY), chunked(gzip.compress(BODY, mtime=0), "Content-Encoding: gzip"), http_answer(BODY)],
)
def test_response_framing(as_stripe, caller, data):
    with far_side(as_stripe, lambda connection: connection.sendall(data)) as side:
        client = caller.client(side.port)
        answers = [caller.call(client=client) for _ in range(2)]
    assert [answer.body for answer in answers] == [BODY, BODY]
    assert answers[1].record.reused


def test_connection_close_header(as_stripe, caller):
    with far_side(as_stripe, answer_with(headers=("Connection: close",))) as side:
        client = caller.client(side.port)
        answers = [caller.call(client=client) for _ in range(2)]
    assert not answers[1].record.reused


def test_connections_are_pool(stripe, caller):
    client = caller.client(stripe.port)
    answers = [caller.call(client=client) for _ in range(20)]
    assert [answer.record.reused for answer in answers] == [False] + [True] * 19
    assert stripe.connections == 1
    assert answers[-1].record.tls == answers[0].record.tls


def test_threads_share_few_connections(stripe, caller):
    # Half of the calls are allowed once one takes over a second, as on a busy machine.
    client = caller.client(stripe.port, max_calls=16)
    caller.call(client=client)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: caller.call(client=client), range(80)))
    assert {answer.body for answer in answers} == {BODY}
    assert len(stripe.requests) == 81
    assert stripe.connections <= 8


def test_closed_connection_is_not_reused(as_stripe, caller):
    closed = threading.Semaphore(0)

    def answer_and_hang_up(connection):
        connection.sendall(http_answer())
        hang_up(connection)
        closed.release()

    with far_side(as_stripe, answer_and_hang_up) as side:
        client = caller.client(side.port)
        for _ in range(5):
            record = caller.call(client=client).record
            assert (record.reused, record.resent) == (False, False)
            assert closed.acquire(timeout=10)
        assert (side.connections, len(side.requests)) == (5, 5)


def test_an_old_connection_is_not_used_again(stripe, caller):
    client = caller.client(stripe.port, idle_seconds=0)
    caller.call(client=client)
    assert not caller.call(client=client).record.reused


@pytest.fixture
def first_request_alone(as_stripe):
    """A far side that answers the first request of each connection, and ends at the second."""
    answered = set()

    def behave(connection):
        if connection in answered:
            hang_up(connection)
        else:
            answered.add(connection)
            connection.sendall(http_answer())

    with far_side(as_stripe, behave) as side:
        yield side


@pytest.mark.parametrize(("method", "headers"), [("POST", {}), ("GET", {"Idempotency-Key": None})])
def test_pooled_connection_closed_at_request_is_retried(
    first_request_alone, caller, method, headers
):
    client = caller.client(first_request_alone.port)
    records = [caller.call(client=client, method=method, headers=headers).record for _ in range(3)]
    assert [(record.reused, record.resent) for record in records] == [
        (False, False), (False, True), (False, True),
    ]  # fmt: skip
    assert first_request_alone.connections == 3
    sent = first_request_alone.requests
    assert len(sent) == 5
    assert set(sent) == {sent[0]}


def test_all_pooled_connections_closed(first_request_alone, caller):
    client = caller.client(first_request_alone.port, max_calls=8, wait_seconds=5)
    caller.call(client=client)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: caller.call(client=client), range(24)))
    assert {answer.status for answer in answers} == {200}


def test_pooled_connection_closed_without_idempotency_key(first_request_alone, caller):
    client = caller.client(first_request_alone.port)
    once = {"Idempotency-Key": None}
    caller.call(client=client, headers=once)
    record = caller.failure(client=client, headers=once).record
    assert (record.stage, record.reused, record.resent) == (Stage.SENT, True, False)
    assert len(first_request_alone.requests) == 2


def test_pooled_connection_closed_twice(as_stripe, caller):
    ends = threading.Event()

    def behave(connection):
        hang_up(connection) if ends.is_set() else connection.sendall(http_answer())

    with far_side(as_stripe, behave) as side:
        client = caller.client(side.port)
        caller.call(client=client)
        ends.set()
        failure = caller.failure(client=client)
    assert (failure.record.resent, len(side.requests)) == (True, 3)
    assert diagnose(failure).acted is Acted.UNKNOWN


def test_partial_response_is_not_retried(as_stripe, caller):
    def behave(connection, count=[]):  # noqa: B006 - the server's memory
        count.append(1)
        connection.sendall(http_answer(length=None if len(count) == 1 else 1000))
        if len(count) == 2:
            hang_up(connection)

    with far_side(as_stripe, behave) as side:
        client = caller.client(side.port)
        caller.call(client=client)
        record = caller.failure(client=client).record
    assert (record.resent, len(side.requests)) == (False, 2)


def test_forked_process_opens_own_connections(stripe, caller):
    client = caller.client(stripe.port)
    caller.call(client=client)
    child = os.fork()
    if child == 0:
        os._exit(0 if not caller.call(client=client).record.reused else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert caller.call(client=client).record.reused


def test_redirects_are_not_followed(as_stripe, caller):
    behave = answer_with(b"", "302 Found", ("Location: https://portal.example/",))
    with far_side(as_stripe, behave) as side:
        assert caller.call(side.port).status == 302
        assert len(side.requests) == 1


def test_environment_is_ignored(stripe, caller, monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("default login thief password stolen\n")
    (tmp_path / "empty.pem").write_text("")
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, str(tmp_path / "empty.pem"))
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert caller.call(stripe.port).status == 200
    assert f"Bearer {KEY}".encode() in stripe.requests[0]
    assert not (tmp_path / "keys").exists()


def test_a_private_authority_must_be_named(stripe, caller):
    failure = caller.failure(stripe.port, ca_bundle=None)
    assert (failure.record.stage, failure.record.bytes_sent) == (Stage.TLS, 0)
    assert stripe.requests == []


@pytest.mark.slow
def test_calls_at_once_are_bounded(caller):
    with black_hole() as port:
        client = caller.client(port, max_calls=1, wait_seconds=0.1, deadline_seconds=1)
        first = threading.Thread(target=caller.failure, kwargs={"client": client})
        first.start()
        failures = [caller.failure(client=client).record for _ in range(3)]
        first.join()
    assert {record.stage for record in failures} == {Stage.ROUTE}
    assert max(record.elapsed_seconds for record in failures) < 0.9


def test_a_turn_is_given_back_after_a_failure(caller, stripe):
    client = caller.client(stripe.port, max_calls=1, wait_seconds=0.1)
    with pytest.raises(CallFailed):
        caller.call(client=client, headers={"X": "…"})
    assert caller.call(client=client).status == 200


@pytest.mark.parametrize(
    "value", ["Bearer sk_test_…", "Bearer sk_test_a\nX: 1", "Bearer sk_test_a\0"]
)
def test_unsendable_header_is_not_shown(stripe, caller, value):
    failure = caller.failure(stripe.port, headers={"Authorization": value})
    assert str(failure.__cause__) == "the header 'Authorization'"
    assert failure.record.stage == Stage.ROUTE


@pytest.mark.parametrize("path", ["/a b", "/é", "/a\x7f"])
def test_unsendable_path_is_refused(stripe, caller, path):
    failure = caller.failure(stripe.port, url=f"https://api.stripe.com{path}")
    assert failure.record.stage == Stage.ROUTE


def test_a_route_for_another_address_is_refused(stripe, caller):
    with pytest.raises(ValueError, match="another address"):
        caller.client().request(
            "GET",
            "https://other.example/",
            headers={},
            body=None,
            route=caller.call(stripe.port).route,
        )


@pytest.mark.squid
def test_connect_names_host_through_squid(stripe, caller):
    with running_squid(leads_to=stripe.port) as proxy:
        answer = caller.call(proxy=proxy.url)
        assert answer.record.proxy_answer.status == 200
        assert answer.record.milliseconds.keys() >= {Stage.TUNNEL}
    assert len(stripe.requests) == 1


@pytest.mark.squid
def test_an_override_does_not_reach_the_connect_line(caller, stripe):
    with running_squid(leads_to=stripe.port) as proxy:
        assert caller.call(port=9, proxy=proxy.url).status == 200


@pytest.mark.squid
def test_credentials_are_decoded_and_sent(stripe, caller):
    with running_squid("credentials", leads_to=stripe.port) as proxy:
        client = caller.client()
        assert caller.call(proxy=proxy.url_with_credentials, client=client).status == 200
        assert caller.call(proxy=proxy.url_with_credentials, client=client).record.reused


@pytest.mark.squid
def test_an_https_proxy_is_spoken_to_in_tls(stripe, caller, as_stripe):
    with (
        running_squid("credentials", leads_to=stripe.port) as proxy,
        tls_in_front_of(proxy.port, as_stripe) as port,
    ):
        address = proxy.url_with_credentials.replace("http://", "https://")
        address = address.replace(f":{proxy.port}", f":{port}")
        client = caller.client()
        answers = [caller.call(proxy=address, client=client) for _ in range(3)]
        client.close()
    assert [answer.record.reused for answer in answers] == [False, True, True]
    assert answers[0].record.tls.issuer == "O=Test Authority"
    assert len(stripe.requests) == 3


@pytest.mark.squid
def test_a_plain_call_is_forwarded_by_an_http_proxy(caller):
    with far_side(None) as side, running_squid("credentials") as proxy:
        url = f"http://127.0.0.1:{side.port}/v1/balance"
        answer = caller.call(url=url, proxy=proxy.url_with_credentials)
        caller.clients[-1].close()
    assert answer.status == 200
    assert side.requests[0].startswith(b"POST /v1/balance HTTP/1.1\r\n")
    assert b"proxy-authorization" not in side.requests[0].lower()


@pytest.mark.tinyproxy
def test_through_tinyproxy(stripe, caller):
    with running_tinyproxy() as proxy:
        url = f"https://localhost:{stripe.port}/v1/balance"
        answer = caller.call(url=url, proxy=proxy.url)
        caller.clients[-1].close()
    assert "tinyproxy" in answer.record.proxy_answer.answered_by


@pytest.mark.parametrize("credentials", [True, False])
@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_through_a_socks_proxy(stripe, caller, scheme, credentials):
    with running_microsocks(credentials=credentials) as proxy:
        address = proxy.url_with_credentials if credentials else proxy.url
        url = f"https://localhost:{stripe.port}/v1/balance"
        answer = caller.call(url=url, proxy=address.replace("socks5h", scheme))
        caller.clients[-1].close()
    assert answer.status == 200


def test_override_with_socks5_proxy(stripe, caller):
    with running_microsocks() as proxy:
        answer = caller.call(stripe.port, proxy=proxy.url.replace("socks5h", "socks5"))
        caller.clients[-1].close()
    assert answer.status == 200
