"""Refunds in the admin: the page, permissions, validation and messages."""

# ruff: noqa: F811 - fixtures of other apps are imported
import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from backoffice.groups import OPERATORS, SELLERS
from backoffice.tests.test_site import office, superuser  # noqa: F401 - fixtures
from catalog.models import Access
from outbox.models import OutgoingMail
from payments.flows.checkout import confirm_payment
from payments.models import Order, Refund, StripeEvent
from payments.stripe_integration import create_checkout_session
from payments.tests.conftest import (  # noqa: F401 - fixtures
    facts,
    forget_stripe_client,
    order,
    sandbox,
    sandbox_program,
)
from payments.tests.stripe_events import deliver, paid_event, refund_event
from testing.staff_sessions import sign_in_staff

pytestmark = [pytest.mark.django_db, pytest.mark.pages]


@pytest.fixture(autouse=True)
def worker(settings):
    settings.WORKER = True


@pytest.fixture
def paid(sandbox, test_bank, learner):
    session = create_checkout_session(test_bank, learner)
    sandbox.control.pay(session.id)
    return confirm_payment(session.order)


def page_of(order, action="refund"):
    return reverse(f"admin:payments_order_{NAMES[action]}", args=[order.pk])


NAMES = {
    "refund": "refund",
    "second": "refund_second_payment",
    "open": "open_held",
    "receipt": "send_receipt",
}


def wish(**changes):
    return {
        "key": str(uuid.uuid4()),
        "amount": "19.00",
        "reason": "requested_by_customer",
        "access": "revoke",
        "note": "asked by mail",
        **changes,
    }


def test_refund_page_shows_paid_and_refundable_amount(office, paid):
    page = office.get(page_of(paid)).text
    assert page.count("$19.00") >= 2
    assert 'value="revoke"' in page


@pytest.mark.parametrize(
    ("code", "words"),
    [("requested_by_customer", "Requested by buyer"), ("expired_uncaptured_charge",) * 2],
)
def test_list_of_refunds_shows_reason_in_words(office, order, code, words):
    Refund.objects.create(
        order=order,
        amount_minor=1900,
        currency="USD",
        stripe_id="re_1",
        status="succeeded",
        reason=code,
        created_at=timezone.now(),
    )
    page = office.get(reverse("admin:payments_refund_changelist")).text
    assert f'data-label="reason">{words}</td>' in page


def test_refund_revokes_access(office, paid, superuser):
    response = office.post(page_of(paid), wish(), follow=True)
    assert response.redirect_chain[0][1] == 303
    assert "$19.00 refunded. The buyer will receive an email." in response.text
    refund = Refund.objects.get()
    assert (refund.status, refund.asked_by, refund.note) == (
        "succeeded",
        superuser,
        "asked by mail",
    )
    assert not Access.objects.live(timezone.now()).exists()
    assert OutgoingMail.objects.filter(template="payments/email/refund").count() == 1


def test_refund_form_submitted_twice_refunds_once(office, paid, sandbox):
    asked = wish(amount="5")
    office.post(page_of(paid), asked)
    office.post(page_of(paid), asked)
    assert (Refund.objects.count(), sandbox.control.count("POST /v1/refunds")) == (1, 1)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (
            "pending",
            "The refund of $5.00 is in progress. Do not submit it again. The buyer will receive an "
            "email.",
        ),
        (
            "requires_action",
            "Stripe needs information from the buyer to complete the refund of $5.00. Check the "
            "payment in the Stripe Dashboard.",
        ),
        ("succeeded", "$5.00 refunded. The buyer will receive an email."),
        ("refused", "Stripe declined the refund: declined. Nothing was refunded."),
        ("canceled", "The refund of $5.00 was canceled. Nothing was refunded."),
        (
            "failed",
            "The refund of $5.00 failed: declined. The money was returned to your Stripe balance. "
            "Refund the buyer another way, such as by bank transfer.",
        ),
    ],
)
def test_result_of_a_refund_is_told_by_its_status(office, paid, status, words):
    asked = wish(amount="5")
    office.post(page_of(paid), asked, follow=True)
    Refund.objects.update(status=status, failure="declined")
    response = office.post(page_of(paid), asked, follow=True)
    assert [str(message) for message in response.context["messages"]] == [words]


