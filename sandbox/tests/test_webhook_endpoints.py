"""Webhook endpoints: listed for whoever asks where events go, and told what each wants."""

from pathlib import Path
from typing import Literal

import pytest
import stripe

from sandbox.tests.conftest import Shop, bank, client_of
from testing.sandbox import RunningSandbox, running_sandbox
from testing.waiting import wait_until

COMPLETED: Literal["checkout.session.completed"] = "checkout.session.completed"


def listed(running: RunningSandbox) -> list[stripe.WebhookEndpoint]:
    """The endpoints that the API lists."""
    return client_of(running).v1.webhook_endpoints.list().data


def test_own_address_is_listed(telling_sandbox: RunningSandbox, shop: Shop) -> None:
    (endpoint,) = listed(telling_sandbox)
    assert (endpoint.url, endpoint.status) == (shop.url, "enabled")
    assert (endpoint.enabled_events, endpoint.api_version) == (["*"], stripe.api_version)
    assert "secret" not in endpoint
    found = client_of(telling_sandbox).v1.webhook_endpoints.retrieve(endpoint.id)
    assert found.to_dict() == endpoint.to_dict()


def test_no_address_is_not_listed(own_sandbox: RunningSandbox) -> None:
    assert listed(own_sandbox) == []
    own_sandbox.control.send_webhooks_to("http://127.0.0.1:9/hook")
    assert [endpoint.url for endpoint in listed(own_sandbox)] == ["http://127.0.0.1:9/hook"]


def test_own_endpoint_keeps_its_name_over_a_restart(tmp_path: Path, shop: Shop) -> None:
    with running_sandbox(tmp_path, tls=False, webhook_url="http://127.0.0.1:9/") as running:
        (first,) = listed(running)
    with running_sandbox(tmp_path, tls=False, webhook_url=shop.url) as running:
        (second,) = listed(running)
    assert (first.id, second.url) == (second.id, shop.url)


def test_made_endpoint_is_told_what_it_asked_for(own_sandbox: RunningSandbox, shop: Shop) -> None:
    client = client_of(own_sandbox)
    version: Literal["2026-05-27.dahlia"] = "2026-05-27.dahlia"
    made = client.v1.webhook_endpoints.create(
        {"url": shop.url, "enabled_events": [COMPLETED], "api_version": version}
    )
    assert made.secret is not None
    own_sandbox.control.pay(client.v1.checkout.sessions.create(bank()).id)
    wait_until(lambda: shop.received)
    (event,) = shop.events(made.secret)
    assert (event.type, event.api_version) == (COMPLETED, version)


def test_each_endpoint_is_told(telling_sandbox: RunningSandbox, shop: Shop) -> None:
    client = client_of(telling_sandbox)
    client.v1.webhook_endpoints.create({"url": shop.url, "enabled_events": [COMPLETED]})
    telling_sandbox.control.pay(client.v1.checkout.sessions.create(bank(0)).id)
    wait_until(lambda: len(shop.received) == 2)
    (event,) = client.v1.events.list().data
    assert event.pending_webhooks == 0


def test_disabled_endpoint_is_not_told(telling_sandbox: RunningSandbox, shop: Shop) -> None:
    client = client_of(telling_sandbox)
    (endpoint,) = listed(telling_sandbox)
    changed = client.v1.webhook_endpoints.update(endpoint.id, {"disabled": True})
    assert changed.status == "disabled"
    telling_sandbox.control.pay(client.v1.checkout.sessions.create(bank(0)).id)
    assert telling_sandbox.control.deliveries() == []


def test_address_elsewhere_is_listed_and_never_called(own_sandbox: RunningSandbox) -> None:
    client = client_of(own_sandbox)
    client.v1.webhook_endpoints.create({"url": "https://shop.example/", "enabled_events": ["*"]})
    own_sandbox.control.pay(client.v1.checkout.sessions.create(bank(0)).id)
    assert [endpoint.url for endpoint in listed(own_sandbox)] == ["https://shop.example/"]
    assert own_sandbox.control.deliveries() == []


def test_deleted_endpoint_is_forgotten(telling_sandbox: RunningSandbox) -> None:
    client = client_of(telling_sandbox)
    telling_sandbox.control.pause_webhooks()
    telling_sandbox.control.pay(client.v1.checkout.sessions.create(bank(0)).id)
    (endpoint,) = listed(telling_sandbox)
    assert client.v1.webhook_endpoints.delete(endpoint.id).deleted is True
    assert (listed(telling_sandbox), telling_sandbox.control.deliveries()) == ([], [])
    with pytest.raises(stripe.InvalidRequestError, match="No such webhook endpoint"):
        client.v1.webhook_endpoints.delete(endpoint.id)


@pytest.mark.parametrize(
    ("changes", "param"),
    [({"url": "nowhere"}, "url"), ({"enabled_events": ["everything"]}, "enabled_events[0]")],
)
def test_wrong_endpoint_is_refused(
    client: stripe.StripeClient, changes: dict[str, object], param: str
) -> None:
    asked = {"url": "https://shop.example/", "enabled_events": ["*"], **changes}
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.webhook_endpoints.create(asked)  # type: ignore[arg-type] # wrong on purpose
    assert caught.value.param == param
