"""Reviews: who may write one, what they add up to, what staff may do, what pages show."""

import re
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from catalog.errors import NotAnOwner
from catalog.models import Access, Review
from catalog.reviews import (
    hide_review,
    remove_review,
    reply_to_review,
    show_review,
    write_review,
)
from catalog.reviews.pages import Tally, review_page, tally_of
from catalog.services import grant_access
from catalog.tests.services.test_access import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.pages]


def give(learner, bank, at):
    return grant_access(
        learner=learner,
        test_bank=bank,
        source_kind=Access.Source.ORDER,
        source_id="1",
        starts_at=at,
        access_days=None,
    )


@pytest.fixture
def make_review(test_bank, at):
    """Makes a review by a learner of its own, who owns the bank."""
    number = 0

    def make(stars=4, *, words="Helped me.", bank=test_bank, author_name="", days=0):
        nonlocal number
        number += 1
        author = User.objects.create_user(f"author{number}@example.org")
        give(author, bank, at)
        return write_review(
            learner=author,
            test_bank=bank,
            stars=stars,
            words=words,
            author_name=author_name,
            at=at + timedelta(days=days, minutes=number),
        )

    return make


@pytest.fixture
def write(owner, test_bank, at):
    """Writes the owner's review."""
    return partial(
        write_review,
        learner=owner,
        test_bank=test_bank,
        stars=4,
        words="Good.",
        author_name="Mira",
        at=at,
    )


def counted(test_bank):
    test_bank.refresh_from_db()
    return test_bank.review_count, test_bank.review_sum, test_bank.average_stars


# Writing


def test_review_counts_for_the_bank(write, test_bank):
    write()
    assert counted(test_bank) == (1, 4, Decimal("4.0"))


def test_same_review_twice_is_one_and_not_edited(write, test_bank, at):
    first, again = write(), write(at=at + timedelta(days=1))
    assert (first.pk, again.edited_at, again.written_at) == (again.pk, None, at)
    assert counted(test_bank) == (1, 4, Decimal("4.0"))


@pytest.mark.django_db(transaction=True)
def test_same_review_twice_at_once_is_one(write, test_bank):
    first, second = at_once(write)
    assert first == second
    assert counted(test_bank) == (1, 4, Decimal("4.0"))


@pytest.mark.django_db(transaction=True)
def test_two_reviews_at_once_both_count(write, owner, other_learner, test_bank, at):
    give(other_learner, test_bank, at)
    authors = iter([(owner, 5), (other_learner, 2)])

    def write_next():
        learner, stars = next(authors)
        return write(learner=learner, stars=stars)

    at_once(write_next)
    assert counted(test_bank) == (2, 7, Decimal("3.5"))


def test_changed_review_stays_one_and_says_so(write, test_bank, at):
    write()
    later = at + timedelta(days=1)
    changed = write(stars=2, words="Less good.", at=later)
    assert (changed.stars, changed.words, changed.edited_at) == (2, "Less good.", later)
    assert counted(test_bank) == (1, 2, Decimal("2.0"))


def test_former_owner_may_review(write, owner, test_bank, at):
    owner.accesses.update(revoked_at=at, revoke_reason="refunded")
    write()
    assert counted(test_bank)[0] == 1


@pytest.mark.parametrize("who", ["learner", "seller"])
def test_who_never_owned_the_bank_may_not_review(request, write, test_bank, who):
    with pytest.raises(NotAnOwner):
        write(learner=request.getfixturevalue(who))
    assert counted(test_bank) == (0, 0, None)


def test_seller_with_access_may_not_review(seller, write, test_bank, at):
    give(seller, test_bank, at)
    with pytest.raises(NotAnOwner):
        write(learner=seller)


@pytest.mark.parametrize("stars", [0, 6])
def test_stars_are_one_to_five(write, stars):
    with pytest.raises(IntegrityError, match="catalog_"):
        write(stars=stars)


def test_removed_review_counts_no_longer(write, owner, test_bank):
    write()
    assert remove_review(learner=owner, test_bank=test_bank)
    assert not remove_review(learner=owner, test_bank=test_bank)
    assert counted(test_bank) == (0, 0, None)


def test_average_is_rounded_as_people_do(make_review, test_bank):
    for stars in (5, 4, 4, 4):
        make_review(stars)
    assert counted(test_bank) == (4, 17, Decimal("4.3"))
    assert (test_bank.rating, test_bank.star_bubbles) == (425, ["filled"] * 4 + ["half"])


