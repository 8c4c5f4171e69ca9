"""What goes wrong by chance, the same for the same seed; and what befalls events on their way."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import stripe

from sandbox.faults import Fault, Mishap
from sandbox.tests.conftest import Shop, bank, client_of
from sandbox.weather import Climate, Weather
from testing.sandbox import RunningSandbox, running_sandbox
from testing.waiting import wait_until

CREATE = "POST /v1/checkout/sessions"
STORM = Climate(
    seed=7,
    requests={"cut_before": 0.1, "cut_after": 0.1, "429": 0.1, "500": 0.1, "slow": 0.1},
    events={"lost": 0.1, "doubled": 0.1, "delayed": 0.1, "reordered": 0.1, "twin": 0.1},
)


def weather(climate: Climate) -> Weather:
    """That weather, from its begin."""
    begun = Weather()
    begun.change(climate)
    return begun


def test_same_seed_is_the_same_weather() -> None:
    alone, among_others = weather(STORM), weather(STORM)
    fates: tuple[list[Any], list[Any]] = ([], [])
    for _ in range(300):
        fates[0].append((alone.fault(CREATE), alone.mishap("refund.created")))
        among_others.fault("GET /v1/events")
        fates[1].append((among_others.fault(CREATE), among_others.mishap("refund.created")))
    assert fates[0] == fates[1]
    assert [weather(Climate(8, STORM.requests)).fault(CREATE) for _ in range(300)] != fates[0]


def test_rates_are_kept() -> None:
    stormy = weather(STORM)
    drawn = [stormy.fault(CREATE) for _ in range(4000)]
    kinds = Counter((fault.kind, fault.status) for fault in drawn if fault)
    assert len(kinds) == 5
    assert all(300 < count < 500 for count in kinds.values())
    assert all(0 <= fault.seconds <= 1 for fault in drawn if fault)
    assert stormy.told()["happened"]["429"] == kinds["status", 429]


def test_calm_weather_does_nothing() -> None:
    calm = Weather()
    assert (calm.fault(CREATE), calm.mishap("refund.created")) == (None, None)


def test_each_thing_can_happen() -> None:
    for name in STORM.requests:
        assert isinstance(weather(Climate(requests={name: 1.0})).fault(CREATE), Fault)
    for name in STORM.events:
        assert isinstance(weather(Climate(events={name: 1.0})).mishap("refund.created"), Mishap)


@pytest.mark.parametrize(
    "climate",
    [
        {"requests": {"flood": 0.1}},
        {"events": {"lost": 0.6, "twin": 0.6}},
        {"events": {"lost": -0.1}},
        {"requests": [0.1]},
        {"wind": 1},
    ],
)
def test_unknown_weather_is_refused(own_sandbox: RunningSandbox, climate: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        own_sandbox.control.weather(**climate)


def test_weather_is_met_by_requests_until_it_is_calm(own_sandbox: RunningSandbox) -> None:
    client = client_of(own_sandbox)
    own_sandbox.control.weather(seed=1, requests={"429": 1.0})
    for _ in range(2):
        with pytest.raises(stripe.RateLimitError):
            client.v1.balance.retrieve()
    assert own_sandbox.control.calm() == {"429": 2}
    assert client.v1.balance.retrieve().object == "balance"


def free_order(running: RunningSandbox) -> str:
    """A session that completes with one event."""
    session = client_of(running).v1.checkout.sessions.create(bank(0)).id
    running.control.pay(session)
    return session


def names(shop: Shop) -> list[str]:
    """The ids of the events that the shop was told, in order."""
    return [json.loads(body)["id"] for body, _ in shop.received]


def subjects(shop: Shop) -> list[str]:
    """The ids of the sessions that the shop was told about, in order."""
    return [json.loads(body)["data"]["object"]["id"] for body, _ in shop.received]


def test_lost_event_is_never_told_but_listed(telling_sandbox: RunningSandbox, shop: Shop) -> None:
    telling_sandbox.control.mishap("lost")
    lost, told = free_order(telling_sandbox), free_order(telling_sandbox)
    wait_until(lambda: shop.received)
    assert subjects(shop) == [told]
    assert telling_sandbox.control.deliveries()[0]["last_outcome"] == "lost"
    listed = client_of(telling_sandbox).v1.events.list().data
    assert {event.data.object["id"] for event in listed} == {lost, told}


def test_doubled_event_is_told_twice(telling_sandbox: RunningSandbox, shop: Shop) -> None:
    telling_sandbox.control.mishap("doubled", type="checkout.session.*")
    free_order(telling_sandbox)
    wait_until(lambda: len(shop.received) == 2)
    assert len(set(names(shop))) == 1


def test_twins_have_names_of_their_own(telling_sandbox: RunningSandbox, shop: Shop) -> None:
    telling_sandbox.control.mishap("twin")
    session = free_order(telling_sandbox)
    wait_until(lambda: len(shop.received) == 2)
    assert (len(set(names(shop))), subjects(shop)) == (2, [session, session])
    listed = client_of(telling_sandbox).v1.events.list().data
    assert {event.id for event in listed} == set(names(shop))


def test_delayed_event_comes_after_its_time(telling_sandbox: RunningSandbox, shop: Shop) -> None:
    telling_sandbox.control.mishap("delayed", seconds=3600)
    late, soon = free_order(telling_sandbox), free_order(telling_sandbox)
    wait_until(lambda: shop.received)
    telling_sandbox.control.advance_clock(3600)
    wait_until(lambda: len(shop.received) == 2)
    assert subjects(shop) == [soon, late]


def test_delay_is_remembered_over_a_restart(tmp_path: Path, shop: Shop) -> None:
    with running_sandbox(tmp_path, tls=False, webhook_url=shop.url) as running:
        running.control.mishap("delayed", seconds=3600)
        free_order(running)
        wait_until(lambda: running.control.deliveries()[0]["last_outcome"] == "delayed")
    with running_sandbox(tmp_path, tls=False, webhook_url=shop.url) as running:
        free_order(running)
        wait_until(lambda: shop.received)
        assert len(shop.received) == 1


def test_events_can_be_sent_again_and_twinned_by_hand(
    telling_sandbox: RunningSandbox, shop: Shop
) -> None:
    free_order(telling_sandbox)
    wait_until(lambda: shop.received)
    (event,) = client_of(telling_sandbox).v1.events.list().data
    telling_sandbox.control.act(f"events/{event.id}/send")
    twin = telling_sandbox.control.act(f"events/{event.id}/twin")
    wait_until(lambda: len(shop.received) == 3)
    assert names(shop) == [event.id, event.id, twin["id"]]


def test_several_threads_tell_each_event_once(tmp_path: Path, shop: Shop) -> None:
    arguments = ("--webhook-threads=3",)
    with running_sandbox(tmp_path, tls=False, webhook_url=shop.url, arguments=arguments) as running:
        sessions = {free_order(running) for _ in range(12)}
        wait_until(lambda: len(shop.received) == 12)
        wait_until(lambda: all(each["delivered"] for each in running.control.deliveries()))
    assert set(subjects(shop)) == sessions
    assert len(shop.received) == 12


def test_forgotten_key_is_asked_anew(own_sandbox: RunningSandbox) -> None:
    sessions = client_of(own_sandbox).v1.checkout.sessions
    first = sessions.create(bank(), {"idempotency_key": "k"}).id
    own_sandbox.control.forget_keys()
    assert sessions.create(bank(), {"idempotency_key": "k"}).id != first
