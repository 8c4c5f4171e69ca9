"""Sandboxes, a Stripe client and a webhook receiver."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import stripe

from sandbox.tests.factories import WebhookReceiver, client_for
from testing.sandbox import RunningSandbox, running_sandbox


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """A sandbox that all tests share. They must not inject faults or count objects."""
    with running_sandbox(tmp_path_factory.mktemp("sandbox"), tls=False) as running:
        yield running


@pytest.fixture(scope="session")
def sandbox_that_is_emptied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    with running_sandbox(tmp_path_factory.mktemp("emptied"), tls=False) as running:
        yield running


@pytest.fixture
def empty_sandbox(sandbox_that_is_emptied: RunningSandbox) -> RunningSandbox:
    """A sandbox without data, faults and keys. A test that advances its clock needs its own."""
    control = sandbox_that_is_emptied.control
    control.clear_faults()
    control.clear_fault_rates()
    control.forget_keys()
    control.delete_test_data()
    control.forget_requests()
    return sandbox_that_is_emptied


@pytest.fixture
def own_sandbox(tmp_path: Path) -> Iterator[RunningSandbox]:
    """A sandbox of this test's own."""
    with running_sandbox(tmp_path, tls=False) as running:
        yield running


@pytest.fixture
def client(sandbox: RunningSandbox) -> stripe.StripeClient:
    """A client of the shared sandbox."""
    return client_for(sandbox)


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    """A webhook endpoint."""
    listening = WebhookReceiver()
    thread = threading.Thread(target=listening.server.serve_forever, args=(0.02,))
    thread.start()
    yield listening
    listening.server.shutdown()
    thread.join()
    listening.server.server_close()


@pytest.fixture
def webhook_sandbox(tmp_path: Path, receiver: WebhookReceiver) -> Iterator[RunningSandbox]:
    """A sandbox of this test's own that delivers events to the receiver."""
    with running_sandbox(tmp_path, tls=False, webhook_url=receiver.url) as running:
        yield running
