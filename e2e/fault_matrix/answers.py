"""Rows of the matrix: the request was sent, and what came back is not what was asked for."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from e2e.fault_matrix.laboratory import Laboratory
from e2e.fault_matrix.proxies import unchanged
from e2e.fault_matrix.row import NOT_STARTED, THROUGH, Expected, Situation, row, silent_row
from outbound.route import ProxyEnvironment, decide
from outbound.tests.servers import hang_up, reset
from payments.stripe.client import outbound_client
from testing.faults import Conversation, drip, hold, page, tls_front, whole_answer
from testing.proxies import running_squid

OCCUPYING = b"/v1/events"
CREATE_ONLY = {"method": "POST", "path": "/v1/checkout/sessions"}


def answered_by(lab: Laboratory, converse: Conversation) -> Iterator[Situation]:
    """Somebody with Stripe's certificate does this while the fault is there."""
    beyond = lab.sandbox.tls_port
    with tls_front(lab.fault, lab.as_stripe, converse, beyond=beyond) as port:
        yield unchanged(lab.direct(port))


def saying(lab: Laboratory, answer: bytes) -> Iterator[Situation]:
    """Somebody answers so to every request, and Stripe sees none of them."""
    yield from answered_by(lab, lambda connection, _request: connection.sendall(answer))


@row(
    "The connection is reset before Stripe receives the request.",
    Expected("NET-NO-ANSWER", "path.sent", acted="unknown", repeated=True),
)
def reset_before_acting(lab: Laboratory) -> Iterator[Situation]:
    yield from answered_by(lab, lambda connection, _request: reset(connection))


@row(
    "The connection is reset after Stripe acts but before it responds.",
    Expected("NET-NO-ANSWER", "path.sent", acted="unknown", repeated=True, reached=3),
)
def reset_after_acting(lab: Laboratory) -> Iterator[Situation]:
    def converse(connection: socket.socket, request: bytes) -> None:
        whole_answer(lab.sandbox.port, request)
        reset(connection)

    yield from answered_by(lab, converse)


@row(
    "The connection is closed after Stripe acts but before it responds.",
    Expected("NET-NO-ANSWER", "path.sent", acted="unknown", repeated=True, reached=3),
)
def closed_after_acting(lab: Laboratory) -> Iterator[Situation]:
    def converse(connection: socket.socket, request: bytes) -> None:
        whole_answer(lab.sandbox.port, request)
        hang_up(connection)

    yield from answered_by(lab, converse)


@row(
    "One response from Stripe is lost.",
    Expected("", "", acted="yes", reached=2, sentence=""),
)
def one_answer_lost(lab: Laboratory) -> Iterator[Situation]:
    lost: list[bytes] = []

    def converse(connection: socket.socket, request: bytes) -> None:
        answer = whole_answer(lab.sandbox.port, request)
        if request.startswith(b"POST") and not lost:
            lost.append(answer)
            reset(connection)
        connection.sendall(answer)

    yield from answered_by(lab, converse)


@row(
    "A pooled connection closes while the request is being sent, so the site sends the request again.",
    THROUGH,
)
def kept_connection_ends(lab: Laboratory) -> Iterator[Situation]:
    answered: set[int] = set()

    def converse(connection: socket.socket, request: bytes) -> None:
        if OCCUPYING not in request and id(connection) in answered:
            hang_up(connection)
            return
        connection.sendall(whole_answer(lab.sandbox.port, request))
        answered.add(id(connection))

    @contextmanager
    def after_another_call() -> Iterator[None]:
        _occupy()
        yield

    beyond = lab.sandbox.tls_port
    with tls_front(lab.fault, lab.as_stripe, converse, beyond=beyond) as port:
        site = lab.direct(port)
        yield Situation(site, site, meanwhile=after_another_call)


@row(
    "Stripe's response is cut off in the middle.",
    Expected("NET-CUT", "path.answered", acted="yes", repeated=True, reached=3),
)
def answer_cut_short(lab: Laboratory) -> Iterator[Situation]:
    def converse(connection: socket.socket, request: bytes) -> None:
        connection.sendall(whole_answer(lab.sandbox.port, request)[:-20])
        hang_up(connection)

    yield from answered_by(lab, converse)


