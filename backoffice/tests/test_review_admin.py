"""Reviews in the admin: replying and hiding."""

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils.html import strip_tags

from accounts.models import User
from backoffice.groups import OPERATORS, SELLERS
from catalog.models import Review
from catalog.reviews import hide_review, write_review
from testing.staff_sessions import sign_in_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(client):
    superuser = User.objects.create_superuser("sue@example.org", "a-long-pass-phrase")
    return sign_in_staff(client, superuser)


@pytest.fixture
def review(owner, test_bank, at):
    return write_review(
        learner=owner,
        test_bank=test_bank,
        stars=2,
        words="Too short.",
        author_name="Mira",
        at=at,
    )


def page(name, review):
    return reverse(f"admin:catalog_review_{name}", args=[review.pk])


def press(office, name, review, **fields):
    return office.post(page(name, review), {"_form_submitted": "True", **fields})


def test_only_reply_can_be_edited(office, review):
    office.post(page("change", review), {"reply": " We add ten more. ", "stars": "5"})
    review.refresh_from_db()
    assert (review.reply, review.stars) == ("We add ten more.", 2)
    assert review.replied_at is not None


def test_reply_can_be_removed(office, review):
    for reply in ("Thanks", ""):
        office.post(page("change", review), {"reply": reply})
    review.refresh_from_db()
    assert (review.reply, review.replied_at) == ("", None)


def test_review_is_hidden_and_shown(office, review, test_bank):
    press(office, "hide", review, reason="Names a question")
    press(office, "hide", review, reason="Another")
    review.refresh_from_db()
    test_bank.refresh_from_db()
    assert (review.hidden_reason, test_bank.review_count) == ("Names a question", 0)
    press(office, "show", review)
    review.refresh_from_db()
    test_bank.refresh_from_db()
    assert (review.is_hidden, test_bank.review_count) == (False, 1)


@pytest.mark.parametrize(("is_hidden", "offered"), [(False, "hide"), (True, "show")])
def test_only_the_action_that_changes_something_is_offered(office, review, at, is_hidden, offered):
    if is_hidden:
        hide_review(review=review, reason="rude", at=at)
    text = office.get(page("change", review)).text
    assert [name for name in ("hide", "show") if page(name, review) in text] == [offered]


def test_hiding_review_requires_reason_and_post(office, review):
    office.get(page("hide", review))
    press(office, "hide", review, reason="")
    review.refresh_from_db()
    assert not review.is_hidden


def test_showing_review_requires_post(office, review, at):
    hide_review(review=review, reason="rude", at=at)
    office.get(page("show", review))
    review.refresh_from_db()
    assert review.is_hidden


@pytest.mark.parametrize(
    ("words", "shown"),
    [("", "–"), ("Too short.", "Too short."), ("word " * 20, f"{'word ' * 13}word…")],
)
def test_list_shows_the_first_whole_words(office, review, words, shown):
    Review.objects.update(words=words)
    told = office.get(reverse("admin:catalog_review_changelist")).text
    cell = told.partition("field-beginning")[2].partition("</th>")[0]
    assert strip_tags(f"<th{cell}").strip() == shown


def test_reviews_cannot_be_added_or_deleted(office, review):
    assert office.post(reverse("admin:catalog_review_add"), {}).status_code == 403
    assert office.post(page("delete", review), {"post": "yes"}).status_code == 403
    assert Review.objects.get() == review


@pytest.mark.parametrize(("group", "status"), [(SELLERS, 302), (OPERATORS, 403)])
def test_reply_permission_by_group(client, seller, review, group, status):
    seller.groups.add(Group.objects.get(name=group))
    answer = sign_in_staff(client, seller).post(page("change", review), {"reply": "Thanks"})
    assert answer.status_code == status
    assert Review.objects.filter(reply="Thanks").exists() == (status == 302)


def test_operator_cannot_hide_review(client, seller, review):
    seller.groups.add(Group.objects.get(name=OPERATORS))
    press(sign_in_staff(client, seller), "hide", review, reason="mine")
    review.refresh_from_db()
    assert not review.is_hidden
