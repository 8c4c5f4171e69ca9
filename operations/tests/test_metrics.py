"""Metrics: access, and the Prometheus format."""

import re
import subprocess

import pytest
from django.contrib.auth.models import Group

from accounts.models import User
from backoffice.groups import OPERATORS, SELLERS
from operations.metrics import HELP, exposition
from operations.models import Alarm
from payments.models import Incident, Order
from payments.monitoring.health_counters import counter_names, failures, health_counters
from payments.monitoring.refused_webhooks import record_refusal
from payments.tests.conftest import order  # noqa: F401 - a fixture
from testbank import __version__
from testing.parts import ROOT, require
from testing.staff_sessions import sign_in_staff

pytestmark = pytest.mark.django_db

TOKEN = "a-long-token"


@pytest.fixture
def token(settings):
    settings.METRICS_TOKEN = TOKEN
    return {"Authorization": f"Bearer {TOKEN}"}


def test_metrics_with_token(client, order, token, at):  # noqa: F811
    Order.objects.update(status="paid", paid_at=at)
    response = client.get("/metrics", headers=token)
    assert response.status_code == 200
    assert response["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = response.content.decode().splitlines()
    assert 'testbank_paid_not_granted{mode="sandbox",account=""} 1' in lines
    assert 'testbank_granted_not_paid{mode="sandbox",account=""} 0' in lines
    assert 'testbank_payment_down{mode="sandbox",account=""} 0' in lines
    assert "testbank_purchases_paid 1.0" in lines
    assert "testbank_answers_stored 0.0" in lines
    assert f'version="{__version__}"' in next(line for line in lines if "testbank_info{" in line)


def test_traffic_is_counted_by_view(client, token, db):
    text = 'testbank_requests_total{method="GET",status="404",view="none"}'
    before = value_of(client.get("/metrics", headers=token), text)
    client.get("/no/such/page/")
    assert value_of(client.get("/metrics", headers=token), text) == before + 1


def value_of(response, series):
    found = [line for line in response.content.decode().splitlines() if line.startswith(series)]
    return float(found[0].rpartition(" ")[2]) if found else 0


def test_alarms_are_gauges(client, token, db, at):
    Alarm.objects.create(name="disk", since=at, message="full")
    assert value_of(client.get("/metrics", headers=token), 'testbank_alarm{name="disk"}') == 1


def test_alert_rules_pass_their_tests():
    require("promtool")
    folder = ROOT / "deploy" / "monitoring"
    for command in (["check", "rules", "alerts.yaml"], ["test", "rules", "alerts_test.yaml"]):
        done = subprocess.run(
            ["promtool", *command], cwd=folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["alerts.yaml", "dashboard.json"])
def test_alerts_and_dashboard_use_metrics_that_exist(client, token, db, at, name):
    Alarm.objects.create(name="disk", since=at, message="full")
    client.get("/healthz")
    served = client.get("/metrics", headers=token).content.decode()
    text = (ROOT / "deploy" / "monitoring" / name).read_text(encoding="utf-8")
    used = set(re.findall(r"\btestbank_[a-z_]+\b", text))
    assert {metric for metric in used if f"\n{metric}" not in f"\n{served}"} == set()


def test_failed_purchases_are_counted_by_mode(client, token, order, at):  # noqa: F811
    of_order = {"cause": "NET-REFUSED", "report": "", "at": at, "order": order}
    Incident.objects.create(code="A", subject="purchase of bank=git", **of_order)
    Incident.objects.create(code="B", subject="confirming order=1", **of_order)
    text = client.get("/metrics", headers=token).content.decode()
    labels = '{mode="sandbox",account=""}'
    assert f"testbank_failed_purchases_total{labels} 1\n" in text
    assert f"testbank_incidents_total{labels} 2\n" in text
    assert "# TYPE testbank_incidents_total counter" in text
    assert (failures(mode="live").incidents, failures(mode="sandbox").incidents) == (0, 2)


@pytest.mark.parametrize("shown", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}"])
def test_metrics_with_wrong_token(client, token, shown):
    response = client.get("/metrics", headers={"Authorization": shown})
    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")


def test_metrics_without_token_setting(client):
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 401


@pytest.mark.parametrize(("group", "status"), [(OPERATORS, 200), (SELLERS, 403)])
def test_metrics_for_staff(client, group, status):
    colleague = User.objects.create_user("sam@example.org", is_staff=True)
    colleague.groups.add(Group.objects.get(name=group))
    assert sign_in_staff(client, colleague).get("/metrics").status_code == status


def test_metrics_for_learner(client, learner):
    client.force_login(learner)
    assert client.get("/metrics").status_code == 404


def test_every_metric_has_help(at):
    assert list(HELP) == counter_names()
    assert (
        exposition(health_counters(mode="live", at=at), "acct_1").count(
            'mode="live",account="acct_1"'
        )
        == 10
    )


def test_refused_webhooks_are_counted_by_reason(client, token, db, at):
    record_refusal("too-old", at=at)
    text = client.get("/metrics", headers=token).text
    assert 'testbank_webhooks_refused_total{reason="too-old"} 1' in text
    assert 'testbank_webhooks_refused_total{reason="signature"} 0' in text
    assert f"testbank_webhook_refused_timestamp_seconds {int(at.timestamp())}" in text
