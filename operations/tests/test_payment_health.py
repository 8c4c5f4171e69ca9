"""The page "Payment health": permissions, figures, and its background network check."""
# ruff: noqa: F811 - fixtures are imported from other test modules

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone

from accounts.templatetags.accounts_tags import breakable
from backoffice.groups import OPERATORS, SELLERS
from backoffice.tests.test_site import make_order, office, superuser  # noqa: F401
from catalog.models import Access
from operations.doctor import background
from operations.doctor.background import last_network_check, start_network_check
from operations.payment_health import ROWS
from operations.tests.doctor.test_runner import KEY, PUBLIC_KEY, WEBHOOK_SECRET, sandbox, shop  # noqa: F401 - fixtures
from payments.models import Incident, Order, StripeEvent
from payments.stripe import outage
from payments.tests.conftest import order  # noqa: F401 - a fixture
from payments.tests.stripe_events import event_of
from testing.proxies import refusing_port, running_squid
from testing.staff_sessions import sign_in_staff
from testing.waiting import wait_until

pytestmark = [pytest.mark.django_db, pytest.mark.pages]

PAGE = "/admin/payment-health/"
START = "/admin/payment-health/look/"
QUERIES = 30


@pytest.fixture(autouse=True)
def run_dir(settings, tmp_path):
    settings.RUN_DIR = tmp_path / "run"
    return settings.RUN_DIR


@pytest.fixture
def operator(seller):
    seller.groups.add(Group.objects.get(name=OPERATORS))
    return seller


def wait_for_network_check():
    def is_done():
        check = last_network_check()
        return check is not None and check.finished_at is not None

    wait_until(is_done, seconds=30)
    return last_network_check()


@pytest.mark.parametrize("url", [PAGE, START])
def test_anonymous_signs_in_and_learner_gets_404(client, learner, url):
    assert client.get(url).headers["Location"].startswith("/accounts/login/?next=")
    client.force_login(learner)
    assert client.get(url).status_code == 404
    assert client.post(url).status_code == 404
    assert last_network_check() is None


def test_staff_without_second_factor_is_redirected(client, operator):
    client.force_login(operator)
    assert client.get(PAGE).status_code == 302


def test_seller_gets_403(client, seller):
    seller.groups.add(Group.objects.get(name=SELLERS))
    sign_in_staff(client, seller)
    assert client.get(PAGE).status_code == 403
    assert client.post(START).status_code == 403
    assert last_network_check() is None
    assert PAGE not in client.get("/admin/").text


def test_menu_links_operator_to_page(client, operator):
    sign_in_staff(client, operator)
    assert f'href="{PAGE}"' in client.get("/admin/").text
    assert client.get(PAGE).status_code == 200


def test_start_requires_post_and_csrf_token(client, operator):
    sign_in_staff(client, operator)
    assert client.get(START).status_code == 405
    assert client.post(PAGE).status_code == 405
    client.handler.enforce_csrf_checks = True
    assert client.post(START).status_code == 403
    assert last_network_check() is None


def test_page_makes_no_network_call(office, shop, sandbox):
    page = office.get(PAGE)
    assert sandbox.control.requests() == []
    assert "Not checked yet" in page.text
    assert "api.stripe.com:443 directly (no proxy set)" in page.text


def test_network_check_succeeds(office, shop, sandbox):
    outage.record_outage("NET-REFUSED")
    assert office.post(START).headers["Location"] == PAGE
    assert wait_for_network_check().ok
    page = office.get(PAGE).text
    assert "Payments are working" in page
    assert "http-equiv" not in page
    assert "is accepted" in page
    assert {entry["method"] for entry in sandbox.control.requests()} == {"GET"}
    assert not outage.outage_is_known()


@pytest.mark.squid
def test_network_check_shows_cause_and_fix(office, shop, monkeypatch):
    with running_squid("deny") as squid:
        monkeypatch.setenv("HTTPS_PROXY", squid.url.replace("//", "//user:hunter2@"))
        office.post(START)
        wait_for_network_check()
        page = office.get(PAGE).text
    assert "Payments are not working" in page
    assert "NET-PROXY-403" in page
    assert '<pre class="bo-pre bo-line" dir="ltr">NO_PROXY=.stripe.com</pre>' in page
    for secret in ("hunter2", KEY, "whsec_Doctor"):
        assert secret not in page


def test_page_shows_no_secret(office, shop, monkeypatch):
    hidden = "http://user:hid@den:hunter2@proxy.example:3128"
    for name in ("HTTPS_PROXY", "ALL_PROXY", "HTTP_PROXY", "NO_PROXY"):
        monkeypatch.setenv(name, hidden)
    page = office.get(PAGE).text
    office.post(START)
    wait_for_network_check()
    page += office.get(PAGE).text
    for secret in ("hunter2", "hid@den", KEY, PUBLIC_KEY, WEBHOOK_SECRET):
        assert secret not in page


def test_page_refreshes_while_network_check_is_running(office, run_dir):
    at = timezone.now()
    background._save(background.NetworkCheck(at, None, []))
    page = office.get(PAGE).text
    assert '<meta http-equiv="refresh" content="2">' in page
    assert "Checking connection to Stripe…" in page
    assert f'action="{START}"' not in page


def test_second_network_check_does_not_start(office, run_dir):
    at = timezone.now()
    background._save(background.NetworkCheck(at, None, []))
    assert not start_network_check(at=at)
    assert "A check is already running." in office.post(START, follow=True).text


