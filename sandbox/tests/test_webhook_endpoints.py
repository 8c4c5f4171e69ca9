"""Webhook endpoints: create, list, update, delete, and which events each receives."""

from pathlib import Path
from typing import Literal

import pytest
import stripe

from sandbox.tests.factories import (
    WebhookReceiver,
    client_for,
    session_params,
)
from testing.sandbox import RunningSandbox, running_sandbox
from testing.waiting import wait_until

COMPLETED: Literal["checkout.session.completed"] = "checkout.session.completed"


def listed(running: RunningSandbox) -> list[stripe.WebhookEndpoint]:
    """Return the endpoints that the API lists."""
    return client_for(running).v1.webhook_endpoints.list().data


def test_default_endpoint_is_listed(
    webhook_sandbox: RunningSandbox, receiver: WebhookReceiver
) -> None:
    (endpoint,) = listed(webhook_sandbox)
    assert (endpoint.url, endpoint.status) == (receiver.url, "enabled")
    assert (endpoint.enabled_events, endpoint.api_version) == (["*"], stripe.api_version)
    assert "secret" not in endpoint
    found = client_for(webhook_sandbox).v1.webhook_endpoints.retrieve(endpoint.id)
    assert found.to_dict() == endpoint.to_dict()


def test_default_endpoint_without_a_url_is_not_listed(own_sandbox: RunningSandbox) -> None:
    assert listed(own_sandbox) == []
    own_sandbox.control.send_webhooks_to("http://127.0.0.1:9/hook")
    assert [endpoint.url for endpoint in listed(own_sandbox)] == ["http://127.0.0.1:9/hook"]


@pytest.mark.slow
def test_default_endpoint_keeps_its_id_after_a_restart(
    tmp_path: Path, receiver: WebhookReceiver
) -> None:
    with running_sandbox(tmp_path, tls=False, webhook_url="http://127.0.0.1:9/") as running:
        (first,) = listed(running)
    with running_sandbox(tmp_path, tls=False, webhook_url=receiver.url) as running:
        (second,) = listed(running)
    assert (first.id, second.url) == (second.id, receiver.url)


def test_endpoint_receives_its_enabled_events_in_its_version(
    own_sandbox: RunningSandbox, receiver: WebhookReceiver
) -> None:
    client = client_for(own_sandbox)
    version: Literal["2026-05-27.dahlia"] = "2026-05-27.dahlia"
    created = client.v1.webhook_endpoints.create(
        {"url": receiver.url, "enabled_events": [COMPLETED], "api_version": version}
    )
    assert created.secret is not None
    own_sandbox.control.pay(client.v1.checkout.sessions.create(session_params()).id)
    wait_until(lambda: receiver.received)
    (event,) = receiver.events(created.secret)
    assert (event.type, event.api_version) == (COMPLETED, version)


def test_every_endpoint_receives_the_event(
    webhook_sandbox: RunningSandbox, receiver: WebhookReceiver
) -> None:
    client = client_for(webhook_sandbox)
    client.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": [COMPLETED]})
    webhook_sandbox.control.pay(client.v1.checkout.sessions.create(session_params(0)).id)
    wait_until(lambda: len(receiver.received) == 2)
    (event,) = client.v1.events.list().data
    assert event.pending_webhooks == 0


def test_disabled_endpoint_receives_nothing(
    webhook_sandbox: RunningSandbox, receiver: WebhookReceiver
) -> None:
    client = client_for(webhook_sandbox)
    (endpoint,) = listed(webhook_sandbox)
    changed = client.v1.webhook_endpoints.update(endpoint.id, {"disabled": True})
    assert changed.status == "disabled"
    webhook_sandbox.control.pay(client.v1.checkout.sessions.create(session_params(0)).id)
    assert webhook_sandbox.control.deliveries() == []


def test_endpoint_on_another_machine_is_listed_and_never_called(
    own_sandbox: RunningSandbox,
) -> None:
    client = client_for(own_sandbox)
    client.v1.webhook_endpoints.create({"url": "https://shop.example/", "enabled_events": ["*"]})
    own_sandbox.control.pay(client.v1.checkout.sessions.create(session_params(0)).id)
    assert [endpoint.url for endpoint in listed(own_sandbox)] == ["https://shop.example/"]
    assert own_sandbox.control.deliveries() == []


def test_deleted_endpoint_loses_its_deliveries(webhook_sandbox: RunningSandbox) -> None:
    client = client_for(webhook_sandbox)
    webhook_sandbox.control.pause_webhooks()
    webhook_sandbox.control.pay(client.v1.checkout.sessions.create(session_params(0)).id)
    (endpoint,) = listed(webhook_sandbox)
    assert client.v1.webhook_endpoints.delete(endpoint.id).deleted is True
    assert (listed(webhook_sandbox), webhook_sandbox.control.deliveries()) == ([], [])
    with pytest.raises(stripe.InvalidRequestError, match="No such webhook endpoint"):
        client.v1.webhook_endpoints.delete(endpoint.id)


@pytest.mark.parametrize(
    ("changes", "param"),
    [({"url": "nowhere"}, "url"), ({"enabled_events": ["everything"]}, "enabled_events[0]")],
)
def test_invalid_endpoint_is_refused(
    client: stripe.StripeClient, changes: dict[str, object], param: str
) -> None:
    asked = {"url": "https://shop.example/", "enabled_events": ["*"], **changes}
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.webhook_endpoints.create(asked)  # type: ignore[arg-type] # wrong on purpose
    assert caught.value.param == param