def test_refund_of_a_bank_debit_is_in_progress(office, sandbox, test_bank, learner):
    session = create_checkout_session(test_bank, learner)
    sandbox.control.pay(session.id, card="debit")
    sandbox.control.settle(session.id)
    told = office.post(page_of(confirm_payment(session.order)), wish(), follow=True).text
    assert "The refund of $19.00 is in progress." in told
    assert OutgoingMail.objects.filter(template="payments/email/refund").count() == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"amount": "19.01"}, "Enter an amount greater than 0 and no more than $19.00."),
        ({"amount": "0"}, "Enter an amount greater than 0 and no more than $19.00."),
        ({"amount": "1.999"}, "USD amounts can have at most 2 decimal places."),
        ({"amount": "much"}, "Enter a number."),
        ({"access": "shorten"}, "Choose today or a later date."),
        ({"access": "shorten", "access_until": "2020-01-01"}, "Choose today or a later date."),
        ({"access": "shorten", "access_until": "9999-12-31"}, "Enter a valid date."),
        ({"access": "burn"}, "Select a valid choice"),
        ({"reason": "none"}, "Select a valid choice"),
    ],
)
def test_invalid_refund_is_refused_without_calling_stripe(
    office,
    paid,
    sandbox,
    change,
    words,
):
    assert words in office.post(page_of(paid), wish(**change)).text
    assert not Refund.objects.exists()
    assert sandbox.control.count("POST /v1/refunds") == 0


def test_refund_in_a_currency_without_decimals_asks_for_a_whole_number(office, paid):
    Order.objects.update(currency="JPY", paid_currency="JPY")
    told = office.post(page_of(paid), wish(amount="1.5")).text
    assert "JPY amounts have no decimal places. Enter a whole number." in told


def test_refund_with_later_access_end(office, paid):
    day = timezone.localdate() + timedelta(days=3)
    office.post(page_of(paid), wish(amount="5", access="shorten", access_until=str(day)))
    access = Access.objects.get()
    assert access.withheld_from is not None
    assert timezone.localtime(access.withheld_from).date() == day


def test_refund_of_chosen_lines(office, paid, make_bank):
    line = paid.lines.create(test_bank=make_bank("other"), title="Other one", amount_minor=500)
    assert "Other one · $5.00" in office.get(page_of(paid)).text
    refused = office.post(page_of(paid), wish(amount="6", lines=[line.pk]))
    assert "The amount is more than the total paid for the selected items." in refused.text
    office.post(page_of(paid), wish(amount="5", lines=[line.pk]))
    assert list(Refund.objects.get().lines.all()) == [line]


def test_refund_while_stripe_is_down_is_recorded(office, paid, sandbox):
    sandbox.control.fault("cut_before", path="/v1/refunds", times=10)
    told = office.post(page_of(paid), wish(), follow=True).text
    assert "Do not submit it again." in told
    assert Refund.objects.get().status == "asked"
    assert "There is nothing left to refund." in office.get(page_of(paid)).text


def test_refund_refused_by_stripe_shows_reason(office, paid, sandbox):
    sandbox.control.refund(paid.payment_intent_id)
    told = office.post(page_of(paid), wish(), follow=True).text
    assert "Stripe declined the refund: charge_already_refunded. Nothing was refunded." in told


def test_order_of_other_mode_cannot_be_refunded(office, paid, sandbox, settings):
    settings.STRIPE_MODE = "live"
    told = office.post(page_of(paid), wish(), follow=True).text
    assert "No refund was requested" in told
    assert sandbox.control.count("POST /v1/refunds") == 0


@pytest.mark.parametrize("action", NAMES)
def test_anonymous_signs_in_and_learner_gets_404(client, paid, learner, action):
    assert client.post(page_of(paid, action)).headers["Location"].startswith("/accounts/login/")
    client.force_login(learner)
    assert client.post(page_of(paid, action)).status_code == 404
    assert not Refund.objects.exists()


