"""Run the Stripe sandbox for a test, as a program on free loopback ports."""

import http.client
import json
import os
import re
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).parent.parent
# As in testing/test.env.
SECRET_KEY = "sk_sandbox_tests"
PUBLIC_KEY = "pk_sandbox_tests"
WEBHOOK_SECRET = "whsec_tests"
READY_SECONDS = 60.0
READY = re.compile(r"at (http://[0-9.]+:[0-9]+)(?: and https://[0-9.]+:([0-9]+))?:")


@dataclass(frozen=True, slots=True)
class SandboxControl:
    """The sandbox's control address. Raises AssertionError where it refuses."""

    url: str

    def call(self, method: str, path: str, asked: dict[str, Any] | None = None) -> Any:
        """Return the response of `/_sandbox/PATH`."""
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
        body = None if asked is None else json.dumps(asked)
        try:
            headers = {"Content-Type": "application/json"}
            connection.request(method, f"/_sandbox/{path}", body, headers)
            response = connection.getresponse()
            answer = json.loads(response.read())
        finally:
            connection.close()
        assert response.status == 200, answer
        return answer

    def requests(self) -> list[dict[str, Any]]:
        """The requests that reached the API, oldest first: method, path, body, answer, …"""
        entries: list[dict[str, Any]] = self.call("GET", "requests")["requests"]
        return entries

    def count(self, operation: str) -> int:
        """How many requests there were, such as of `POST /v1/checkout/sessions`."""
        return int(self.call("GET", "requests")["counts"].get(operation, 0))

    def forget_requests(self) -> None:
        """Forget the recorded requests."""
        self.call("DELETE", "requests")

    def act(self, path: str, **asked: Any) -> dict[str, Any]:
        """Run an action of `sandbox/control/api.py`; return the object afterwards."""
        happened: dict[str, Any] = self.call("POST", path, asked)
        return happened

    def session(self, session: str) -> dict[str, Any]:
        """A session as it is now; not counted among the requests."""
        found: dict[str, Any] = self.call("GET", f"sessions/{session}")
        return found

    def pay(
        self, session: str, email: str = "learner@example.com", card: str = "pays"
    ) -> dict[str, Any]:
        """Pay a session without its page, with a card of `sandbox/payment_methods.py`."""
        return self.act(f"sessions/{session}/pay", email=email, card=card)

    def settle(self, session: str, *, comes: bool = True) -> dict[str, Any]:
        """Let a bank debit succeed or fail; return the session."""
        return self.act(f"sessions/{session}/settle", succeeds=comes)

    def refund(self, payment_intent: str, **asked: Any) -> dict[str, Any]:
        """Refund as Stripe's dashboard does: `amount`, `reason`; return the refund."""
        return self.act("refunds", payment_intent=payment_intent, **asked)

    def fail_refund(self, refund: str) -> dict[str, Any]:
        """Let a refund fail; return the refund."""
        return self.act(f"refunds/{refund}/fail")

    def dispute(self, payment_intent: str, **asked: Any) -> dict[str, Any]:
        """Dispute a payment: `reason`, `inquiry`; return the dispute."""
        return self.act("disputes", payment_intent=payment_intent, **asked)

    def close_dispute(self, dispute: str, outcome: str) -> dict[str, Any]:
        """Close a dispute as `won` or `lost`; return it."""
        return self.act(f"disputes/{dispute}/close", outcome=outcome)

    def decline(self, session: str, code: str = "generic_decline") -> dict[str, Any]:
        """Try to pay with a declined card; return the session."""
        answer: dict[str, Any] = self.call("POST", f"sessions/{session}/decline", {"code": code})
        return answer

    def expire(self, session: str) -> dict[str, Any]:
        """Expire an open session; return it."""
        answer: dict[str, Any] = self.call("POST", f"sessions/{session}/expire", {})
        return answer

    def fault(self, kind: str, **details: Any) -> None:
        """Inject a RequestFault of sandbox/faults/queue.py into the next requests."""
        self.call("POST", "faults", {"kind": kind, **details})

    def clear_faults(self) -> None:
        """Remove all faults."""
        self.call("DELETE", "faults")

    def delivery_fault(self, kind: str, **details: Any) -> None:
        """Inject a DeliveryFault of sandbox/faults/queue.py into the next deliveries."""
        self.call("POST", "delivery_faults", {"kind": kind, **details})

    def set_fault_rates(self, **rates: Any) -> None:
        """Inject faults at random: the FaultRates of sandbox/faults/rates.py."""
        self.call("POST", "fault_rates", rates)

    def clear_fault_rates(self) -> dict[str, int]:
        """Stop injecting faults at random; return how often each was injected."""
        injected: dict[str, int] = self.call("GET", "fault_rates")["injected"]
        self.call("DELETE", "fault_rates")
        return injected

    def forget_keys(self) -> None:
        """Forget all idempotency keys, as Stripe does after a day."""
        self.call("DELETE", "idempotency_keys")

    def delete_test_data(self) -> None:
        """Delete all sessions, payments, and events."""
        self.call("DELETE", "test_data")

    def send_webhooks_to(self, url: str | None) -> None:
        """Deliver future events to another URL, or to none."""
        self.call("POST", "webhooks", {"url": url})

    def pause_webhooks(self) -> None:
        """Deliver no events."""
        self.call("POST", "webhooks", {"paused": True})

    def resume_webhooks(self) -> None:
        """Deliver the pending events."""
        self.call("POST", "webhooks", {"paused": False})

    def deliveries(self) -> list[dict[str, Any]]:
        """Return the latest deliveries of events, oldest first."""
        deliveries: list[dict[str, Any]] = self.call("GET", "webhooks")["deliveries"]
        return deliveries

    def pending_deliveries(self) -> int:
        """Return how many deliveries of events are still pending."""
        return int(self.call("GET", "webhooks")["pending"])

    def advance_clock(self, seconds: float) -> None:
        """Move the sandbox's time of day forward."""
        self.call("POST", "clock", {"advance_seconds": seconds})


