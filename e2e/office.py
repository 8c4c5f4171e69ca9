"""A shop as an operator installs it, in a network whose proxy refuses Stripe.

The project stands in a folder of its own with a `.env` of its own, so that the lines of the
manual can be run as they are written: only addresses and folders are put in the place of
its examples. `api.stripe.com` is the name in every decision; STRIPE_RESOLVE leads it to a
sandbox on loopback, and squid's own rewriting does so behind it.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from testing.demo import copy_project
from testing.people import signed_in_learners
from testing.proxies import RunningProxy, running_squid
from testing.sandbox import RunningSandbox, running_sandbox
from testing.shopper import Reply, Shopper
from testing.site import kill_group, new_site
from testing.waiting import wait_until

KEY = "sk_test_51NetworkTestsNetworkTests"
PUBLIC_KEY = "pk_test_51NetworkTestsNetworkTests"
BANK = "git-in-practice"
LEARNERS = 16
# What a shell without anybody's settings gives, and cron, and a unit of systemd.
BARE = {"PATH": f"/srv/testbank/.venv/bin:{os.defpath}"}
ASK = f"""
import uuid
from accounts.models import User
from catalog.models import TestBank
from payments.incidents import diagnosis_of
from payments.stripe_integration import StripeError, create_checkout_session
buyer = User.objects.create_user(f"{{uuid.uuid4()}}@example.org")
try:
    print("outcome session", create_checkout_session(TestBank.objects.get(slug="{BANK}"), buyer).id)
except StripeError as error:
    print("outcome", diagnosis_of(error).id)
"""
ALONE = """
import socket
import stripe
look_up = socket.getaddrinfo
def led(host, port, *rest, **options):
    if host == "api.stripe.com":
        host, port = "127.0.0.1", {tls_port}
    return look_up(host, port, *rest, **options)
socket.getaddrinfo = led
stripe.api_key, stripe.max_network_retries, stripe.enable_telemetry = "{key}", 0, False
if stripe.ca_bundle_path.startswith(stripe.__path__[0]):
    stripe.ca_bundle_path = "{authority}"
try:
    session = stripe.checkout.Session.create(
        mode="payment",
        success_url="http://127.0.0.1/",
        line_items=[{{
            "quantity": 1,
            "price_data": {{
                "currency": "usd", "unit_amount": 1900, "product_data": {{"name": "A bank"}}
            }},
        }}],
    )
    print("outcome session", session.id)
except stripe.APIConnectionError as error:
    text = str(error)
    causes = {{"Tunnel connection failed: 403": "NET-PROXY-403",
              "CERTIFICATE_VERIFY_FAILED": "NET-TLS-UNTRUSTED"}}
    print("outcome", next((cause for sign, cause in causes.items() if sign in text), text))
