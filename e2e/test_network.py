"""The original report, replayed: a proxy that refuses Stripe, and every way past it.

Squid answers 403 to CONNECT api.stripe.com while the shell names it in every variable.
STRIPE_RESOLVE leads the name to a sandbox on loopback; squid's own rewriting does so
behind it. `api.stripe.com` stays the name in every decision.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Page, expect

from e2e.journey import Visitor
from e2e.office import KEY, dotenv_before, shell_that_names
from testing.people import signed_in_learners
from testing.proxies import RunningProxy, running_squid
from testing.sandbox import RunningSandbox, running_sandbox
from testing.site import DIRECT, Site, new_site

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
class Campus:
    """A shop behind a refusing proxy, with people who are signed in already."""

    site: Site
    sandbox: RunningSandbox
    refusing: RunningProxy
    admitting: RunningProxy
    sessions: list[str]
    taken: int = field(default=0)

    def next_learner(self, page: Page) -> str:
        """Sign somebody new in, in this browser; their address."""
        number, self.taken = self.taken, self.taken + 1
        page.context.add_cookies(
            [{"name": "testbank_session", "value": self.sessions[number], "url": self.site.url}]
        )
        return f"learner{number}@example.org"

    def statuses_of(self, learner: str) -> list[str]:
        """The states of this person's orders, the oldest first."""
        printed = self.site.manage("shell", stdin=ORDERS).stdout
        return re.findall(rf"order {re.escape(learner)} (\w+)", printed)


@pytest.fixture(scope="module")
def campus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Campus]:
    folder = tmp_path_factory.mktemp("campus")
    with (
        running_sandbox(folder, secret_keys=(KEY,)) as sandbox,
        running_squid("deny") as refusing,
        running_squid("credentials", leads_to=sandbox.tls_port) as admitting,
    ):
        site = new_site(folder, dotenv_before(sandbox), {})
        sessions = signed_in_learners(site, LEARNERS)
        yield Campus(site, sandbox, refusing, admitting, sessions)


@pytest.fixture
def behind_the_proxy(campus: Campus) -> Iterator[Campus]:
    """The report's shell, with the `.env` as it was; both are put back afterwards."""
    dotenv = dict(campus.site.dotenv)
    campus.site.process = shell_that_names(campus.refusing)
    campus.sandbox.control.forget_requests()
    yield campus
    campus.site.dotenv = dotenv
    campus.site.write_env()


@pytest.fixture
def visitor(page: Page, campus: Campus) -> Visitor:
    return Visitor(page=page, shop=campus.site.url)


def fail_to_buy(campus: Campus, visitor: Visitor) -> str:
    """Press Purchase with the server as it is, and meet the fault; the learner."""
    with campus.site.serving():
        learner = campus.next_learner(visitor.page)
        visitor.open("/banks/git-in-practice/")
        with visitor.page.expect_navigation() as navigation:
            visitor.press("Purchase")
        assert navigation.value.status == 503
        visitor.sees(SENTENCE)
        visitor.sees("You have not been charged.")
    return learner


def buy(campus: Campus, visitor: Visitor) -> None:
    """Press Purchase, pay on Stripe's page, and come back with access."""
    with campus.site.serving():
        visitor.open("/banks/git-in-practice/")
        visitor.press("Purchase")
        expect(visitor.page).to_have_url(re.compile(r"/c/pay/cs_"))
        visitor.pays()
        expect(visitor.page).to_have_url(re.compile(r"/payments/success/"))
        visitor.sees("Thank you")


def test_the_report_fails_with_its_cause_and_loses_no_order(
    behind_the_proxy: Campus, visitor: Visitor
) -> None:
    campus = behind_the_proxy
    learner = fail_to_buy(campus, visitor)
    code = visitor.page.locator(".alert__code code").inner_text()
    line = next(line for line in campus.site.log().splitlines() if f"incident={code}" in line)
    assert "cause=NET-PROXY-403 stage=tunnel acted=no" in line
    assert campus.statuses_of(learner) == ["pending"]
    assert campus.sandbox.control.count(CREATE) == 0
    page = visitor.page.content()
    for secret in ("127.0.0.1:" + str(campus.refusing.port), "proxy", "stripe.com:", "Traceback"):
        assert secret not in page


@pytest.mark.parametrize(
    ("dotenv", "process"),
    [
        pytest.param({"NO_PROXY": "api.stripe.com,*.stripe.com"}, {}, id="the line of the report"),
        pytest.param(
            {"NO_PROXY": "api.stripe.com,*.stripe.com"},
            {"no_proxy": "localhost"},
            id="the line of the report beside no_proxy in the shell",
        ),
        pytest.param({"NO_PROXY": "*.stripe.com"}, {}, id="the star alone"),
        pytest.param(
            {"NO_PROXY": "*.stripe.com"},
            {"no_proxy": "localhost"},
            id="the star alone beside no_proxy in the shell",
        ),
        pytest.param({"STRIPE_PROXY": "direct"}, {}, id="direct by configuration"),
        pytest.param({"STRIPE_PROXY": "CREDENTIALS"}, {}, id="a proxy with credentials"),
        pytest.param({}, {"NO VARIABLES": "1"}, id="no proxy at all"),
    ],
)
def test_each_way_through_goes_on_with_the_same_order(
    behind_the_proxy: Campus, visitor: Visitor, dotenv: dict[str, str], process: dict[str, str]
) -> None:
    campus = behind_the_proxy
    learner = fail_to_buy(campus, visitor)
    if "NO VARIABLES" in process:
        campus.site.process = {}
    else:
        campus.site.process |= process
    if dotenv.get("STRIPE_PROXY") == "CREDENTIALS":
        dotenv = {"STRIPE_PROXY": campus.admitting.url_with_credentials}
    campus.site.write_env(**dotenv)
    buy(campus, visitor)
    assert campus.statuses_of(learner) == ["paid"]
    assert campus.sandbox.control.count(CREATE) == 1


def test_the_line_that_the_doctor_prints_mends_it(
    behind_the_proxy: Campus, visitor: Visitor
) -> None:
    campus = behind_the_proxy
    learner = fail_to_buy(campus, visitor)
    told = campus.site.manage("doctor")
    assert told.returncode == 1, told.stdout + told.stderr
    assert "NET-PROXY-403" in told.stdout
    assert KEY not in told.stdout
    lines = told.stdout.splitlines()
    before = next(n for n, line in enumerate(lines) if line.startswith("Put this line into"))
    name, _equals, value = lines[before + 1].partition("=")
    campus.site.write_env(**{name: value})
    assert campus.site.manage("doctor").returncode == 0
    buy(campus, visitor)
    assert campus.statuses_of(learner) == ["paid"]


def test_from_the_shell_without_a_request(campus: Campus) -> None:
    campus.site.process = {}
    asked = """
from accounts.models import User
from catalog.models import TestBank
from payments.stripe_integration import create_checkout_session
user = User.objects.create_user("shell@example.org")
print("address", create_checkout_session(TestBank.objects.get(slug="git-in-practice"), user).url)
"""
    printed = campus.site.manage("shell", stdin=asked)
    found = re.search(r"address (\S+)", printed.stdout)
    assert found, printed.stderr
    with DIRECT.open(found.group(1), timeout=5) as page:
        assert b"Git in practice" in page.read()
