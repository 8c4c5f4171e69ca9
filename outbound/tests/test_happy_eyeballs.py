"""Several addresses: a silent one delays a call by a quarter of a second, a refusing one does not."""

import socket
from contextlib import ExitStack

import pytest

from outbound.tests.servers import far_side
from outbound.transport.happy_eyeballs import alternated
from outbound.transport.resolver import Endpoint
from testing.faults import dropping_address

LONGEST_DELAY_SECONDS = 0.3
# What a busy machine adds to the handshake that follows.
SLACK_SECONDS = 0.5


def look_up_of(*addresses):
    return lambda host, port, *_: [(socket.AF_INET, 0, 0, "", (each, port)) for each in addresses]


def outcomes(record):
    return [(attempt.address, attempt.outcome) for attempt in record.attempts]


@pytest.fixture
def stripe(as_stripe):
    with far_side(as_stripe) as side:
        yield side


def test_a_silent_first_address_costs_300_ms_at_most(stripe, caller):
    url = f"https://api.stripe.com:{stripe.port}/"
    with dropping_address("127.77.0.1", stripe.port):
        look_up = look_up_of("127.77.0.1", "127.0.0.1")
        record = caller.call(url=url, look_up=look_up).record
    assert outcomes(record) == [("127.77.0.1", "no response"), ("127.0.0.1", "connected")]
    assert 250 <= record.milliseconds["connect"] < 1000 * (LONGEST_DELAY_SECONDS + SLACK_SECONDS)


@pytest.mark.proof
def test_first_address_of_proxy_silent(stripe, caller):
    with dropping_address("127.77.0.1", stripe.port):
        look_up = look_up_of("127.77.0.1", "127.0.0.1")
        proxy = f"socks5h://proxy.example:{stripe.port}"
        record = caller.failure(proxy=proxy, look_up=look_up).record
    assert outcomes(record)[1] == ("127.0.0.1", "connected")
    assert record.milliseconds["connect"] < 1000 * (LONGEST_DELAY_SECONDS + SLACK_SECONDS)


@pytest.mark.slow
def test_two_silent_addresses_cost_twice_as_much(stripe, caller):
    url = f"https://api.stripe.com:{stripe.port}/"
    with ExitStack() as stack:
        for silent in ("127.77.0.1", "127.77.0.2"):
            stack.enter_context(dropping_address(silent, stripe.port))
        look_up = look_up_of("127.77.0.1", "127.77.0.2", "127.0.0.1")
        record = caller.call(url=url, look_up=look_up).record
    assert [outcome for _address, outcome in outcomes(record)] == ["no response"] * 2 + [
        "connected"
    ]
    assert (
        500 <= record.milliseconds["connect"] < 1000 * (2 * LONGEST_DELAY_SECONDS + SLACK_SECONDS)
    )


def test_first_address_refuses(stripe, caller):
    url = f"https://api.stripe.com:{stripe.port}/"
    record = caller.call(url=url, look_up=look_up_of("127.77.0.3", "127.0.0.1")).record
    assert outcomes(record) == [
        ("127.77.0.3", "connection refused"),
        ("127.0.0.1", "connected"),
    ]
    assert record.milliseconds["connect"] < 200


def test_outcome_without_network_route_is_in_the_systems_words(stripe, caller):
    url = f"https://api.stripe.com:{stripe.port}/"
    record = caller.call(url=url, look_up=look_up_of("255.255.255.255", "127.0.0.1")).record
    (address, outcome), won = outcomes(record)
    assert (address, won) == ("255.255.255.255", ("127.0.0.1", "connected"))
    assert outcome in {"network is unreachable", "permission denied"}


def test_first_address_answers(stripe, caller):
    url = f"https://api.stripe.com:{stripe.port}/"
    record = caller.call(url=url, look_up=look_up_of("127.0.0.1", "127.77.0.1")).record
    assert outcomes(record) == [("127.0.0.1", "connected")]


def test_families_of_addresses_alternate():
    six, four = (
        [Endpoint(family, f"{family.name}{number}", 1) for number in range(3)]
        for family in (socket.AF_INET6, socket.AF_INET)
    )
    assert alternated([*six, *four[:2]]) == [six[0], four[0], six[1], four[1], six[2]]