"""
SESSION = "session"
FAULT = re.compile(r"^(\w+Error)\b", re.MULTILINE)


@dataclass
class Office:
    """The shop, its network, and what stands for the manual's examples."""

    folder: Path
    sandbox: RunningSandbox
    refusing: RunningProxy
    admitting: RunningProxy
    dotenv: dict[str, str]
    sessions: list[str]
    taken: int = field(default=0)

    def shell_of_the_report(self) -> dict[str, str]:
        """What the report's shell exported."""
        return shell_that_names(self.refusing)

    def placed(self, text: str, *, proxy: str | None = None, authority: Path | None = None) -> str:
        """A text of the manual with this network's addresses and folders in it."""
        proxy = proxy or self.refusing.url
        text = re.sub(r"(proxy\.example|127\.0\.0\.1):(3128|1080)", proxy.rpartition("/")[2], text)
        text = text.replace("/etc/testbank/company-ca.pem", str(authority or "/nowhere.pem"))
        return text.replace("/srv/testbank", str(self.folder))

    @contextmanager
    def lines_in_env(self, text: str = "") -> Iterator[None]:
        """The shop's `.env` with these lines behind its own; taken out afterwards."""
        path = self.folder / ".env"
        own = "".join(f"{name}={value}\n" for name, value in self.dotenv.items())
        path.write_text(f"{own}{text}", encoding="utf-8")
        try:
            yield
        finally:
            path.write_text(own, encoding="utf-8")

    def run(
        self, *command: str, variables: Mapping[str, str], stdin: str = ""
    ) -> "subprocess.CompletedProcess[str]":
        """Run a program in the shop's folder; it sees these variables and nothing else."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env={"HOME": str(self.folder), **self._bare(), **variables},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )

    def outcome(self, script: str, variables: Mapping[str, str], *, stdin: str) -> str:
        """What `python …` in a script of bash comes to: `session`, a cause, or a fault's class."""
        done = self.run("bash", "-c", script, variables=variables, stdin=stdin)
        found = re.search(r"^outcome (\S+)", done.stdout, re.MULTILINE)
        faults = FAULT.findall(done.stderr)
        assert found or faults, done.stdout + done.stderr
        return found.group(1) if found else faults[-1]

    def ask(self, variables: Mapping[str, str], *, code: str = "", shell: str = "") -> str:
        """What a purchase in this shop comes to, after lines of a shell and of Python."""
        return self.outcome(f"{shell}\npython manage.py shell", variables, stdin=f"{code}\n{ASK}")

    def ask_stripe_python(
        self, variables: Mapping[str, str], *, code: str = "", shell: str = ""
    ) -> str:
        """The same with stripe-python alone."""
        ask = ALONE.format(key=KEY, tls_port=self.sandbox.tls_port, authority=self.sandbox.ca_path)
        return self.outcome(f"{shell}\npython -", variables, stdin=f"{code}\n{ask}")

    def press_purchase(self, script: str, port: int, variables: Mapping[str, str]) -> Reply:
        """Start the web server by a script of bash, and press Purchase in it as somebody new."""
        log = self.folder / "web.log"
        with log.open("w") as output:
            server = subprocess.Popen(
                ["bash", "-c", script],
                cwd=self.folder,
                env={"HOME": str(self.folder), **self._bare(), **variables},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        url, number, self.taken = f"http://127.0.0.1:{port}", self.taken, self.taken + 1
        try:
            wait_until(lambda: _answers(url) or server.poll() is not None, seconds=30)
            assert server.poll() is None, log.read_text()
            return Shopper(url, self.sessions[number]).purchase(BANK)
        finally:
            kill_group(server)

    def _bare(self) -> dict[str, str]:
        return {name: self.placed(value) for name, value in BARE.items()}


def shell_that_names(proxy: RunningProxy) -> dict[str, str]:
    """What the shell of the original report exported."""
    return dict.fromkeys(("HTTPS_PROXY", "https_proxy", "ALL_PROXY"), proxy.url)


def dotenv_before(sandbox: RunningSandbox) -> dict[str, str]:
    """A shop's `.env` before anything is mended, with this sandbox in Stripe's place."""
    return {
        "STRIPE_PUBLIC_KEY": PUBLIC_KEY,
        "STRIPE_SECRET_KEY": KEY,
        "STRIPE_RESOLVE": f"api.stripe.com:443:127.0.0.1:{sandbox.tls_port}",
        "STRIPE_CA_BUNDLE": str(sandbox.ca_path),
        "CHECKOUT_ORIGIN": sandbox.url,
    }


def _answers(url: str) -> bool:
    try:
        return Shopper(url, timeout_seconds=5).get("/").status == 200
    except OSError:
        return False


@contextmanager
def running_office(folder: Path) -> Iterator[Office]:
    """A shop with the demo's banks and people who are signed in."""
    copy_project(folder)
    (folder / ".venv").symlink_to(sys.prefix)
    with (
        running_sandbox(folder, secret_keys=(KEY,)) as sandbox,
        running_squid("deny") as refusing,
        running_squid("credentials", leads_to=sandbox.tls_port) as admitting,
    ):
        # Migrated and filled from here; its `.env` and its database serve the copy too.
        site = new_site(folder, dotenv_before(sandbox), {})
        yield Office(
            folder, sandbox, refusing, admitting, site.dotenv, signed_in_learners(site, LEARNERS)
        )
