from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from payments.models import Incident, Order

pytestmark = pytest.mark.django_db


@pytest.fixture
def incident(client, settings, forget_stripe_client, learner, test_bank):
    """A purchase that failed because nothing listens where Stripe should be."""
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    client.force_login(learner)
    client.post(reverse("payments:checkout", args=[test_bank.slug]))
    return Incident.objects.get()


def test_incident_stores_cause_and_order(incident):
    assert (incident.cause, incident.order) == ("NET-REFUSED", Order.objects.get())
    assert "stage=connect acted=no" in incident.report


@pytest.mark.parametrize(
    ("status", "cause"), [(400, "API-400"), (401, "API-401"), (503, "API-5XX")]
)
def test_incident_of_a_refused_request_stores_the_remedy(
    client, sandbox, learner, test_bank, status, cause
):
    sandbox.control.fault("status", status=status, times=3, saved=False)
    client.force_login(learner)
    client.post(reverse("payments:checkout", args=[test_bank.slug]))
    incident = Incident.objects.get()
    assert incident.cause == cause
    assert f"status={status} request=req_" in incident.report
    assert f"cause={cause} stage=answered acted=" in incident.report
    assert " Fix: " in incident.report


def test_command_shows_the_incident_of_a_code(incident):
    out = StringIO()
    call_command("incident", incident.code.lower(), stdout=out)
    lines = out.getvalue().splitlines()
    assert lines[0] == f"incident  {incident.code}"
    assert lines[2] == "cause     NET-REFUSED"
    assert lines[5] == f"order     {incident.order_id} is pending, $19.00, sandbox"
    assert lines[6].endswith("placed pending → pending")


def test_command_reports_an_unknown_code(db):
    with pytest.raises(CommandError, match="There is no incident with the code ABCD2345") as raised:
        call_command("incident", "abcd2345")
    assert raised.value.returncode == 2


def test_incident_stores_no_secret(incident, settings):
    assert settings.STRIPE_SECRET_KEY not in incident.report
