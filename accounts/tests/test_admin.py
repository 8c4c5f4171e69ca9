"""The admin pages of people and the security log."""

import pytest
from django.contrib.auth.models import Group, Permission

from accounts.models import User
from safety.models import SecurityEvent

PASSWORD = "a-long-pass-phrase"
LOG = "/admin/safety/securityevent/"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def without_second_factor(settings):
    settings.STAFF_SECOND_FACTOR = False


@pytest.fixture
def superuser():
    return User.objects.create_superuser("root@example.org", PASSWORD)


@pytest.fixture
def operator():
    user = User.objects.create_user("operator@example.org", PASSWORD, is_staff=True)
    names = ["view_user", "change_user"]
    user.user_permissions.add(*Permission.objects.filter(codename__in=names))
    return User.objects.get(pk=user.pk)


def deactivate(client, actor, person):
    client.force_login(actor)
    return client.post(f"/admin/accounts/user/{person.pk}/change/", {"name": "changed"})


def test_nobody_changes_a_person_who_may_do_more(client, operator, superuser):
    assert deactivate(client, operator, superuser).status_code == 403
    superuser.refresh_from_db()
    assert (superuser.is_active, superuser.name) == (True, "")


def test_operator_changes_a_learner(client, operator, learner):
    assert deactivate(client, operator, learner).status_code == 302
    learner.refresh_from_db()
    assert learner.name == "changed"


def test_change_of_permissions_is_in_the_security_log(client, superuser, learner):
    group = Group.objects.create(name="Team")
    client.force_login(superuser)
    fields = {"is_active": "on", "is_staff": "on", "groups": [group.pk]}
    client.post(f"/admin/accounts/user/{learner.pk}/change/", fields)
    event = SecurityEvent.objects.get(kind="permissions")
    assert (event.user_id, event.detail) == (learner.pk, f"is_staff, groups by user {superuser.pk}")


def test_security_log_is_for_superusers(client, superuser, operator, learner):
    statuses = []
    for person in (superuser, operator, learner):
        client.force_login(person)
        statuses.append(client.get(LOG).status_code)
    assert statuses == [200, 403, 404]


def test_security_log_cannot_be_changed(client, superuser):
    client.force_login(superuser)
    assert client.get(f"{LOG}add/").status_code == 403


def test_refused_staff_page_is_one_line(client, learner):
    client.force_login(learner)
    client.get("/admin/")
    event = SecurityEvent.objects.get()
    assert (event.kind, event.user_id, event.detail) == ("staff-refused", learner.pk, "/admin/")
