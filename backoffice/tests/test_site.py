"""The admin site: permissions, and which fields can be edited."""

import re

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.urls import reverse

from accounts.models import User
from backoffice.groups import OPERATORS, SELLERS
from catalog.models import Access, BankQuestion, Review, TestBank
from payments.models import Dispute, Incident, Order, Refund, StripeEvent
from questions.items import Essay, Text
from questions.services import store_items
from safety.models import SecurityEvent
from testing.staff_sessions import sign_in_staff

pytestmark = [pytest.mark.django_db, pytest.mark.pages]

LISTS = [
    "catalog_testbank",
    "catalog_bankquestion",
    "catalog_category",
    "catalog_access",
    "catalog_review",
    "accounts_user",
    "payments_order",
    "payments_refund",
    "payments_dispute",
    "payments_incident",
    "payments_stripeevent",
]
SHOWN_ONLY = [
    "payments_order",
    "payments_refund",
    "payments_dispute",
    "payments_incident",
    "payments_stripeevent",
]

# Every staff page asks whether the factor that the session showed is still there.
FACTOR_EXISTS = 1


@pytest.fixture
def superuser():
    return User.objects.create_superuser("sue@example.org", "a-long-pass-phrase")


@pytest.fixture
def office(client, superuser):
    """The client of a superuser."""
    return sign_in_staff(client, superuser)


@pytest.fixture
def make_order(learner, test_bank, at):
    def make(**fields):
        number = Order.objects.count() + 1
        order = Order.objects.create(
            **{
                "user": learner,
                "email": learner.email,
                "mode": Order.Mode.SANDBOX,
                "status": Order.Status.PAID,
                "amount_minor": 1900,
                "currency": "USD",
                "idempotency_key": f"key-{number}",
                "request": '{"mode":"payment"}',
                "session_id": f"cs_test_{number}",
                "created_at": at,
                "paid_at": at,
                "granted_at": at,
                **fields,
            }
        )
        order.lines.create(test_bank=test_bank, title=test_bank.title, amount_minor=1900)
        return order

    return make


@pytest.fixture
def rows(make_order, test_bank, owner, at):
    """One more row for every changelist."""
    authors = iter(range(100))

    def make(count):
        for number in range(count):
            order = make_order()
            Access.objects.create(
                learner=owner, test_bank=test_bank, source_kind="order",
                source_id=str(order.pk), starts_at=at,
            )  # fmt: skip
            Incident.objects.create(
                code=f"AAAAAAA{number + 2}", cause="NET-PROXY-403", order=order, at=at,
                subject="checkout", report="route='proxy' stage=tunnel Fix: NO_PROXY=.stripe.com",
            )  # fmt: skip
            Refund.objects.create(
                order=order, stripe_id=f"re_{order.pk}", amount_minor=100, currency="USD",
                status="succeeded", created_at=at,
            )  # fmt: skip
            Dispute.objects.create(
                order=order, stripe_id=f"dp_{order.pk}", amount_minor=100, currency="USD",
                status="needs_response", created_at=at, told_at=at,
            )  # fmt: skip
            author = User.objects.create_user(f"author{next(authors)}@example.org")
            Review.objects.create(test_bank=test_bank, learner=author, stars=4, written_at=at)
            StripeEvent.objects.create(
                event_id=f"evt_{number}", kind="checkout.session.completed", livemode=False,
                mode="sandbox", body="{}", received_at=at,
            )  # fmt: skip

    return make


def changelist(name):
    return reverse(f"admin:{name}_changelist")


def test_changelists_are_for_staff_only(client, learner):
    for name in LISTS:
        assert client.get(changelist(name)).headers["Location"].startswith("/accounts/login/?next=")
    client.force_login(learner)
    assert statuses_of_changelists(client) == dict.fromkeys(LISTS, 404)


def test_staff_without_permission_gets_403(client, seller):
    assert statuses_of_changelists(sign_in_staff(client, seller)) == dict.fromkeys(LISTS, 403)


def statuses_of_changelists(client):
    return {name: client.get(changelist(name)).status_code for name in LISTS}


QUERIES = {
    "catalog_testbank": 7,
    "catalog_bankquestion": 8,
    "catalog_access": 7,
    "catalog_review": 8,
    "accounts_user": 8,
    "payments_order": 6,
    "payments_refund": 7,
    "payments_dispute": 7,
    "payments_incident": 8,
    "payments_stripeevent": 7,
}