@dataclass(frozen=True, slots=True)
class RunningSandbox:
    """A running sandbox. `url` is its HTTP address, for the API and the payment page.

    `tls_port` (0 without TLS) serves Stripe's names with a certificate that the authority
    in `ca_path` signed. `log` is its output.
    """

    process: subprocess.Popen[str]
    url: str
    tls_port: int
    ca_path: Path
    log: Path
    secret_key: str = SECRET_KEY
    public_key: str = PUBLIC_KEY
    webhook_secret: str = WEBHOOK_SECRET

    @property
    def control(self) -> SandboxControl:
        """The control API."""
        return SandboxControl(self.url)

    @property
    def site_settings(self) -> dict[str, str]:
        """The lines of a site's `.env` that make it use this sandbox as Stripe."""
        return {
            "STRIPE_PUBLIC_KEY": self.public_key,
            "STRIPE_SECRET_KEY": self.secret_key,
            "STRIPE_WEBHOOK_SECRET": self.webhook_secret,
            "STRIPE_API_BASE": self.url,
            "CHECKOUT_ORIGIN": self.url,
        }

    @property
    def port(self) -> int:
        """The port of the plain address."""
        return urlsplit(self.url).port or 0


@contextmanager
def running_sandbox(
    directory: Path,
    *,
    webhook_url: str | None = None,
    tls: bool = True,
    port: int = 0,
    secret_keys: tuple[str, ...] = (SECRET_KEY,),
    webhook_backoff_seconds: float = 0.1,
    public_url: str | None = None,
    arguments: tuple[str, ...] = (),
) -> Iterator[RunningSandbox]:
    """Start a sandbox with its state in `directory`; end it with the block.

    Its state survives a restart in the same directory. `secret_key` is the first key.
    """
    ca_directory = directory / "sandbox-ca"
    command = [sys.executable, "-m", "sandbox", "--verbose", f"--port={port}"]
    command += [f"--state={directory / 'sandbox.sqlite3'}", f"--webhook-secret={WEBHOOK_SECRET}"]
    command += [f"--secret-key={key}" for key in secret_keys]
    command += [f"--webhook-backoff={webhook_backoff_seconds}"]
    command += [f"--webhook-url={webhook_url}"] if webhook_url else []
    command += [f"--public-url={public_url}"] if public_url else []
    command += ["--tls-port=0", f"--ca-directory={ca_directory}"] if tls else []
    log = directory / "sandbox.log"
    with started([*command, *arguments], log) as process:
        url, tls_port = ready_address(process, log)
        yield RunningSandbox(
            process=process,
            url=url,
            tls_port=tls_port,
            ca_path=ca_directory / "ca.pem",
            log=log,
            secret_key=secret_keys[0],
        )


@contextmanager
def started(command: list[str], log: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a program with a clean environment; terminate it with the block."""
    environment = {"PATH": os.defpath, "PYTHONUTF8": "1"}
    with log.open("a") as errors:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=5)
        finally:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()


def ready_address(process: subprocess.Popen[str], log: Path) -> tuple[str, int]:
    """Return the HTTP address and the TLS port from the program's first line."""
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], READY_SECONDS)
    line = process.stdout.readline() if readable else ""
    match = READY.search(line)
    assert match, f"the sandbox did not start: {line}{log.read_text()}"
    return match[1], int(match[2]) if match[2] else 0
