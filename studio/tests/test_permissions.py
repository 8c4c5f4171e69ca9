"""Who may open which page of the desk."""

import pytest
from django.urls import reverse

from accounts.models import User
from studio.models import BankRole
from studio.tests.conftest import sign_in, staff

pytestmark = [pytest.mark.django_db, pytest.mark.pages]

# Each page of a bank with who of author and reviewer may open it; sellers open all.
BOTH = frozenset({"author", "reviewer"})
NOBODY: frozenset[str] = frozenset()
BANK_PAGES = {
    "bank": BOTH,
    "settings": NOBODY,
    "questions": BOTH,
    "question": BOTH,
    "versions": BOTH,
    "statistics": BOTH,
    "reports": BOTH,
    "as_learner": BOTH,
    "regrade": frozenset({"reviewer"}),
    "new_question": BOTH,
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
}
MORE = {"new_question": ["numeric"], "preview": ["numeric"], "draft": ["numeric"]}


@pytest.fixture
def address(test_bank, place):
    def address(name):
        more = MORE.get(name, [])
        if name in {"question", "versions", "regrade", "review_step"}:
            more = [place.question.public_id]
        return reverse(f"studio:{name}", args=[test_bank.slug, *more])

    return address


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
