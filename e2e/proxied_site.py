"""A site installed by an operator, behind a proxy that refuses Stripe.

The project is copied into a folder of its own with its own `.env`, so that the recipes of
docs/network.md run as they are written; only addresses and paths of the examples are replaced.
`api.stripe.com` remains the host name in every decision: STRIPE_RESOLVE maps it to a sandbox on
loopback, and so does squid's URL rewriting behind a proxy.
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
from testing.learners import load_demo_banks, signed_in_learners
from testing.proxies import RunningProxy, running_squid
from testing.sandbox import RunningSandbox, running_sandbox
from testing.site import kill_group, new_site
from testing.site_client import SiteClient, SiteResponse
from testing.waiting import wait_until

SECRET_KEY = "sk_test_51NetworkTestsNetworkTests"
PUBLIC_KEY = "pk_test_51NetworkTestsNetworkTests"
BANK = "git-in-practice"
LEARNERS = 16
# The environment of cron, of a systemd unit, and of a shell without a profile.
BARE = {"PATH": f"/srv/testbank/.venv/bin:{os.defpath}"}
PURCHASE = f"""
import uuid
from accounts.models import User
from catalog.models import TestBank
from payments.monitoring.incidents import diagnosis_of
from payments.stripe_integration import StripeError, create_checkout_session
buyer = User.objects.create_user(f"{{uuid.uuid4()}}@example.org")
try:
    print("outcome session", create_checkout_session(TestBank.objects.get(slug="{BANK}"), buyer).id)
except StripeError as error:
    print("outcome", diagnosis_of(error).id)
"""
STRIPE_PYTHON_ALONE = """
import socket
import stripe
getaddrinfo = socket.getaddrinfo
def resolve(host, port, *rest, **options):
    if host == "api.stripe.com":
        host, port = "127.0.0.1", {tls_port}
    return getaddrinfo(host, port, *rest, **options)
socket.getaddrinfo = resolve
stripe.api_key, stripe.max_network_retries, stripe.enable_telemetry = "{key}", 0, False
if stripe.ca_bundle_path.startswith(stripe.__path__[0]):
    stripe.ca_bundle_path = "{ca_path}"
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
ERROR_CLASS = re.compile(r"^(\w+Error)\b", re.MULTILINE)