@pytest.mark.parametrize(("group", "status"), [(SELLERS, 200), (OPERATORS, 403)])
def test_refund_permission_by_group(client, paid, seller, group, status):
    call_command("migrate", verbosity=0)
    seller.groups.add(Group.objects.get(name=group))
    assert sign_in_staff(client, seller).get(page_of(paid)).status_code == status


def test_duplicate_payment_is_refunded_in_one_click(
    office,
    paid,
    sandbox,
    learner,
    test_bank,
):
    Access.objects.update(revoked_at=timezone.now())
    session = create_checkout_session(test_bank, learner)
    Access.objects.update(revoked_at=None)
    sandbox.control.pay(session.id)
    second = confirm_payment(session.order)
    assert office.post(page_of(paid, "second"), {"_form_submitted": "True"}).status_code == 403
    office.post(page_of(second, "second"), {"_form_submitted": "True"})
    second.refresh_from_db()
    assert (second.status, Refund.objects.get().reason) == ("refunded", "duplicate")


def test_held_order_is_released(office, order, facts, at):
    from payments.domain.fulfillment import fulfill

    fulfill(facts(order, amount_minor=1), source="webhook", at=at)
    for _click in range(2):
        office.post(page_of(order, "open"), {"_form_submitted": "True"})
    order.refresh_from_db()
    assert (order.granted_at is not None, Access.objects.count()) == (True, 1)
    assert OutgoingMail.objects.count() == 1
    assert order.events.filter(kind="granted").count() == 1


def test_receipt_is_sent_again(office, paid):
    OutgoingMail.objects.all().delete()
    office.post(page_of(paid, "receipt"), {"_form_submitted": "True"})
    assert OutgoingMail.objects.get().recipient == paid.email


def events(office, action):
    chosen = list(StripeEvent.objects.values_list("pk", flat=True))
    address = reverse("admin:payments_stripeevent_changelist")
    return office.post(address, {"action": action, "_selected_action": chosen}, follow=True).text


def test_event_is_replayed(office, client, order):
    deliver(client, paid_event(order))
    deliver(client, refund_event(order))
    StripeEvent.objects.filter(kind="refund.created").update(status="failed")
    Refund.objects.all().delete()
    Order.objects.update(status="paid", refunded_minor=0)
    assert "1 of 2 events processed." in events(office, "replay")
    order.refresh_from_db()
    assert order.status == "refunded"
    assert set(StripeEvent.objects.values_list("status", flat=True)) == {"done"}


def unknown_event(order):
    """Return a refund of ours whose payment no order has; without our metadata it is foreign."""
    event = refund_event(order)
    event["data"]["object"]["metadata"] = {"order_id": str(order.pk)}
    return event


def test_unknown_event_is_dismissed(office, client, order):
    deliver(client, unknown_event(order))
    assert "1 event dismissed." in events(office, "set_aside")
    event = StripeEvent.objects.get()
    assert (event.status, event.failure) == ("ignored", "dismissed by staff")


def test_event_actions_need_permission(client, seller, order):
    call_command("migrate", verbosity=0)
    deliver(client, unknown_event(order))
    seller.groups.add(Group.objects.get(name=SELLERS))
    address = reverse("admin:payments_stripeevent_changelist")
    assert sign_in_staff(client, seller).post(address, {"action": "set_aside"}).status_code == 403
    assert StripeEvent.objects.get().status == "unknown"


@pytest.mark.parametrize(
    ("object_id", "shown"),
    [("", "-"), ("cs_test_a1b2c3d4e5f6ZvkBsT", "cs_test_a1…ZvkBsT"), ("pi_1", "pi_1")],
)
def test_event_list_shows_a_short_object_id_or_a_dash(office, client, order, object_id, shown):
    deliver(client, unknown_event(order))
    StripeEvent.objects.update(object_id=object_id)
    told = office.get(reverse("admin:payments_stripeevent_changelist")).text
    cell = told.partition("field-short_object_id")[2].partition("</td>")[0]
    assert strip_tags(f"<td{cell}").strip() == shown


def test_changelists_show_one_mode(office, paid):
    address = reverse("admin:payments_order_changelist")
    email = "learner@<wbr>example<wbr>.org"
    assert email in office.get(address).text
    assert email not in office.get(f"{address}?mode=live").text