@pytest.mark.parametrize("count", [1, 3])
def test_changelist_query_count(office, rows, make_bank, django_assert_num_queries, count):
    rows(count)
    for number in range(count):
        make_bank(f"bank-{number}")
    for name, queries in QUERIES.items():
        office.get(changelist(name))
        with django_assert_num_queries(FACTOR_EXISTS + queries, info=name):
            assert office.get(changelist(name)).status_code == 200


def test_index_shows_sales_and_incidents(office, rows, settings):
    settings.STRIPE_MODE = "sandbox"
    rows(2)
    page = office.get("/admin/").text
    assert page.count("learner@example.org") == 2
    assert "NET-PROXY-403" in page


def test_index_shows_one_mode(office, make_order, settings):
    settings.STRIPE_MODE = "live"
    make_order()
    page = office.get("/admin/").text
    assert "learner@example.org" not in page
    assert "No orders yet" in page


@pytest.mark.parametrize("name", SHOWN_ONLY)
def test_payment_models_are_read_only(office, rows, name):
    rows(1)
    _app_label, model = name.split("_")
    rows_of = {
        "order": Order.objects,
        "refund": Refund.objects,
        "dispute": Dispute.objects,
        "incident": Incident.objects,
        "stripeevent": StripeEvent.objects,
    }
    row = rows_of[model].get()
    assert office.get(reverse(f"admin:{name}_change", args=[row.pk])).status_code == 200
    for verb in ("change", "delete"):
        page = reverse(f"admin:{name}_{verb}", args=[row.pk])
        assert office.post(page, {"status": "paid", "post": "yes"}).status_code == 403
    assert office.post(reverse(f"admin:{name}_add"), {}).status_code == 403
    assert rows_of[model].get() == row


def test_order_page_shows_access_and_request(office, make_order, learner, at):
    order = make_order(held="Stripe says 1 USD")
    bank = order.lines.get().test_bank
    access = Access.objects.create(
        learner=learner, test_bank=bank, source_kind="order", source_id=str(order.pk), starts_at=at
    )
    page = office.get(reverse("admin:payments_order_change", args=[order.pk])).text
    assert reverse("admin:catalog_access_change", args=[access.pk]) in page
    assert "Stripe says 1 USD" in page
    assert "&quot;mode&quot;: &quot;payment&quot;" in page


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({}, "bank"),
        ({"withheld_reason": "refund"}, "bank (Ended)"),
        ({"withheld_reason": "lost"}, "bank (Ended)"),
        ({"withheld_reason": "dispute"}, "bank (Suspended)"),
    ],
)
def test_order_page_shows_the_state_of_its_access(office, make_order, learner, at, fields, shown):
    order = make_order()
    bank = order.lines.get().test_bank
    TestBank.objects.update(title="bank")
    Access.objects.create(
        learner=learner, test_bank=bank, source_kind="order", source_id=str(order.pk), starts_at=at,
        withheld_from=at if fields else None, **fields,
    )  # fmt: skip
    page = office.get(reverse("admin:payments_order_change", args=[order.pk])).text
    assert re.findall(r'<a class="bo-link" href="/admin/catalog/access/[^>]+>([^<]+)<', page) == [
        shown
    ]


@pytest.mark.parametrize(
    ("reason", "fields", "found"),
    [
        ("held", {"held": "why", "granted_at": None}, True),
        ("held", {"held": "why"}, False),
        ("held", {}, False),
        ("not_granted", {"granted_at": None}, True),
        ("not_granted", {"granted_at": None, "held": "why"}, False),
        ("duplicate", {}, False),
    ],
)
def test_orders_filtered_by_reason_to_review(office, make_order, reason, fields, found):
    make_order(**fields)
    page = office.get(f"{changelist('payments_order')}?waiting={reason}").text
    assert ("learner@<wbr>example<wbr>.org" in page) is found


@pytest.mark.parametrize(
    ("name", "person", "count"),
    [
        ("accounts_user", "learner", 1),
        ("catalog_access", "owner", 3),
        ("payments_order", "learner", 2),
        ("payments_refund", "learner", 2),
        ("payments_dispute", "learner", 2),
        ("safety_securityevent", "learner", 1),
    ],
)
def test_email_addresses_in_lists_break_where_they_may(
    office, rows, learner, at, name, person, count
):
    rows(2)
    for user in (None, learner):
        SecurityEvent.objects.create(kind="staff-refused", user=user, at=at)
    page = office.get(changelist(name)).text
    assert page.count(f"{person}@<wbr>example<wbr>.org") == count
    assert f"{person}@example.org" not in page


