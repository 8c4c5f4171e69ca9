"""Who may open which page of the desk."""

import pytest
from django.urls import reverse

from accounts.models import User
from studio.models import BankRole
from studio.tests.conftest import sign_in, staff

pytestmark = pytest.mark.django_db

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


@pytest.mark.parametrize("name", [*BANK_PAGES, *POSTS])
def test_stranger_is_sent_to_sign_in(client, address, name):
    response = client.get(address(name))
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("name", [*BANK_PAGES, *POSTS])
def test_learner_and_owner_get_404(client, address, owner, learner, name):
    for user in (owner, learner):
        client.force_login(user)
        assert client.get(address(name)).status_code == 404


@pytest.mark.parametrize("name", [*BANK_PAGES, *POSTS])
def test_author_of_another_bank_gets_404(make_bank, address, name):
    stranger = staff("stranger@example.org")
    BankRole.objects.create(test_bank=make_bank("other"), user=stranger, role="author")
    client = sign_in(stranger)
    assert client.get(address(name)).status_code == 404
    assert client.post(address(name)).status_code == 404


@pytest.mark.parametrize("who", ["author", "reviewer"])
@pytest.mark.parametrize(("name", "allowed"), BANK_PAGES.items())
def test_roles_open_their_pages(request, address, who, name, allowed):
    client = sign_in(request.getfixturevalue(who))
    assert client.get(address(name)).status_code == (200 if who in allowed else 403)


@pytest.mark.parametrize("who", ["author", "reviewer"])
@pytest.mark.parametrize(("name", "allowed"), POSTS.items())
def test_roles_send_their_forms(request, address, who, name, allowed):
    response = sign_in(request.getfixturevalue(who)).post(address(name))
    assert (response.status_code == 403) == (who not in allowed)


@pytest.mark.parametrize("name", BANK_PAGES)
def test_seller_opens_every_page(desk, address, name):
    assert desk.get(address(name)).status_code == 200


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
