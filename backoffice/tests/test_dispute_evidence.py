"""The evidence page of a dispute: content and permissions."""

# ruff: noqa: F811 - fixtures of other apps are imported
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from backoffice.groups import SELLERS
from backoffice.tests.test_site import office, superuser  # noqa: F401 - fixtures
from catalog.models import Access
from payments.models import Dispute
from payments.tests.conftest import order  # noqa: F401 - a fixture
from payments.tests.stripe_events import deliver, dispute_event, paid_event
from practice.tests.conftest import stored_answer, stored_attempt
from testing.staff_sessions import sign_in_staff

pytestmark = [pytest.mark.django_db, pytest.mark.pages]


@pytest.fixture
def page(client, order, learner, test_bank, at):
    """The URL of the page; the learner has answered two of five questions."""
    deliver(client, paid_event(order))
    places = test_bank.bank_questions.order_by("position")
    attempt = stored_attempt(learner, test_bank, [place.question.current for place in places], at)
    for position in (1, 2):
        stored_answer(attempt, position, fraction=1)
    deliver(client, dispute_event(order))
    return reverse("dispute_evidence", args=[Dispute.objects.get().pk])


def test_evidence_shows_purchase_and_practice(office, page, order, test_bank):
    told = " ".join(office.get(page).text.replace("<wbr>", "").split())
    for words in (
        "dp_1",
        str(order.pk),
        "learner@example.org",
        "$19.00",
        test_bank.title,
        "The buyer submitted 2 answers in the purchased test banks.",
        "2 of 5",
        "disputed",
    ):
        assert words in told


@pytest.mark.parametrize(
    ("reason", "status"), [("dispute", "Suspended"), ("refund", "Ended"), ("lost", "Ended")]
)
def test_evidence_shows_since_when_access_is_withheld_and_its_status(office, page, reason, status):
    since = datetime(2026, 3, 1, 12, tzinfo=UTC)
    Access.objects.update(withheld_from=since, withheld_reason=reason)
    told = " ".join(office.get(page).text.split())
    heads = '<th scope="col">Access withheld as of</th> <th scope="col">Status</th>'
    shown = date_format(timezone.localtime(since), "SHORT_DATETIME_FORMAT")
    assert (heads in told, f"<td>{shown}</td> <td>{status}</td>" in told) == (True, True)


def test_dispute_links_to_evidence(office, page):
    address = reverse("admin:payments_dispute_change", args=[Dispute.objects.get().pk])
    assert page in office.get(address).text


def test_anonymous_signs_in_and_learner_gets_404(client, page, learner):
    assert client.get(page).headers["Location"].startswith("/accounts/login/?next=")
    client.force_login(learner)
    assert client.get(page).status_code == 404


def test_staff_without_permission_gets_403(client, page, seller):
    call_command("migrate", verbosity=0)
    sign_in_staff(client, seller)
    assert client.get(page).status_code == 403
    seller.groups.add(Group.objects.get(name=SELLERS))
    assert client.get(page).status_code == 200


def test_evidence_of_deleted_user(office, page, order):
    order.user.delete()
    told = office.get(page).text
    assert (
        "No practice history is available because this order is not linked to an account." in told
    )


def test_evidence_without_practice(client, office, order):
    deliver(client, paid_event(order))
    deliver(client, dispute_event(order))
    told = office.get(reverse("dispute_evidence", args=[Dispute.objects.get().pk])).text
    assert "The buyer has not practiced with the purchased test banks." in told
