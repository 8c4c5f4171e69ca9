"""The original report: a proxy that refuses Stripe, and every setting that fixes it.

Squid responds 403 to CONNECT api.stripe.com, and the shell names it in every proxy variable.
STRIPE_RESOLVE maps the host name to a sandbox on loopback, and so does squid's URL rewriting
behind a proxy. `api.stripe.com` remains the host name in every decision.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Page, expect

from e2e.proxied_site import SECRET_KEY, initial_dotenv, proxy_environment, running_network
from testing.learners import load_demo_banks, signed_in_learners
from testing.proxies import RunningProxy
from testing.sandbox import RunningSandbox
from testing.site import DIRECT, Site, new_site
from testing.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.squid, pytest.mark.xdist_group("network")]

CREATE = "POST /v1/checkout/sessions"
SENTENCE = (
    "Unable to connect to payment service. Please check your internet connection and try again."
)
LEARNERS = 9
ORDERS = """
from payments.models import Order
for order in Order.objects.order_by("created_at"):
    print("order", order.user.email, order.status)
"""


@dataclass
class SiteBehindProxy:
    """A site behind a refusing proxy, with learners who are signed in."""

    site: Site
    sandbox: RunningSandbox
    refusing_proxy: RunningProxy
    allowing_proxy: RunningProxy
    sessions: list[str]
    sessions_used: int = field(default=0)

    def next_learner(self, page: Page) -> str:
        """Sign another learner in, in this browser, and return their email."""
        number = self.sessions_used
        self.sessions_used += 1
        page.context.add_cookies(
            [{"name": "testbank_session", "value": self.sessions[number], "url": self.site.url}]
        )
        return f"learner{number}@example.org"

    def statuses_of(self, learner: str) -> list[str]:
        """Return the statuses of the learner's orders, oldest first."""
        printed = self.site.manage("shell", stdin=ORDERS).stdout
        return re.findall(rf"order {re.escape(learner)} (\w+)", printed)


@pytest.fixture(scope="module")
def site_behind_proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteBehindProxy]:
    folder = tmp_path_factory.mktemp("site")
    with running_network(folder) as (sandbox, refusing_proxy, allowing_proxy):
        site = new_site(folder, initial_dotenv(sandbox), {})
        load_demo_banks(site)
        sessions = signed_in_learners(site, LEARNERS)
        yield SiteBehindProxy(site, sandbox, refusing_proxy, allowing_proxy, sessions)


@pytest.fixture
def reported_site(site_behind_proxy: SiteBehindProxy) -> Iterator[SiteBehindProxy]:
    """The same site with the environment of the report. Its `.env` is restored afterwards."""
    site = site_behind_proxy.site
    dotenv = dict(site.dotenv)
    site.process = proxy_environment(site_behind_proxy.refusing_proxy)
    site_behind_proxy.sandbox.control.forget_requests()
    yield site_behind_proxy
    site.dotenv = dotenv
    site.write_env()


@pytest.fixture
def visitor(page: Page, site_behind_proxy: SiteBehindProxy) -> Visitor:
    return Visitor(page=page, base_url=site_behind_proxy.site.url)


def fail_to_buy(reported_site: SiteBehindProxy, visitor: Visitor) -> str:
    """Click Purchase, get the error page, and return the learner."""
    with reported_site.site.serving():
        learner = reported_site.next_learner(visitor.page)
        visitor.open("/banks/git-in-practice/")
        with visitor.page.expect_navigation() as navigation:
            visitor.click("Purchase")
        assert navigation.value.status == 503
        visitor.expect_text(SENTENCE)
        visitor.expect_text("You have not been charged.")
    return learner


def buy(reported_site: SiteBehindProxy, visitor: Visitor) -> None:
    """Click Purchase, pay on Stripe's page, and return with access."""
    with reported_site.site.serving():
        visitor.open("/banks/git-in-practice/")
        visitor.click("Purchase")
        expect(visitor.page).to_have_url(re.compile(r"/c/pay/cs_"))
        visitor.pay()
        expect(visitor.page).to_have_url(re.compile(r"/payments/success/"))
        visitor.expect_text("Thank you")


