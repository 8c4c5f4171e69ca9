"""Access by hand: granted to one or a list, extended, ended; each with a reason in the log."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from catalog.models import Access
from catalog.services.access import LATEST_END
from studio.models import AuditEntry
from studio.services.access import emails_in
from studio.services.audit import record
from studio.tests.conftest import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.pages]

# Session, user, second factor, permissions (two), banks, count, rows.
LIST = 8


@pytest.fixture
def grant(desk, test_bank):
    def grant(people, **fields):
        data = {"people": people, "test_bank": test_bank.pk, "reason": "a class", **fields}
        return desk.post(reverse("studio:grant"), data, follow=True)

    return grant


@pytest.fixture
def access(test_bank, learner):
    """A timed access that ends in ten days."""
    now = timezone.now()
    return Access.objects.create(
        learner=learner,
        test_bank=test_bank,
        source_kind="grant",
        source_id="1",
        reason="a fixture",
        starts_at=now,
        expires_at=now + timedelta(days=10),
    )


def kinds():
    return list(AuditEntry.objects.values_list("kind", flat=True))


def test_emails_are_read_from_any_list():
    assert emails_in("A@x.org, <b@x.org>;\n'c@x.org'  a@x.org nobody") == [
        *("a@x.org", "b@x.org", "c@x.org")
    ]


def test_access_is_granted_to_a_list(grant, learner, other_learner, owner):
    response = grant("learner@example.org other@example.org owner@example.org who@x.org", days="30")
    made = Access.objects.filter(source_kind="grant", reason="a class")
    assert {access.learner for access in made} == {learner, other_learner}
    assert all(each.expires_at == each.starts_at + timedelta(days=30) for each in made)
    assert "Already had access: owner@example.org" in response.text
    assert "No account found: who@x.org" in response.text
    assert AuditEntry.objects.get().detail == {"people": 2, "reason": "a class"}


def test_granting_twice_grants_once(grant, learner):
    grant("learner@example.org")
    grant("learner@example.org")
    assert Access.objects.count() == 1


@pytest.mark.parametrize(
    "fields", [{"reason": ""}, {"days": "0"}, {"test_bank": "999"}, {"people": "nobody"}]
)
def test_grant_that_is_incomplete_does_nothing(grant, learner, fields):
    people = fields.pop("people", "learner@example.org")
    assert grant(people, **fields).status_code == 422
    assert not Access.objects.exists()
    assert kinds() == []


def test_access_is_extended_from_its_end(desk, access):
    end = access.expires_at
    address = reverse("studio:access", args=[access.public_id])
    desk.post(address, {"days": "5", "reason": "was ill"})
    access.refresh_from_db()
    assert access.expires_at == end + timedelta(days=5)
    assert kinds() == ["access_extended"]


def test_access_that_is_over_is_extended_from_now(desk, access):
    past = timezone.now() - timedelta(days=30)
    Access.objects.update(starts_at=past, expires_at=past + timedelta(days=1))
    desk.post(reverse("studio:access", args=[access.public_id]), {"days": "5", "reason": "was ill"})
    access.refresh_from_db()
    assert access.expires_at > timezone.now() + timedelta(days=4)


def test_access_is_extended_to_the_last_date_at_most(desk, access):
    Access.objects.update(expires_at=LATEST_END - timedelta(days=1))
    address = reverse("studio:access", args=[access.public_id])
    assert desk.post(address, {"days": "36500", "reason": "x"}).status_code == 303
    assert Access.objects.get().expires_at == LATEST_END


def test_access_is_closed_once(desk, access):
    address = reverse("studio:access", args=[access.public_id])
    for reason in ("shared", "again"):
        desk.post(address, {"close": "1", "reason": reason})
    access.refresh_from_db()
    assert access.revoke_reason == "shared"
    assert kinds() == ["access_revoked"]


def test_closed_access_is_not_extended(desk, access):
    address = reverse("studio:access", args=[access.public_id])
    desk.post(address, {"close": "1", "reason": "shared"})
    assert "Nothing changed" in desk.post(address, {"days": "5", "reason": "x"}, follow=True).text


@pytest.mark.parametrize("data", [{"days": "5"}, {"close": "1"}, {"reason": "x"}])
def test_change_needs_a_reason_and_days(desk, access, data):
    address = reverse("studio:access", args=[access.public_id])
    assert desk.post(address, data).status_code == 422
    assert kinds() == []


def test_access_page_is_named_after_the_learner(desk, access):
    page = desk.get(reverse("studio:access", args=[access.public_id])).text.replace("<wbr>", "")
    assert f'<li aria-current="page"><bdi>{access.learner.email}</bdi></li>' in page
    assert f"<h1><bdi>{access.learner.email}</bdi></h1>" in page
    assert "Required only to extend access." in page
    assert "Saved with the access record for later reference." in page


def test_list_is_narrowed(desk, access, owner, test_bank):
    address = reverse("studio:accesses")
    assert len(desk.get(address).context["rows"]) == 2
    assert len(desk.get(address, {"q": "owner@"}).context["rows"]) == 1
    assert len(desk.get(address, {"bank": "git"}).context["rows"]) == 2
    assert len(desk.get(address, {"bank": "nope"}).context["rows"]) == 2


def test_list_costs_a_fixed_number_of_statements(desk, access, owner, django_assert_num_queries):
    with django_assert_num_queries(LIST):
        desk.get(reverse("studio:accesses"))


def test_audit_log_names_who_did_what(desk, grant, learner):
    grant("learner@example.org")
    page = desk.get(reverse("studio:audit_log")).text
    assert "Granted access" in page
    assert "seller@<wbr>example<wbr>.org" in page


def test_audit_log_lists_the_files_of_an_import(desk):
    record(kind=AuditEntry.Kind.IMPORTED, actor=None, at=timezone.now(), files=["a.gift", "b.gift"])
    assert "Files: <bdi>a.gift, b.gift</bdi>" in desk.get(reverse("studio:audit_log")).text


@pytest.mark.parametrize(
    ("kind", "detail", "shown"),
    [
        ("bank_changed", {"fields": ["title", "gone"]}, "Fields: <bdi>Title, gone</bdi>"),
        ("role_set", {"who": "a@b.c", "role": "author"}, "Role: <bdi>Author</bdi>"),
        (
            "report_closed",
            {"reason": "key"},
            "Reason: <bdi>The answer marked correct is incorrect</bdi>",
        ),
        ("access_granted", {"reason": "key"}, "Reason: <bdi>key</bdi>"),
        ("edit_undone", {"edit": 7, "questions": 3}, "Questions: <bdi>3</bdi>"),
    ],
)
def test_audit_log_shows_details_in_words(desk, kind, detail, shown):
    record(kind=kind, actor=None, at=timezone.now(), **detail)
    page = desk.get(reverse("studio:audit_log")).text
    assert shown in page
    assert "7" not in page.partition("Undid a bulk edit")[2].partition("</tr>")[0]


@pytest.mark.parametrize("name", ["accesses", "grant", "audit_log"])
def test_pages_are_for_sellers(client, learner, author, name):
    address = reverse(f"studio:{name}")
    assert client.get(address).status_code == 302
    client.force_login(learner)
    assert client.get(address).status_code == 404
    assert sign_in(author).get(address).status_code == 403


def test_others_change_no_access(client, learner, author, access):
    address = reverse("studio:access", args=[access.public_id])
    data = {"close": "1", "reason": "x"}
    client.force_login(learner)
    assert client.post(address, data).status_code == 404
    assert sign_in(author).post(address, data).status_code == 403
    access.refresh_from_db()
    assert access.revoked_at is None
