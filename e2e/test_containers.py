"""A site as an operator runs it: the services of compose.yaml behind nginx with TLS, in a network
whose proxy refuses Stripe.

The services run their own commands on PostgreSQL, and nginx runs the sample of `deploy/`. Only
ports, folders and the certificate are this machine's.
"""

import email
import email.policy
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e.fault_bench.mail_server import AcceptedMail, running_mail_server
from e2e.proxied_site import initial_dotenv, proxy_environment, running_network
from testing.browser import running_browser
from testing.containers import Containers
from testing.front_servers import HOST, TLSFrontServer, nginx_with_tls
from testing.learners import LOAD_DEMO_BANKS
from testing.parts import require
from testing.postgresql import running_postgresql
from testing.visitor import Visitor
from testing.waiting import wait_until

pytestmark = [
    pytest.mark.proof,
    pytest.mark.browser,
    pytest.mark.squid,
    pytest.mark.xdist_group("network"),
    pytest.mark.timeout(600),
]

BANK = "/banks/git-in-practice/"
SENTENCE = (
    "Unable to connect to payment service. Please check your internet connection and try again."
)


@dataclass
class Deployment:
    """The services, nginx in front of them, and the mail server that they use."""

    containers: Containers
    front: TLSFrontServer
    mail: AcceptedMail

    @contextmanager
    def up(self) -> Iterator[None]:
        """`docker compose up`: the upgrade ends first, then the others run side by side."""
        self.containers.run("upgrade")
        with ExitStack() as stack:
            for service in ("web", "worker", "backup"):
                stack.enter_context(self.containers.running(service))
            wait_until(lambda: self.curl("/readyz").startswith("HTTP/1.1 200"), 60)
            yield

    def curl(self, path: str) -> str:
        """Ask for a path as a program that trusts the authority; return head and body."""
        return self._curl(f"https://{HOST}{path}", f"{HOST}:443:127.0.0.1:{self.front.https_port}")

    def curl_without_tls(self, path: str) -> str:
        return self._curl(f"http://{HOST}{path}", f"{HOST}:80:127.0.0.1:{self.front.http_port}")

    def _curl(self, url: str, connect_to: str) -> str:
        command = ["curl", "-q", "-sS", "-i", "--noproxy", "*", "--connect-to", connect_to]
        done = subprocess.run(
            [*command, "--cacert", str(self.front.authority), url],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        return done.stdout or done.stderr

    def next_mail(self) -> str:
        """Wait for the next email that the worker sends, and return its text."""
        assert self.mail.wait_for_unread(60), self.containers.log("worker")
        parsed = email.message_from_bytes(self.mail.last, policy=email.policy.default)
        body = parsed.get_body(("plain",))
        assert body
        return str(body.get_content())


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    require("postgresql")
    require("curl")
    folder = tmp_path_factory.mktemp("srv") / "testbank"
    folder.mkdir()
    with ExitStack() as stack:
        sandbox, refusing_proxy, _allowing = stack.enter_context(running_network(folder.parent))
        mail, mail_port = stack.enter_context(running_mail_server())
        dotenv = {
            **initial_dotenv(sandbox),
            **proxy_environment(refusing_proxy),
            "SITE_URL": f"https://{HOST}",
            "BEHIND_TLS_PROXY": "1",
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(mail_port),
            "EMAIL_USE_TLS": "0",
        }
        database_url = stack.enter_context(running_postgresql())
        containers = Containers.built(folder, dotenv=dotenv, database_url=database_url)
        front = stack.enter_context(nginx_with_tls(backend=containers.port))
        yield Deployment(containers, front, mail)


@pytest.fixture(scope="module")
def browser(deployment: Deployment) -> Iterator[Browser]:
    with running_browser(*deployment.front.browser_arguments) as browser:
        yield browser


def test_purchase_behind_nginx_and_a_proxy_that_refuses_stripe(
    deployment: Deployment, page: Page
) -> None:
    visitor = Visitor(page=page, base_url=f"https://{HOST}")
    with deployment.up():
        deployment.containers.run("web", "shell", stdin=LOAD_DEMO_BANKS)
        visitor.open(f"/accounts/signup/?next={BANK}")
        visitor.sign_up("buyer@example.org", "practice-makes-perfect")
        visitor.enter_code_from(deployment.next_mail())
        expect(page).to_have_url(f"https://{HOST}{BANK}")
        visitor.click("Purchase")
        visitor.expect_text(SENTENCE)
    assert "cause=NET-PROXY-403" in deployment.containers.log("web")
    deployment.containers.dotenv["NO_PROXY"] = ".stripe.com"
    with deployment.up():
        visitor.open(BANK)
        visitor.click("Purchase")
        expect(page).to_have_url(re.compile(r"/c/pay/cs_"))
        visitor.pay()
        expect(page).to_have_url(re.compile(rf"https://{HOST}/payments/success/"))
        visitor.expect_text("Thank you")
        assert "Git in practice" in deployment.next_mail()
        visitor.open("/my-banks/")
        visitor.expect_text("Git in practice")


def test_nginx_redirects_to_https_and_marks_the_site_as_secure(deployment: Deployment) -> None:
    with deployment.up():
        moved = deployment.curl_without_tls(BANK)
        page = deployment.curl("/accounts/login/")
    assert moved.startswith("HTTP/1.1 301")
    assert f"Location: https://{HOST}{BANK}" in moved
    assert "Strict-Transport-Security: max-age=" in page
    assert re.search(r"Set-Cookie: \S*testbank_csrf=.*; Secure", page)


def test_backup_service_writes_a_backup_of_postgresql(deployment: Deployment) -> None:
    with deployment.up():
        wait_until(lambda: ".tar.gz" in deployment.containers.log("backup"), 60)
    written = re.findall(r"^(\S+\.tar\.gz) \(", deployment.containers.log("backup"), re.MULTILINE)
    checked = deployment.containers.run("backup", "restore", "--check", written[-1])
    assert "The backup is complete" in checked