def test_incident_search_by_code(office, rows):
    rows(1)
    page = office.get(f"{changelist('payments_incident')}?q=+aaaaaaa2+").text
    assert "NET-PROXY-403" in page
    incident = Incident.objects.get()
    shown = office.get(reverse("admin:payments_incident_change", args=[incident.pk])).text
    assert "\nstage=tunnel\nFix: NO_PROXY=.stripe.com" in shown


def test_refund_and_dispute_are_named_by_order_and_amount(office, rows):
    rows(1)
    number = Order.objects.get().number
    for name, model in (("refund", Refund), ("dispute", Dispute)):
        page = reverse(f"admin:payments_{name}_change", args=[model.objects.get().pk])
        assert f"<bdi>{number}, $1.00</bdi>" in office.get(page).text


@pytest.mark.parametrize(("typed", "found"), [("", True), ("X", False)])
def test_incident_search_by_order_number(office, rows, typed, found):
    rows(1)
    number = Incident.objects.values_list("order__number", flat=True).get()
    page = office.get(f"{changelist('payments_incident')}?q={number}{typed}").text
    assert ("AAAAAAA2" in page) is found


def changes_form(**fields):
    return {"changes-TOTAL_FORMS": "1", "changes-INITIAL_FORMS": "0", **fields}


def bank_page(test_bank):
    return reverse("admin:catalog_testbank_change", args=[test_bank.pk])


def test_bank_change_is_published(office, test_bank):
    change = {
        "changes-0-test_bank": test_bank.pk,
        "changes-0-at_0": "2026-11-01",
        "changes-0-at_1": "08:00",
        "changes-0-words": "Reviewed for the new edition",
        "changes-0-added": "0",
        "changes-0-changed": "12",
    }
    office.post(bank_page(test_bank), changes_form(**change))
    test_bank.refresh_from_db()
    written = test_bank.changes.get()
    assert (written.words, written.changed) == ("Reviewed for the new edition", 12)
    assert test_bank.questions_changed_at == written.at


def test_empty_bank_change_is_refused(office, test_bank):
    nothing = {
        "changes-0-at_0": "2026-11-01",
        "changes-0-at_1": "08:00",
        "changes-0-added": "0",
        "changes-0-changed": "0",
    }
    page = office.post(bank_page(test_bank), changes_form(**nothing))
    assert "Describe the change, or enter the number of questions added or updated." in page.text
    assert not test_bank.changes.exists()


def test_bank_is_edited_in_the_studio_only(office, test_bank):
    form = changes_form(title="New", slug="elsewhere", price="5", status="withdrawn")
    office.post(bank_page(test_bank), {**form, "changes-TOTAL_FORMS": "0"})
    test_bank.refresh_from_db()
    assert (test_bank.title, test_bank.slug, test_bank.price_minor) == ("Bank git", "git", 1900)
    assert test_bank.is_on_sale
    assert office.get(reverse("admin:catalog_testbank_add")).status_code == 403


@pytest.mark.parametrize(
    ("path", "studio"),
    [
        ("testbank/new/", "/studio/new-bank/"),
        ("testbank/{bank}/studio/", "/studio/banks/git/"),
        ("testbank/{bank}/questions/", "/studio/banks/git/questions/"),
        ("bankquestion/{place}/studio/", "/studio/banks/git/questions/{question}/"),
        ("access/grant/", "/studio/access/grant/"),
        ("access/{access}/revoke/", "/studio/access/{public}/"),
    ],
)
def test_back_office_leads_to_the_studio(office, test_bank, owner, path, studio):
    place, access = test_bank.bank_questions.get(position=1), owner.accesses.get()
    ids = {"bank": test_bank.pk, "place": place.pk, "access": access.pk}
    response = office.get(f"/admin/catalog/{path.format(**ids)}")
    ids |= {"question": place.question.public_id, "public": access.public_id}
    assert (response.status_code, response["Location"]) == (303, studio.format(**ids))
    assert office.get(response["Location"]).status_code == 200


def test_sold_bank_cannot_be_deleted(office, test_bank):
    removal = reverse("admin:catalog_testbank_delete", args=[test_bank.pk])
    assert office.post(removal, {"post": "yes"}).status_code == 403
    assert TestBank.objects.filter(pk=test_bank.pk).exists()


def test_question_page_shows_the_whole_question(office, test_bank):
    words = " ".join(f"word{number}" for number in range(40))
    [version] = store_items(items=[Essay(stem=Text(source=words))])
    place = BankQuestion.objects.create(
        test_bank=test_bank, question=version.question, position=9, is_asked=False
    )
    page = office.get(reverse("admin:catalog_bankquestion_change", args=[place.pk])).text
    assert words in page
    assert words not in office.get(changelist("catalog_bankquestion")).text