@pytest.mark.proof
def test_failure_names_its_cause_and_keeps_the_order(
    reported_site: SiteBehindProxy, visitor: Visitor
) -> None:
    learner = fail_to_buy(reported_site, visitor)
    code = visitor.page.locator(".alert__code code").inner_text()
    line = next(
        line for line in reported_site.site.log().splitlines() if f"incident={code}" in line
    )
    assert "cause=NET-PROXY-403 stage=tunnel acted=no" in line
    assert reported_site.statuses_of(learner) == ["pending"]
    assert reported_site.sandbox.control.count(CREATE) == 0
    page = visitor.page.content()
    for secret in (
        "127.0.0.1:" + str(reported_site.refusing_proxy.port),
        "proxy",
        "stripe.com:",
        "Traceback",
    ):
        assert secret not in page


@pytest.mark.parametrize(
    ("dotenv", "process"),
    [
        pytest.param({"NO_PROXY": "api.stripe.com,*.stripe.com"}, {}, id="reported line"),
        pytest.param(
            {"NO_PROXY": "api.stripe.com,*.stripe.com"},
            {"no_proxy": "localhost"},
            id="reported line with no_proxy in the shell",
            marks=pytest.mark.proof,
        ),
        pytest.param({"NO_PROXY": "*.stripe.com"}, {}, id="wildcard only", marks=pytest.mark.proof),
        pytest.param(
            {"NO_PROXY": "*.stripe.com"},
            {"no_proxy": "localhost"},
            id="wildcard only with no_proxy in the shell",
            marks=pytest.mark.proof,
        ),
        pytest.param(
            {"STRIPE_PROXY": "direct"}, {}, id="STRIPE_PROXY=direct", marks=pytest.mark.proof
        ),
        pytest.param(
            {"STRIPE_PROXY": "CREDENTIALS"},
            {},
            id="proxy with credentials",
            marks=pytest.mark.proof,
        ),
        pytest.param({}, {"NO VARIABLES": "1"}, id="no proxy", marks=pytest.mark.proof),
    ],
)
def test_every_fix_continues_with_the_same_order(
    reported_site: SiteBehindProxy,
    visitor: Visitor,
    dotenv: dict[str, str],
    process: dict[str, str],
) -> None:
    learner = fail_to_buy(reported_site, visitor)
    if "NO VARIABLES" in process:
        reported_site.site.process = {}
    else:
        reported_site.site.process |= process
    if dotenv.get("STRIPE_PROXY") == "CREDENTIALS":
        dotenv = {"STRIPE_PROXY": reported_site.allowing_proxy.url_with_credentials}
    reported_site.site.write_env(**dotenv)
    buy(reported_site, visitor)
    assert reported_site.statuses_of(learner) == ["paid"]
    assert reported_site.sandbox.control.count(CREATE) == 1


@pytest.mark.proof
def test_line_printed_by_the_doctor_fixes_it(
    reported_site: SiteBehindProxy, visitor: Visitor
) -> None:
    learner = fail_to_buy(reported_site, visitor)
    told = reported_site.site.manage("doctor")
    assert told.returncode == 1, told.stdout + told.stderr
    assert "NET-PROXY-403" in told.stdout
    assert SECRET_KEY not in told.stdout
    lines = told.stdout.splitlines()
    before = next(n for n, line in enumerate(lines) if line.startswith("Add this line to"))
    name, _equals, value = lines[before + 1].partition("=")
    reported_site.site.write_env(**{name: value})
    assert reported_site.site.manage("doctor").returncode == 0
    buy(reported_site, visitor)
    assert reported_site.statuses_of(learner) == ["paid"]


def test_purchase_from_the_shell_without_a_request(site_behind_proxy: SiteBehindProxy) -> None:
    site_behind_proxy.site.process = {}
    script = """
from accounts.models import User
from catalog.models import TestBank
from payments.stripe_integration import create_checkout_session
user = User.objects.create_user("shell@example.org")
print("url", create_checkout_session(TestBank.objects.get(slug="git-in-practice"), user).url)
"""
    printed = site_behind_proxy.site.manage("shell", stdin=script)
    found = re.search(r"url (\S+)", printed.stdout)
    assert found, printed.stderr
    with DIRECT.open(found.group(1), timeout=5) as page:
        assert b"Git in practice" in page.read()
