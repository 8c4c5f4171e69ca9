"""Faults at random rates, reproducible from a seed."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
import stripe

from sandbox.faults.queue import DeliveryFault, RequestFault
from sandbox.faults.rates import FaultRates, RandomFaults
from sandbox.tests.factories import client_for
from testing.sandbox import RunningSandbox

CREATE = "POST /v1/checkout/sessions"
RATES = FaultRates(
    seed=7,
    requests={"cut_before": 0.1, "cut_after": 0.1, "429": 0.1, "500": 0.1, "slow": 0.1},
    events={"dropped": 0.1, "repeated": 0.1, "delayed": 0.1, "reordered": 0.1, "twin": 0.1},
)


def random_faults(rates: FaultRates) -> RandomFaults:
    faults = RandomFaults()
    faults.set_rates(rates)
    return faults


def test_same_seed_draws_the_same_faults() -> None:
    alone, among_others = random_faults(RATES), random_faults(RATES)
    drawn: tuple[list[Any], list[Any]] = ([], [])
    for _ in range(300):
        drawn[0].append((alone.request_fault(CREATE), alone.delivery_fault("refund.created")))
        among_others.request_fault("GET /v1/events")
        drawn[1].append(
            (among_others.request_fault(CREATE), among_others.delivery_fault("refund.created"))
        )
    assert drawn[0] == drawn[1]


def test_another_seed_draws_other_faults() -> None:
    one, other = random_faults(RATES), random_faults(replace(RATES, seed=8))
    drawn = [(one.request_fault(CREATE), other.request_fault(CREATE)) for _ in range(300)]
    assert [first for first, _ in drawn] != [second for _, second in drawn]


def test_faults_are_drawn_at_their_rates() -> None:
    faults = random_faults(RATES)
    drawn = [faults.request_fault(CREATE) for _ in range(4000)]
    kinds = Counter((fault.kind, fault.status) for fault in drawn if fault)
    assert len(kinds) == 5
    assert all(300 < count < 500 for count in kinds.values())
    assert all(0 <= fault.seconds <= 1 for fault in drawn if fault)
    assert faults.as_json()["injected"]["429"] == kinds["status", 429]


def test_no_rates_draw_no_faults() -> None:
    faults = RandomFaults()
    assert (faults.request_fault(CREATE), faults.delivery_fault("refund.created")) == (None, None)


@pytest.mark.parametrize("name", RATES.requests)
def test_every_request_fault_can_be_drawn(name: str) -> None:
    faults = random_faults(FaultRates(requests={name: 1.0}))
    assert isinstance(faults.request_fault(CREATE), RequestFault)


@pytest.mark.parametrize("name", RATES.events)
def test_every_delivery_fault_can_be_drawn(name: str) -> None:
    fault = random_faults(FaultRates(events={name: 1.0})).delivery_fault("refund.created")
    assert isinstance(fault, DeliveryFault)
    assert fault.kind == name


@pytest.mark.parametrize(
    "rates",
    [
        {"requests": {"flood": 0.1}},
        {"events": {"dropped": 0.6, "twin": 0.6}},
        {"events": {"dropped": -0.1}},
        {"requests": [0.1]},
        {"wind": 1},
    ],
)
def test_invalid_rates_are_refused(empty_sandbox: RunningSandbox, rates: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        empty_sandbox.control.set_fault_rates(**rates)


def test_faults_are_injected_until_the_rates_are_cleared(empty_sandbox: RunningSandbox) -> None:
    client = client_for(empty_sandbox)
    empty_sandbox.control.set_fault_rates(seed=1, requests={"429": 1.0})
    for _ in range(2):
        with pytest.raises(stripe.RateLimitError):
            client.v1.balance.retrieve()
    assert empty_sandbox.control.clear_fault_rates() == {"429": 2}
    assert client.v1.balance.retrieve().object == "balance"