@dataclass
class ProxiedSite:
    """The site, its proxies, and what replaces the manual's examples."""

    folder: Path
    sandbox: RunningSandbox
    refusing_proxy: RunningProxy
    allowing_proxy: RunningProxy
    dotenv: dict[str, str]
    sessions: list[str]
    sessions_used: int = field(default=0)

    def reported_environment(self) -> dict[str, str]:
        """Return the proxy variables of the original report."""
        return proxy_environment(self.refusing_proxy)

    def localized(
        self, text: str, *, proxy: str | None = None, ca_bundle: Path | None = None
    ) -> str:
        """Replace the addresses and paths of the manual's examples with those of this site."""
        proxy = proxy or self.refusing_proxy.url
        text = re.sub(r"(proxy\.example|127\.0\.0\.1):(3128|1080)", proxy.rpartition("/")[2], text)
        text = text.replace("/etc/testbank/company-ca.pem", str(ca_bundle or "/nowhere.pem"))
        return text.replace("/srv/testbank", str(self.folder))

    @contextmanager
    def env_file_with(self, lines: str = "") -> Iterator[None]:
        """Append these lines to `.env` inside the block."""
        path = self.folder / ".env"
        own = "".join(f"{name}={value}\n" for name, value in self.dotenv.items())
        path.write_text(f"{own}{lines}", encoding="utf-8")
        try:
            yield
        finally:
            path.write_text(own, encoding="utf-8")

    def run(
        self, *command: str, variables: Mapping[str, str], stdin: str = ""
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command in the site's folder, with these variables and no others."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self._environment(variables),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def outcome(self, script: str, variables: Mapping[str, str], *, stdin: str) -> str:
        """Run Python from a bash script; return `session`, a cause id, or an error's class."""
        done = self.run("bash", "-c", script, variables=variables, stdin=stdin)
        found = re.search(r"^outcome (\S+)", done.stdout, re.MULTILINE)
        errors = ERROR_CLASS.findall(done.stderr)
        assert found or errors, done.stdout + done.stderr
        return found.group(1) if found else errors[-1]

    def purchase(self, variables: Mapping[str, str], *, code: str = "", shell: str = "") -> str:
        """Purchase after these lines of shell and of Python, and return the outcome."""
        script = f"{shell}\npython manage.py shell"
        return self.outcome(script, variables, stdin=f"{code}\n{PURCHASE}")

    def purchase_with_stripe_python(
        self, variables: Mapping[str, str], *, code: str = "", shell: str = ""
    ) -> str:
        """Do the same with stripe-python alone, without the site."""
        purchase = STRIPE_PYTHON_ALONE.format(
            key=SECRET_KEY, tls_port=self.sandbox.tls_port, ca_path=self.sandbox.ca_path
        )
        return self.outcome(f"{shell}\npython -", variables, stdin=f"{code}\n{purchase}")

    def purchase_in_web_server(
        self, script: str, port: int, variables: Mapping[str, str]
    ) -> SiteResponse:
        """Start the web server with a bash script, and click Purchase as another learner."""
        log = self.folder / "web.log"
        with log.open("w") as output:
            server = subprocess.Popen(
                ["bash", "-c", script],
                cwd=self.folder,
                env=self._environment(variables),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        url, number = f"http://127.0.0.1:{port}", self.sessions_used
        self.sessions_used += 1
        try:
            wait_until(lambda: _responds(url) or server.poll() is not None, seconds=30)
            assert server.poll() is None, log.read_text()
            return SiteClient(url, self.sessions[number]).purchase(BANK)
        finally:
            kill_group(server)

    def _environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        bare = {name: self.localized(value) for name, value in BARE.items()}
        return {"HOME": str(self.folder), **bare, **variables}


def proxy_environment(proxy: RunningProxy) -> dict[str, str]:
    """Return the proxy variables that the shell of the original report exported."""
    return dict.fromkeys(("HTTPS_PROXY", "https_proxy", "ALL_PROXY"), proxy.url)


def initial_dotenv(sandbox: RunningSandbox) -> dict[str, str]:
    """Return a `.env` without any proxy setting, with this sandbox as Stripe."""
    return {
        "STRIPE_PUBLIC_KEY": PUBLIC_KEY,
        "STRIPE_SECRET_KEY": SECRET_KEY,
        "STRIPE_RESOLVE": f"api.stripe.com:443:127.0.0.1:{sandbox.tls_port}",
        "STRIPE_CA_BUNDLE": str(sandbox.ca_path),
        "CHECKOUT_ORIGIN": sandbox.url,
    }


def _responds(url: str) -> bool:
    try:
        return SiteClient(url, timeout_seconds=5).get("/").status == 200
    except OSError:
        return False


Network = tuple[RunningSandbox, RunningProxy, RunningProxy]


@contextmanager
def running_network(folder: Path) -> Iterator[Network]:
    """Run a sandbox, a proxy that refuses Stripe, and a proxy that allows it with credentials."""
    with (
        running_sandbox(folder, secret_keys=(SECRET_KEY,)) as sandbox,
        running_squid("deny") as refusing_proxy,
        running_squid("credentials", leads_to=sandbox.tls_port) as allowing_proxy,
    ):
        yield sandbox, refusing_proxy, allowing_proxy


@contextmanager
def running_proxied_site(folder: Path) -> Iterator[ProxiedSite]:
    """A site with the demo's banks and learners who are signed in."""
    copy_project(folder)
    (folder / ".venv").symlink_to(sys.prefix)
    with running_network(folder) as (sandbox, refusing_proxy, allowing_proxy):
        # The copy uses the same `.env` and database as this site.
        site = new_site(folder, initial_dotenv(sandbox), {})
        load_demo_banks(site)
        sessions = signed_in_learners(site, LEARNERS)
        yield ProxiedSite(folder, sandbox, refusing_proxy, allowing_proxy, site.dotenv, sessions)