# What staff do


def test_hidden_review_leaves_page_and_average_until_shown_again(
    make_review, test_bank, at, client
):
    bad, _good = make_review(1, words="Buy at my shop"), make_review(5)
    assert hide_review(review=bad, reason="advertises", at=at)
    assert not hide_review(review=bad, reason="other", at=at)
    assert counted(test_bank) == (1, 5, Decimal("5.0"))
    assert "Buy at my shop" not in client.get(reverse("catalog:detail", args=["git"])).text
    bad.refresh_from_db()
    assert bad.hidden_reason == "advertises"
    assert show_review(review=bad)
    assert not show_review(review=bad)
    assert counted(test_bank) == (2, 6, Decimal("3.0"))


def test_hidden_review_stays_hidden_when_its_author_changes_it(write, test_bank, at):
    hide_review(review=write(), reason="rude", at=at)
    assert write(stars=5, words="Politely.").is_hidden
    assert counted(test_bank) == (0, 0, None)


def test_reply_stands_below_the_review_and_can_be_taken_back(make_review, client, at):
    review = make_review()
    reply_to_review(review=review, reply="Thank you <3", at=at)
    page = client.get(reverse("catalog:detail", args=["git"])).text
    assert "Thank you &lt;3" in page
    reply_to_review(review=review, reply="", at=at)
    review.refresh_from_db()
    assert (review.reply, review.replied_at) == ("", None)


# Reading


def test_tally_counts_by_stars(make_review, test_bank):
    for stars in (5, 5, 4, 1):
        make_review(stars)
    assert tally_of(test_bank) == [
        Tally(5, 2, 50),
        Tally(4, 1, 25),
        Tally(3, 0, 0),
        Tally(2, 0, 0),
        Tally(1, 1, 25),
    ]


def test_pages_of_reviews_begin_with_the_newest(make_review, test_bank):
    for number in range(5):
        make_review(words=str(number))
    test_bank.refresh_from_db()
    pages = [review_page(test_bank, number, size=2) for number in range(5)]
    assert [page and [review.words for review in page.reviews] for page in pages] == [
        None,
        ["4", "3"],
        ["2", "1"],
        ["0"],
        None,
    ]
    assert [(page.before, page.after) for page in pages if page] == [(None, 2), (1, 3), (2, None)]


def test_bank_without_reviews_says_nothing_of_them(client, test_bank):
    text = client.get(reverse("catalog:detail", args=["git"])).text
    assert "Reviews from owners" not in text
    assert "reviews" not in text


def test_page_shows_three_reviews_and_leads_to_all(client, make_review):
    for number in range(4):
        make_review(stars=number + 2, words=f"Words {number}", author_name=f"Name {number}")
    text = client.get(reverse("catalog:detail", args=["git"])).text
    assert [f"Words {number}" in text for number in range(4)] == [False, True, True, True]
    assert "All 4 reviews" in text
    assert "3.5" in text
    assert "Name 3" in text


def test_reviews_are_words_and_never_markup_or_links(client, make_review):
    words = "<script>alert(1)</script> https://spam.example\n\nSecond"
    make_review(words=words, author_name="<b>Eve</b>")
    for name in ("detail", "reviews"):
        text = client.get(reverse(f"catalog:{name}", args=["git"])).text
        assert "<script>alert" not in text
        assert "&lt;b&gt;Eve&lt;/b&gt;" in text
        assert 'href="https://spam' not in text


def test_review_without_a_display_name_is_anonymous(client, make_review):
    make_review()
    for name in ("detail", "reviews"):
        text = client.get(reverse(f"catalog:{name}", args=["git"])).text
        assert "<bdi>Anonymous</bdi>" in text


def test_no_page_tells_an_address(client, make_review):
    make_review()
    for name in ("detail", "reviews"):
        text = client.get(reverse(f"catalog:{name}", args=["git"])).text
        assert "@example.org" not in text.replace("<wbr>", "")


@pytest.mark.parametrize("page", ["0", "2", "-1", "x", "99999999", "²"])
def test_page_that_is_not_there_is_not_found(client, make_review, page):
    make_review()
    address = reverse("catalog:reviews", args=["git"])
    assert client.get(address, {"page": page}).status_code == 404


