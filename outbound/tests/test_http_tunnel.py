"""CONNECT, and how its answer is read: interim answers, many headers, credentials."""

import base64
from dataclasses import dataclass, field

import pytest

from outbound.tests.servers import far_side, tls_in_front_of
from testing.faults import relay
from testing.proxies import raw_server

OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"
MANY = "".join(f"Set-Cookie: name{number}={'v' * 80}\r\n" for number in range(300)).encode()


@dataclass
class OpeningProxy:
    """A proxy that says this to CONNECT, and then leads to the port; `heard` is what it was told."""

    pieces: list[bytes]
    port: int
    heard: list[bytes] = field(default_factory=list)

    def talk(self, connection):
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(65536)
        self.heard.append(head)
        for piece in self.pieces:
            connection.sendall(piece)
        relay(connection, self.port)


@pytest.fixture
def stripe(as_stripe):
    with far_side(as_stripe) as side:
        yield side


@pytest.mark.parametrize(
    "pieces",
    [
        [OPEN],
        [b"HTTP/1.1 100 Continue\r\n\r\n", OPEN],
        [b"HTTP/1.1 102 Processing\r\n\r\n" * 3 + OPEN],
        [b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + b"HTTP/1.1 199 Odd\r\n\r\n", OPEN],
        [b"HTTP/1.1 200 OK\r\n" + MANY + b"\r\n"],
        [b"HTTP/1.1 100 Continue\r\n" + MANY + b"\r\n", b"HTTP/1.1 200 OK\r\n" + MANY + b"\r\n"],
        [b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n"],
        [b"HTTP/1.0 200\r\n\r\n"],
        [b"\r\nHTTP/1.1 200 OK\nVia: x\n\n"],
        [bytes([byte]) for byte in OPEN],
    ],
)
def test_connect_accepted(stripe, caller, pieces):
    with raw_server(OpeningProxy(pieces, stripe.port).talk) as port:
        client = caller.client()
        answers = [caller.call(proxy=f"http://127.0.0.1:{port}", client=client) for _ in range(2)]
        client.close()
    assert [answer.status for answer in answers] == [200, 200]
    assert answers[1].record.reused


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000, "NET-PROXY-NOT-HTTP"),
        (b"HTTP/1.1 abc\r\n\r\n", "NET-PROXY-NOT-HTTP"),
        (b"220 mail.example ESMTP\r\n", "NET-PROXY-NOT-HTTP"),
        (b"\x05\xff", "NET-PROXY-NOT-HTTP"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", "NET-PROXY-CLOSED"),
        (b"HTTP/1.1 200 OK\r\nVia: x\r\n", "NET-PROXY-CLOSED"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 No\r\n" + MANY + b"\r\n", "NET-PROXY-403"),
    ],
)
def test_connect_refused_or_unreadable(caller, said, cause):
    def talk(connection):
        connection.recv(65536)
        connection.sendall(said)

    with raw_server(talk) as port:
        assert caller.diagnosis(proxy=f"http://127.0.0.1:{port}", deadline_seconds=3).id == cause


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("caf%E9", b"caf\xe9"),
        ("caf%C3%A9", "café".encode()),
        ("%C7%D1%B1%DB", "한글".encode("euc-kr")),
        ("%FF%80", b"\xff\x80"),
        ("p%40ss%3Aw%2Frd", b"p@ss:w/rd"),
        ("%25E9", b"%E9"),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_credentials_reach_the_proxy_byte_for_byte(
    stripe, caller, as_stripe, scheme, written, sent
):
    proxy = OpeningProxy([OPEN], stripe.port)
    with raw_server(proxy.talk) as plain, tls_in_front_of(plain, as_stripe) as secured:
        port = plain if scheme == "http" else secured
        caller.call(proxy=f"{scheme}://us%E9r:{written}@127.0.0.1:{port}")
        caller.clients[-1].close()
    (line,) = [each for each in proxy.heard[0].split(b"\r\n") if each.startswith(b"Proxy-Auth")]
    assert base64.b64decode(line.split()[-1]) == b"us\xe9r:" + sent


def test_credentials_reach_a_socks_proxy_byte_for_byte(caller):
    heard = []

    def talk(connection):
        connection.recv(4)
        connection.sendall(b"\x05\x02")
        heard.append(connection.recv(100))
        connection.sendall(b"\x01\x01")

    with raw_server(talk) as port:
        diagnosis = caller.diagnosis(proxy=f"socks5h://us%E9r:caf%E9@127.0.0.1:{port}")
    assert heard == [b"\x01\x04us\xe9r\x04caf\xe9"]
    assert diagnosis.id == "NET-SOCKS-AUTH"
    assert "us%E9r" in diagnosis.operator