def test_network_check_of_dead_process_is_over(office, run_dir):
    background._save(background.NetworkCheck(timezone.now() - timedelta(minutes=2), None, []))
    page = office.get(PAGE).text
    assert "The last check did not finish" in page
    assert f'action="{START}"' in page


def test_unreadable_network_check_is_ignored(office, run_dir):
    run_dir.mkdir()
    (run_dir / "network-check.json").write_text("{}")
    assert last_network_check() is None
    assert "Not checked yet" in office.get(PAGE).text


def test_figure_links_to_its_rows(office, make_order, settings, at):
    settings.STRIPE_MODE = "sandbox"
    make_order(granted_at=None)
    page = office.get(PAGE).text
    url = f"{reverse('admin:payments_order_changelist')}?waiting=not_granted"
    assert f'<a href="{url}"><span class="bo-number">1</span>' in page
    assert page.count("bo-figure--bad") == 1
    rows = office.get(url).text
    assert breakable(Order.objects.get().email) in rows


def test_every_figure_link_opens(office):
    page = office.get(PAGE).text
    for name, query in ROWS.values():
        assert (query, office.get(f"{reverse(name)}?{query}").status_code) == (query, 200)
        assert f'href="{reverse(name)}?{query.replace("&", "&amp;")}"' in page


@pytest.fixture
def left_over(order):
    """A signed event of a paid session, whose handling was cut off."""
    event = event_of(order)
    return StripeEvent.objects.create(
        event_id=event["id"], kind=event["type"], mode="sandbox", livemode=False, body=json.dumps(event),
        status="failed", failure="OperationalError", received_at=order.created_at,
    )  # fmt: skip


def test_event_is_replayed(client, operator, left_over, order):
    sign_in_staff(client, operator)
    url = reverse("operations:replay_event", args=[left_over.event_id])
    assert f'action="{url}"' in client.get(PAGE).text
    for _time in range(2):
        told = client.post(url, follow=True)
    order.refresh_from_db()
    left_over.refresh_from_db()
    assert (order.status, left_over.status) == ("paid", "done")
    assert Access.objects.count() == 1
    assert f'action="{url}"' not in told.text


def test_event_that_fails_again_is_reported(client, operator, left_over, order):
    StripeEvent.objects.update(body="{}")
    sign_in_staff(client, operator)
    url = reverse("operations:replay_event", args=[left_over.event_id])
    assert "The event could not be processed." in client.post(url, follow=True).text
    left_over.refresh_from_db()
    assert left_over.status in {"failed", "unknown"}


def test_event_is_dismissed(client, operator, left_over):
    sign_in_staff(client, operator)
    url = reverse("operations:dismiss_event", args=[left_over.event_id])
    assert "The event was dismissed." in client.post(url, follow=True).text
    left_over.refresh_from_db()
    assert left_over.status == "ignored"


@pytest.mark.parametrize("name", ["replay_event", "dismiss_event"])
def test_event_actions_need_permission(client, seller, learner, left_over, name):
    url = reverse(f"operations:{name}", args=[left_over.event_id])
    assert client.post(url).headers["Location"].startswith("/accounts/login/?next=")
    client.force_login(learner)
    assert client.post(url).status_code == 404
    seller.groups.add(Group.objects.get(name=SELLERS))
    sign_in_staff(client, seller)
    assert client.post(url).status_code == 403
    assert client.get(url).status_code == 405
    left_over.refresh_from_db()
    assert left_over.status == "failed"


@pytest.mark.parametrize("name", ["replay_event", "dismiss_event"])
def test_unknown_event_gets_404(office, name):
    assert office.post(reverse(f"operations:{name}", args=["evt_none"])).status_code == 404


def test_incidents_and_events_are_listed_newest_first(office, at):
    for number in range(2):
        moment = at + timedelta(hours=number)
        Incident.objects.create(
            code=f"AAAAAAA{number + 2}", cause="NET-PROXY-403", subject="s", report="r", at=moment
        )
        StripeEvent.objects.create(
            event_id=f"evt_{number}", kind=f"kind.{number}", mode="sandbox", livemode=False, body="{}",
            status="unknown", received_at=moment,
        )  # fmt: skip
    page = office.get(PAGE).text
    assert page.index("AAAAAAA3") < page.index("AAAAAAA2")
    assert page.index("kind.1") < page.index("kind.0")


@pytest.mark.parametrize("count", [1, 3])
def test_page_query_count(office, at, count, django_assert_num_queries):
    for number in range(count):
        Incident.objects.create(
            code=f"AAAAAAA{number + 2}", cause="NET-PROXY-403", subject="s", report="r", at=at
        )
        StripeEvent.objects.create(
            event_id=f"evt_{number}", kind="kind", mode="sandbox", livemode=False, body="{}",
            status="unknown", received_at=at,
        )  # fmt: skip
    office.get(PAGE)
    with django_assert_num_queries(QUERIES):
        office.get(PAGE)


def test_used_fallback_is_shown(office, settings):
    settings.STRIPE_PROXY_FALLBACK = "direct"
    outage.record_fallback("NET-PROXY-403")
    page = office.get(PAGE).text
    assert "STRIPE_PROXY_FALLBACK=direct: if the proxy fails" in page
    assert "A call bypassed the proxy" in page


def test_outage_is_shown(office):
    outage.record_outage("NET-REFUSED")
    assert "The most recent purchases failed." in office.get(PAGE).text


def test_network_check_without_connection(office, shop):
    with refusing_port() as closed:
        shop.lead_to(closed)
        office.post(START)
        assert not wait_for_network_check().ok
        assert "NET-REFUSED" in office.get(PAGE).text
