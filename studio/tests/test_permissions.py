"""Who may open which page of the desk."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from studio.models import BankRole, Import, QuestionReport
from studio.tests.conftest import sign_in, staff
from studio.urls import urlpatterns

pytestmark = [pytest.mark.django_db, pytest.mark.pages]

# Each page of a bank with who of author and reviewer may open it; sellers open all.
BOTH = frozenset({"author", "reviewer"})
REVIEWER = frozenset({"reviewer"})
NOBODY: frozenset[str] = frozenset()
BANK_PAGES = {
    "bank": BOTH,
    "settings": NOBODY,
    "questions": BOTH,
    "question": BOTH,
    "versions": BOTH,
    "statistics": BOTH,
    "quality": BOTH,
    "reports": BOTH,
    "as_learner": BOTH,
    "regrade": REVIEWER,
    "new_question": BOTH,
    "imports": REVIEWER,
    "import": REVIEWER,
    "export": BOTH,
    "report": BOTH,
    "cover": BOTH,
}
POSTS = {
    "publish": NOBODY,
    "unpublish": NOBODY,
    "add_role": NOBODY,
    "edit_questions": BOTH,
    "review_step": BOTH,
    "preview": BOTH,
    "draft": BOTH,
    "picture": BOTH,
    "accept": REVIEWER,
    "discard": REVIEWER,
    "undo_import": REVIEWER,
    "undo_edit": BOTH,
    # The question is published.
    "restore": REVIEWER,
    "delete_role": NOBODY,
}
# Pages of the whole desk. A role opens its banks and what is to review in them.
DESK_PAGES = {
    "home": BOTH,
    "review_queue": BOTH,
    "sales": NOBODY,
    "sales_file": NOBODY,
    "visits_file": NOBODY,
    "accesses": NOBODY,
    "grant": NOBODY,
    "access": NOBODY,
    "audit_log": NOBODY,
    "new_bank": NOBODY,
}


@pytest.fixture
def address(test_bank, place):
    public_id, version = place.question.public_id, place.question.current
    row = Import.objects.create(test_bank=test_bank, at=timezone.now(), status="discarded").pk
    report = QuestionReport.objects.create(
        test_bank=test_bank,
        question=place.question,
        version=version,
        reason="key",
        opened_at=timezone.now(),
    ).pk
    more = {
        **dict.fromkeys(("new_question", "preview", "draft"), ("numeric",)),
        **dict.fromkeys(("question", "versions", "regrade", "review_step"), (public_id,)),
        **dict.fromkeys(("import", "accept", "discard", "undo_import"), (row,)),
        "restore": (public_id, 1),
        "report": (report,),
        "export": ("jsonl",),
        "cover": (1,),
        "undo_edit": (1,),
        "delete_role": (1,),
    }
    return lambda name: reverse(f"studio:{name}", args=[test_bank.slug, *more.get(name, [])])


@pytest.fixture
def desk_address(owner):
    access = owner.accesses.get()
    return lambda name: reverse(
        f"studio:{name}", args=[access.public_id] if name == "access" else []
    )


def test_every_page_is_listed():
    listed = [*BANK_PAGES, *POSTS, *DESK_PAGES]
    assert sorted(listed) == sorted(str(pattern.name) for pattern in urlpatterns)


def test_stranger_is_sent_to_sign_in(client, address):
    for name in (*BANK_PAGES, *POSTS):
        response = client.get(address(name))
        assert (name, response.status_code) == (name, 302)
        assert response["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("who", ["owner", "learner"])
def test_learner_and_owner_get_404(client, request, address, who):
    client.force_login(request.getfixturevalue(who))
    statuses = {name: client.get(address(name)).status_code for name in (*BANK_PAGES, *POSTS)}
    assert statuses == dict.fromkeys((*BANK_PAGES, *POSTS), 404)


def test_author_of_another_bank_gets_404(make_bank, address):
    stranger = staff("stranger@example.org")
    BankRole.objects.create(test_bank=make_bank("other"), user=stranger, role="author")
    client = sign_in(stranger)
    for name in (*BANK_PAGES, *POSTS):
        assert (name, client.get(address(name)).status_code) == (name, 404)
        assert (name, client.post(address(name)).status_code) == (name, 404)


@pytest.mark.parametrize("who", ["author", "reviewer"])
def test_roles_open_their_pages(request, address, who):
    client = sign_in(request.getfixturevalue(who))
    assert {name: client.get(address(name)).status_code for name in BANK_PAGES} == {
        name: 200 if who in allowed else 403 for name, allowed in BANK_PAGES.items()
    }


@pytest.mark.parametrize("who", ["author", "reviewer"])
def test_roles_send_their_forms(request, address, who):
    client = sign_in(request.getfixturevalue(who))
    refused = {name for name in POSTS if client.post(address(name)).status_code == 403}
    assert refused == {name for name, allowed in POSTS.items() if who not in allowed}


@pytest.mark.parametrize("who", ["author", "reviewer"])
def test_roles_open_no_page_of_the_whole_desk(request, desk_address, who):
    client = sign_in(request.getfixturevalue(who))
    for send in (client.get, client.post):
        refused = {name for name in DESK_PAGES if send(desk_address(name)).status_code == 403}
        assert refused == {name for name, allowed in DESK_PAGES.items() if who not in allowed}


def test_seller_opens_every_page(desk, address):
    statuses = {name: desk.get(address(name)).status_code for name in BANK_PAGES}
    assert statuses == dict.fromkeys(BANK_PAGES, 200)


def test_staff_without_any_bank_gets_403_at_home(db):
    client = sign_in(staff("nobody@example.org"))
    assert client.get(reverse("studio:home")).status_code == 403
    assert client.get(reverse("studio:new_bank")).status_code == 403


def test_staff_without_second_factor_is_sent_to_set_one_up(client, seller):
    client.force_login(seller)
    assert "/2fa/" in client.get(reverse("studio:home"))["Location"]


def test_inactive_staff_gets_no_page(client, seller):
    User.objects.filter(pk=seller.pk).update(is_active=False)
    client.force_login(seller)
    assert client.get(reverse("studio:home")).status_code == 302