@row(
    "Stripe's response is truncated, and its Content-Length header is adjusted to match.",
    Expected("NET-CUT", "path.answered", acted="yes", repeated=True, reached=3),
)
def answer_shortened(lab: Laboratory) -> Iterator[Situation]:
    def converse(connection: socket.socket, request: bytes) -> None:
        head, _mark, body = whole_answer(lab.sandbox.port, request).partition(b"\r\n\r\n")
        fitting = b"\r\nContent-Length: %d" % (len(body) // 2)
        head = re.sub(rb"(?i)\r\ncontent-length: \d+", fitting, head)
        connection.sendall(head + b"\r\n\r\n" + body[: len(body) // 2])

    yield from answered_by(lab, converse)


@silent_row(
    "Stripe's response arrives one byte at a time.",
    Expected("NET-DEADLINE", "path.answered", acted="yes", reached=1),
)
def answer_drips(lab: Laboratory) -> Iterator[Situation]:
    def converse(connection: socket.socket, request: bytes) -> None:
        drip(connection, whole_answer(lab.sandbox.port, request))

    yield from answered_by(lab, converse)


@silent_row(
    "The request is accepted, but no response arrives.",
    Expected("NET-NO-ANSWER", "path.sent", acted="unknown", repeated=True),
)
def no_answer(lab: Laboratory) -> Iterator[Situation]:
    yield from answered_by(lab, lambda connection, _request: hold(connection))


@silent_row(
    "Stripe acts, but its response never arrives.",
    Expected("NET-NO-ANSWER", "path.sent", acted="unknown", repeated=True, reached=1),
)
def no_answer_after_acting(lab: Laboratory) -> Iterator[Situation]:
    def converse(connection: socket.socket, request: bytes) -> None:
        whole_answer(lab.sandbox.port, request)
        hold(connection)

    yield from answered_by(lab, converse)


@row(
    "A sign-in page is returned instead of Stripe's response (200, HTML).",
    Expected("NET-CAPTIVE", "path.answered", acted="unknown"),
)
def captive_page(lab: Laboratory) -> Iterator[Situation]:
    yield from saying(lab, page("<html><title>Campus sign-in</title></html>"))


@row(
    "A redirect to a sign-in page is returned instead of Stripe's response (302).",
    Expected("NET-CAPTIVE", "path.answered", acted="unknown"),
)
def captive_redirect(lab: Laboratory) -> Iterator[Situation]:
    yield from saying(lab, page("", "302 Found", "Location: http://portal.example/"))


@row(
    "A block page is returned instead of Stripe's response (403, HTML).",
    Expected("NET-CAPTIVE", "path.answered", acted="unknown"),
)
def block_page(lab: Laboratory) -> Iterator[Situation]:
    yield from saying(lab, page("<title>Blocked by policy</title>", "403 Forbidden"))


@row(
    "A filter behind the proxy responds with a block page (403, HTML).",
    Expected("NET-CAPTIVE", "path.answered", acted="unknown"),
)
def block_page_behind_proxy(lab: Laboratory) -> Iterator[Situation]:
    blocked = page("<title>Blocked by policy</title>", "403 Forbidden")
    with (
        tls_front(
            lab.fault,
            lab.as_stripe,
            lambda connection, _request: connection.sendall(blocked),
            beyond=lab.sandbox.tls_port,
        ) as port,
        running_squid(leads_to=port) as proxy,
    ):
        yield unchanged(lab.behind(proxy.url))


@row(
    "The response is empty (200).",
    Expected("NET-CAPTIVE", "path.answered", acted="unknown"),
)
def empty_answer(lab: Laboratory) -> Iterator[Situation]:
    yield from saying(lab, page(""))


@row(
    "The response is not HTTP.",
    Expected("NET-CAPTIVE", "path.sent", acted="unknown"),
)
def garbage(lab: Laboratory) -> Iterator[Situation]:
    yield from saying(lab, bytes(range(128, 192)) + b"\r\n\r\n")


@row(
    "A gateway on the route responds with 503 and its own page.",
    Expected("NET-GATEWAY", "path.answered", acted="unknown", repeated=True),
)
def gateway_answers_503(lab: Laboratory) -> Iterator[Situation]:
    yield from saying(lab, page("<title>Out of service</title>", "503 Service Unavailable"))


@row(
    "This machine's clock is ten minutes fast, but the certificate is still valid.",
    Expected("", "path.clock", doctor="CLOCK-SKEW", acted="yes", reached=1, sentence=""),
)
def clock_fast(lab: Laboratory) -> Iterator[Situation]:
    def converse(connection: socket.socket, request: bytes) -> None:
        answer = whole_answer(lab.sandbox.port, request)
        told = format_datetime(datetime.now(UTC) - timedelta(minutes=10), usegmt=True)
        connection.sendall(re.sub(rb"(?i)\r\ndate: [^\r]+", b"\r\nDate: " + told.encode(), answer))

    yield from answered_by(lab, converse)


@row(
    "The limit on concurrent calls (`STRIPE_MAX_CALLS`) is reached, and no call finishes in time.",
    Expected("NET-BUSY", "", doctor=""),
)
def all_calls_under_way(lab: Laboratory) -> Iterator[Situation]:
    asked, ended = threading.Event(), threading.Event()

    def converse(connection: socket.socket, request: bytes) -> None:
        if OCCUPYING in request:
            asked.set()
            ended.wait()
        connection.sendall(whole_answer(lab.sandbox.port, request))

    @contextmanager
    def occupied() -> Iterator[None]:
        caller = threading.Thread(target=_occupy)
        caller.start()
        try:
            assert asked.wait(timeout=5)
            yield
        finally:
            ended.set()
            caller.join()

    beyond = lab.sandbox.tls_port
    with tls_front(lab.fault, lab.as_stripe, converse, beyond=beyond) as port:
        site = lab.direct(port, STRIPE_MAX_CALLS=1)
        yield Situation(site, site, meanwhile=occupied)


def _occupy() -> None:
    """Another call of the same shop, which takes long."""
    url = f"https://api.stripe.com{OCCUPYING.decode()}"
    route = decide(url, environment=ProxyEnvironment({}, {}))
    outbound_client().request("GET", url, headers={}, body=None, route=route)


def refused_by_stripe(lab: Laboratory, status: int, **only: Any) -> Iterator[Situation]:
    """Stripe itself answers so while the fault is there."""
    fault = {"kind": "status", "status": status, "times": 50, "saved": False, **only}
    site = lab.direct()
    yield Situation(site, site, at_stripe=fault)


@row(
    "Stripe rejects the request (400).",
    Expected("API-400", "", doctor="", sentence=NOT_STARTED, reached=1),
)
def stripe_answers_400(lab: Laboratory) -> Iterator[Situation]:
    yield from refused_by_stripe(lab, 400, **CREATE_ONLY)


def refused_with(lab: Laboratory, status: str, error: str, *headers: str) -> Iterator[Situation]:
    """Stripe answers so to a purchase, and as ever to all else."""
    answer = page(f'{{"error": {{{error}}}}}', status, "Request-Id: req_refused", *headers)

    def converse(connection: socket.socket, request: bytes) -> None:
        is_purchase = request.startswith(b"POST")
        connection.sendall(answer if is_purchase else whole_answer(lab.sandbox.port, request))
        # Whoever speaks for Stripe here must not be kept for the time after the fault.
        hang_up(connection)

    yield from answered_by(lab, converse)


@row(
    "The idempotency key was already used for a different request (400).",
    Expected("API-400", "", doctor="", sentence=NOT_STARTED),
)
def idempotency_error(lab: Laboratory) -> Iterator[Situation]:
    yield from refused_with(lab, "400 Bad Request", '"type": "idempotency_error"')


@row(
    "Stripe declines a card (402), which normally happens only on Stripe's own page.",
    Expected("API-400", "", doctor="", sentence=NOT_STARTED, reached=1),
)
def card_refused(lab: Laboratory) -> Iterator[Situation]:
    yield from refused_by_stripe(lab, 402, **CREATE_ONLY)


@row(
    "The request refers to an object that exists only in the other mode (404).",
    Expected("API-400", "", doctor="", sentence=NOT_STARTED, reached=1),
)
def object_of_the_other_mode(lab: Laboratory) -> Iterator[Situation]:
    yield from refused_by_stripe(lab, 404, **CREATE_ONLY)


@row(
    "Stripe rejects the key (401).",
    Expected("API-401", "key.accepted", sentence=NOT_STARTED, reached=1),
)
def stripe_answers_401(lab: Laboratory) -> Iterator[Situation]:
    yield from refused_by_stripe(lab, 401)


@row(
    "The key lacks permission to create sessions (403).",
    Expected("API-403", "key.accepted", sentence=NOT_STARTED, reached=1),
)
def stripe_answers_403(lab: Laboratory) -> Iterator[Situation]:
    yield from refused_by_stripe(lab, 403)


@row(
    "Stripe is still processing the same request (409).",
    Expected(
        "API-409", "", doctor="", sentence=NOT_STARTED, acted="unknown", repeated=True, reached=8
    ),
)
def stripe_answers_409(lab: Laboratory) -> Iterator[Situation]:
    yield from refused_by_stripe(lab, 409, **CREATE_ONLY)


@row(
    "Stripe limits the request rate (429).",
    Expected("API-429", "key.accepted", sentence=NOT_STARTED, repeated=True, reached=3),
)
def stripe_answers_429(lab: Laboratory) -> Iterator[Situation]:
    yield from refused_by_stripe(lab, 429)


@row(
    "Stripe has an internal error (500).",
    Expected(
        "API-5XX",
        "key.accepted",
        sentence=NOT_STARTED,
        acted="unknown",
        repeated=True,
        reached=3,
    ),
)
def stripe_answers_500(lab: Laboratory) -> Iterator[Situation]:
    yield from refused_by_stripe(lab, 500)


@row(
    "Stripe is unavailable (503).",
    Expected(
        "API-5XX",
        "key.accepted",
        sentence=NOT_STARTED,
        acted="unknown",
        repeated=True,
        reached=3,
    ),
)
def stripe_answers_503(lab: Laboratory) -> Iterator[Situation]:
    yield from refused_by_stripe(lab, 503)


@row(
    "Stripe has an internal error and says not to retry (500, Stripe-Should-Retry: false).",
    Expected("API-5XX", "", doctor="", sentence=NOT_STARTED, acted="unknown"),
)
def stripe_asks_for_no_repeat(lab: Laboratory) -> Iterator[Situation]:
    yield from refused_with(
        lab, "500 Internal Server Error", '"type": "api_error"', "Stripe-Should-Retry: false"
    )