def test_all_reviews_of_a_bank_without_any(client, test_bank):
    assert "No reviews yet" in client.get(reverse("catalog:reviews", args=["git"])).text


def test_reviews_of_a_draft_are_not_found(client, make_bank):
    make_bank("draft", status="draft")
    assert client.get(reverse("catalog:reviews", args=["draft"])).status_code == 404


def test_a_card_tells_the_average_and_how_many(client, test_bank, make_review, uncached):
    assert 'class="rating"' not in client.get("/banks/").text
    make_review(stars=4)
    make_review(stars=5)
    assert "<strong>4.5</strong> (2)" in client.get("/banks/").text


@pytest.mark.parametrize("rows", [1, 3])
def test_reviews_cost_the_same_for_one_and_three(
    client, make_review, django_assert_num_queries, uncached, rows
):
    for _number in range(rows):
        make_review()
    with django_assert_num_queries(2):
        client.get(reverse("catalog:reviews", args=["git"]))


def test_visitor_sees_a_new_review_at_once(client, make_review, test_bank, commit):
    address = reverse("catalog:detail", args=["git"])
    client.get(address)
    commit(lambda: make_review(words="Brand new"))
    assert "Brand new" in client.get(address).text


# The form

FORM = {"stars": "5", "words": "Very good.", "author_name": "Mira"}


@pytest.fixture
def form():
    return reverse("catalog:review", args=["git"])


def test_stranger_signs_in_first(client, test_bank, form):
    response = client.post(form, FORM)
    assert response["Location"] == f"/accounts/login/?next={form}"
    assert not Review.objects.exists()


@pytest.mark.parametrize("who", ["learner", "seller"])
def test_who_is_no_owner_is_sent_back(client, request, test_bank, form, who):
    client.force_login(request.getfixturevalue(who))
    for response in (client.get(form), client.post(form, FORM)):
        assert response["Location"] == reverse("catalog:detail", args=["git"])
    assert not Review.objects.exists()


@pytest.mark.parametrize("is_former", [False, True])
def test_owner_writes_and_reads_it(client, owner, test_bank, form, is_former):
    if is_former:
        owner.accesses.update(revoked_at=timezone.now())
    client.force_login(owner)
    detail = reverse("catalog:detail", args=["git"])
    assert "Write a review" in client.get(detail).text
    page = client.post(form, FORM, follow=True)
    assert "Your review is now on" in page.text
    assert "Very good." in page.text
    assert "Edit your review" in page.text
    assert Review.objects.values_list("stars", "words", "author_name", "learner").get() == (
        (5, "Very good.", "Mira", owner.pk)
    )


def test_owner_finds_their_review_to_change(client, owner, write, form):
    write(stars=3, words="So so.")
    client.force_login(owner)
    text = client.get(form).text
    assert "So so." in text
    assert re.findall(r'name="stars" value="(\d)"[^>]* checked', text) == ["3"]
    client.post(form, {**FORM, "stars": "1"})
    assert Review.objects.get().stars == 1


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("stars", "", "Select a rating."),
        ("stars", "6", "Select a valid choice"),
        ("author_name", "mira@example.org", "Enter a name, not an email address or URL"),
        ("author_name", "https://mira.example", "Enter a name, not an email address or URL"),
        ("words", "x" * 3001, "at most 3000 characters"),
    ],
)
def test_form_says_what_is_wrong_and_keeps_nothing(client, owner, form, field, value, told):
    client.force_login(owner)
    response = client.post(form, {**FORM, field: value})
    assert response.status_code == 200
    assert told in response.text
    assert not Review.objects.exists()


def test_author_reads_why_it_is_hidden(client, owner, write, form, at):
    hide_review(review=write(), reason="Names a question", at=at)
    client.force_login(owner)
    assert "Names a question" in client.get(form).text
    page = client.post(form, FORM, follow=True)
    assert "It stays hidden" in page.text
    assert "Names a question" in page.text


def test_review_needs_the_token_of_the_form(owner, form):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(owner)
    assert strict.post(form, FORM).status_code == 403


def test_owner_removes_their_review_and_nobody_elses(client, owner, write, make_review, test_bank):
    write()
    other = make_review()
    client.force_login(owner)
    address = reverse("catalog:remove_review", args=["git"])
    assert "Your review was deleted." in client.post(address, follow=True).text
    assert list(Review.objects.all()) == [other]
    assert client.get(address).status_code == 405