def test_question_search_by_text(office, test_bank):
    page = office.get(f"{changelist('catalog_bankquestion')}?q=Because+of+3").text
    assert ("Question 3?" in page, "Question 2?" in page) == (True, False)


@pytest.mark.parametrize("name", ["catalog_bankquestion", "catalog_access"])
def test_questions_and_accesses_are_read_only(office, test_bank, owner, name):
    rows = {"catalog_bankquestion": test_bank.bank_questions, "catalog_access": owner.accesses}
    key = rows[name].first().pk
    assert office.get(reverse(f"admin:{name}_change", args=[key])).status_code == 200
    for verb in ("change", "delete"):
        page = reverse(f"admin:{name}_{verb}", args=[key])
        assert office.post(page, {"is_sample": "", "post": "yes"}).status_code == 403
    assert office.get(reverse(f"admin:{name}_add")).status_code == 403


@pytest.mark.parametrize(("group", "status"), [(SELLERS, 302), (OPERATORS, 403)])
def test_permission_to_write_changes_by_group(client, seller, test_bank, group, status):
    seller.groups.add(Group.objects.get(name=group))
    nothing = changes_form() | {"changes-TOTAL_FORMS": "0"}
    answer = sign_in_staff(client, seller).post(bank_page(test_bank), nothing)
    assert answer.status_code == status


@pytest.mark.parametrize(("group", "is_shown"), [(SELLERS, True), (OPERATORS, False)])
def test_new_bank_is_offered_to_those_who_may_make_one(client, seller, group, is_shown):
    seller.groups.add(Group.objects.get(name=group))
    page = sign_in_staff(client, seller).get(reverse("admin:catalog_testbank_changelist")).text
    assert ("/admin/catalog/testbank/new/" in page) is is_shown


def test_edited_groups_are_unchanged_by_migrate():
    Group.objects.get(name=SELLERS).permissions.clear()
    Group.objects.get(name=OPERATORS).delete()
    call_command("migrate", verbosity=0)
    assert Group.objects.get(name=SELLERS).permissions.count() == 0
    assert Group.objects.get(name=OPERATORS).permissions.count() > 0


def test_staff_cannot_promote_themselves(client, seller):
    seller.groups.add(Group.objects.get(name=OPERATORS))
    page = reverse("admin:accounts_user_change", args=[seller.pk])
    sign_in_staff(client, seller).post(
        page, {"name": "Sol", "is_superuser": "on", "is_staff": "on"}
    )
    seller.refresh_from_db()
    assert (seller.name, seller.is_superuser, seller.is_staff) == ("Sol", False, True)


@pytest.mark.parametrize("path", ["mfa/authenticator", "account/emailaddress"])
def test_authenticator_secrets_have_no_admin_page(office, path):
    assert office.get(f"/admin/{path}/").status_code == 404


def test_admin_content_security_policy(office, test_bank):
    policy = office.get("/admin/").headers["Content-Security-Policy"]
    # Django-csp writes the directives in no fixed order.
    assert "script-src 'self' 'unsafe-eval'" in policy.split("; ")
    shop = office.get("/").headers["Content-Security-Policy"]
    assert ("unsafe-eval" in shop, "unsafe-inline" in shop) == (False, False)


def preview_of(test_bank):
    question = test_bank.bank_questions.get(position=1).question
    return reverse("catalog:preview", args=[question.public_id])


def test_preview_is_for_staff_only(client, owner, test_bank):
    assert client.get(preview_of(test_bank)).status_code == 302
    client.force_login(owner)
    assert client.get(preview_of(test_bank)).status_code == 404


def test_preview_shows_question_as_learner_sees_it(office, test_bank):
    asked = office.get(preview_of(test_bank)).text
    answered = office.post(preview_of(test_bank), {"choice": "b"}).text
    assert ("Question 1?" in asked, "Because of 1." in asked) == (True, False)
    assert "Because of 1." in answered


def test_bank_page_links_to_quality_check(office, test_bank):
    link = reverse("admin:catalog_testbank_ask_editor", args=[test_bank.pk])
    assert link in office.get(bank_page(test_bank)).text
    assert office.get(link).headers["Location"] == f"/studio/banks/{test_bank.slug}/quality/"


def test_preview_of_unsupported_kind(office, test_bank):
    [version] = store_items(items=[Essay(stem=Text(source="Write."))])
    BankQuestion.objects.create(
        test_bank=test_bank, question=version.question, position=9, is_asked=False
    )
    page = office.get(reverse("catalog:preview", args=[version.question.public_id])).text
    assert "are not available for practice yet" in page
