"""What strangers, learners, owners and sellers see of banks."""

import gzip
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from catalog.models import Access, BankQuestion, Review, TestBank
from catalog.services import grant_access
from catalog.services.changes import record_change

EVERYBODY = ["anonymous", "learner", "owner", "seller"]
# Of a signed-in person: the session and the user, read for the header of every page.
SESSION_AND_USER = 2
# The bank, its changes, its reviews, and its related banks: the next, and more at the end.
MOST_OF_DETAIL = 5
GENERATION = 1


@pytest.fixture
def visit(client, request):
    """Gets a page as somebody of the cast."""

    def visit(who, name, *arguments):
        if who != "anonymous":
            client.force_login(request.getfixturevalue(who))
        return client.get(reverse(f"catalog:{name}", args=arguments))

    return visit


def withdraw(test_bank):
    TestBank.objects.filter(pk=test_bank.pk).update(status="withdrawn")


def revoke(owner):
    owner.accesses.update(revoked_at=timezone.now())


def expire(owner):
    now = timezone.now()
    owner.accesses.update(starts_at=now - timedelta(days=2), expires_at=now - timedelta(days=1))


# The list


@pytest.mark.parametrize("who", EVERYBODY)
def test_list_shows_what_is_on_sale_and_nothing_else(visit, test_bank, make_bank, who):
    make_bank("draft", status="draft")
    make_bank("gone", status="withdrawn")
    response = visit(who, "list")
    assert response.status_code == 200
    assert [bank.slug for bank in response.context["test_banks"]] == ["git"]


def test_list_tells_price_number_of_questions_and_length(visit, make_bank):
    make_bank("c", price_minor=1999, currency="JPY")
    make_bank("b", questions=2, price_minor=0)
    make_bank("a", questions=1, price_minor=1999, access_days=30)
    text = visit("anonymous", "list").text
    told = re.findall(r"<span>(\d.*?)</span>\s*<span class=\"price\">(.*?)</span>", text, re.DOTALL)
    assert [tuple(" ".join(part.split()) for part in pair) for pair in told] == [
        ("1 question · 30-day access", "$19.99"),
        ("2 questions · lifetime access", "Free"),
        ("5 questions · lifetime access", "¥1,999"),
    ]


def test_list_without_banks_says_so(visit, db):
    assert "No test banks yet" in visit("anonymous", "list").text


def test_titles_are_words_and_never_markup(visit, make_bank):
    make_bank("evil", title="<script>alert(1)</script>", summary="<b>", description="<i>\n</i>")
    for page in (visit("anonymous", "list"), visit("anonymous", "detail", "evil")):
        assert "<script>alert" not in page.text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text


# One bank


@pytest.mark.parametrize("who", ["anonymous", "learner"])
def test_detail_offers_the_bank(visit, test_bank, who):
    response = visit(who, "detail", "git")
    assert response.status_code == 200
    assert reverse("payments:checkout", args=["git"]) in response.text
    assert "$19.00" in response.text
    assert "5 questions" in response.text
    assert reverse("practice:start", args=["git"]) not in response.text


def test_detail_lets_the_owner_practise(visit, owner):
    response = visit("owner", "detail", "git")
    assert reverse("practice:start", args=["git"]) in response.text
    assert reverse("payments:checkout", args=["git"]) not in response.text


@pytest.mark.parametrize("end", [revoke, expire])
def test_detail_offers_the_bank_again_when_the_access_has_ended(visit, owner, end):
    end(owner)
    response = visit("owner", "detail", "git")
    assert reverse("payments:checkout", args=["git"]) in response.text
    assert reverse("practice:start", args=["git"]) not in response.text


@pytest.mark.parametrize("name", ["detail", "cover"])
@pytest.mark.parametrize(("who", "status"), [("anonymous", 404), ("learner", 404), ("seller", 200)])
def test_draft_is_seen_by_sellers_alone(visit, make_bank, who, status, name):
    make_bank("draft", status="draft")
    assert visit(who, name, "draft").status_code == status


@pytest.mark.parametrize("name", ["detail", "cover"])
@pytest.mark.parametrize(
    ("who", "status"), [("anonymous", 404), ("learner", 404), ("owner", 200), ("seller", 200)]
)
def test_withdrawn_bank_stays_with_its_owners(visit, test_bank, owner, who, status, name):
    withdraw(test_bank)
    assert visit(who, name, "git").status_code == status


@pytest.mark.parametrize("end", [revoke, expire])
def test_withdrawn_bank_is_not_offered_to_who_owned_it(visit, test_bank, owner, end):
    withdraw(test_bank)
    end(owner)
    response = visit("owner", "detail", "git")
    assert "This test bank is no longer for sale." in response.text
    assert reverse("payments:checkout", args=["git"]) not in response.text


def test_detail_of_nothing_is_not_found(visit, db):
    assert visit("anonymous", "detail", "none").status_code == 404


def test_detail_shows_the_domains_the_largest_first(visit, test_bank):
    domains = visit("anonymous", "detail", "git").context["domains"]
    assert [(domain.name, domain.count, domain.percent) for domain in domains] == [
        ("Odd", 3, 60),
        ("Even", 2, 40),
    ]


def test_detail_of_an_empty_bank(visit, make_bank):
    make_bank("empty", questions=0)
    response = visit("anonymous", "detail", "empty")
    assert response.status_code == 200
    assert ("Sample question" in response.text, 'id="contents"' in response.text) == (False, False)


@pytest.mark.parametrize("rows", [1, 3])
def test_detail_costs_the_same_for_one_and_three_questions_changes_and_reviews(
    client, make_bank, owner, at, django_assert_num_queries, uncached, rows
):
    bank = make_bank("zzz", title="Zzz", questions=rows)
    for number in range(rows):
        record_change(test_bank=bank, at=at, added=number + 1)
        learner = User.objects.create_user(f"reviewer{number}@example.org", "a-long-pass-phrase")
        Review.objects.create(test_bank=bank, learner=learner, stars=5, written_at=at)
    TestBank.objects.filter(slug="zzz").update(review_count=rows, review_sum=5 * rows)
    with django_assert_num_queries(MOST_OF_DETAIL):
        client.get(reverse("catalog:detail", args=["zzz"]))


@pytest.mark.parametrize("rows", [1, 3])
def test_detail_costs_less_where_the_category_goes_on(
    client, make_bank, django_assert_num_queries, uncached, rows
):
    for title in ("A", "X", "Y", "Z"):
        make_bank(title.lower(), title=title, questions=rows)
    with django_assert_num_queries(2):
        client.get(reverse("catalog:detail", args=["a"]))


@pytest.mark.parametrize("rows", [1, 3])
def test_detail_costs_an_owner_the_same_for_one_and_three_accesses(
    client, owner, test_bank, django_assert_num_queries, at, rows
):
    for number in range(rows - 1):
        grant_access(
            learner=owner,
            test_bank=test_bank,
            source_kind=Access.Source.ORDER,
            source_id=str(number),
            starts_at=at,
            access_days=None,
        )
    client.force_login(owner)
    bank_related_access_and_review = 1 + 2 + 2
    with django_assert_num_queries(SESSION_AND_USER + GENERATION + bank_related_access_and_review):
        client.get(reverse("catalog:detail", args=["git"]))


@pytest.mark.parametrize("page", ["/banks/git/", "/banks/", "/"])
def test_cached_parts_of_a_page_hold_nothing_personal(client, owner, seller, test_bank, page):
    personal = [seller.email, owner.email, "/admin/", "/my-banks/", "/practice/git/"]
    for person in (seller, owner):
        client.force_login(person)
        assert person.email in client.get(page).text.replace("<wbr>", "")
    of_stranger = Client().get(page).text.replace("<wbr>", "")
    assert [word for word in personal if word in of_stranger] == []
    of_owner = client.get(page).text.replace("<wbr>", "")
    assert [word for word in (seller.email, "/admin/") if word in of_owner] == []


@pytest.mark.parametrize("name", ["list", "detail", "cover", "my_banks"])
def test_pages_that_show_cannot_be_posted_to(client, learner, test_bank, name):
    client.force_login(learner)
    arguments = ["git"] if name in {"detail", "cover"} else []
    assert client.post(reverse(f"catalog:{name}", args=arguments)).status_code == 405


def test_cover_is_a_picture_that_may_be_kept(visit, test_bank):
    response = visit("anonymous", "cover", "git")
    assert response["Content-Type"] == "image/svg+xml"
    assert response["Cache-Control"] == "max-age=86400, public"
    assert response.text.startswith("<svg ")


def test_cover_of_a_draft_is_not_kept_where_others_could_get_it(visit, make_bank):
    make_bank("draft", status="draft")
    response = visit("seller", "cover", "draft")
    assert response["Cache-Control"] == "max-age=86400, private"


# Sample questions


@pytest.fixture
def sample():
    return reverse("catalog:sample", args=["git", 1])


@pytest.mark.parametrize("who", EVERYBODY)
def test_sample_can_be_tried_by_everybody(visit, test_bank, owner, who):
    response = visit(who, "sample", "git", 1)
    assert response.status_code == 200
    assert "Question 1?" in response.text


SIGNS = (
    "Because of",
    "choice--right",
    "choice--wrong",
    "explanation",
    "feedback",
    "verdict",
    "weight",
)


@pytest.mark.parametrize(
    ("who", "offered"), [("anonymous", True), ("learner", True), ("owner", False)]
)
def test_sample_has_its_purchase(visit, test_bank, owner, who, offered):
    text = visit(who, "sample", "git", 1).text
    assert ('action="/payments/checkout/git/"' in text, "$19.00" in text) == (offered, offered)


def test_sample_that_is_not_answered_holds_no_sign_of_the_key(visit, test_bank):
    text = visit("anonymous", "sample", "git", 1).text
    assert [sign for sign in SIGNS if sign in text] == []
    rows = re.findall(r"<label class=.*?</label>", text, re.DOTALL)
    assert len(rows) == 4
    bare = {re.sub(r"\b[a-dA-D]\b", "·", row) for row in rows}
    assert len(bare) == 1, "one choice is told apart from the others"


def test_sample_right_answer_is_told_with_the_reason(client, test_bank, sample):
    text = client.post(sample, {"choice": "b"}).text
    assert "Your answer (correct)" in text
    assert "Because of 1." in text
    assert reverse("catalog:sample", args=["git", 2]) in text
    assert f'href="{reverse("catalog:detail", args=["git"])}">View test bank<' in text


def test_sample_wrong_answer_is_told_beside_the_right_one(client, test_bank, sample):
    text = client.post(sample, {"choice": "a"}).text
    assert (text.count("choice--right"), text.count("choice--wrong")) == (1, 1)
    assert "Because of 1." in text


def verdicts(text):
    found = re.findall(r'<p class="verdict".*?</p>', text, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]*>", "", one).split()) for one in found]


@pytest.mark.parametrize(("choice", "verdict"), [("b", "Correct"), ("a", "Incorrect")])
def test_sample_has_the_verdict_of_practice(client, test_bank, sample, choice, verdict):
    assert verdicts(client.post(sample, {"choice": choice}).text) == [verdict]
    practiced = client.post(
        reverse("practice:samples", args=["git"]), {"choice": choice, "check": "1"}
    )
    assert verdicts(practiced.text) == [verdict]


@pytest.mark.parametrize("data", [{}, {"choice": ""}, {"choice": "z"}, {"choice": "a\0"}])
def test_sample_without_a_choice_that_it_has_tells_nothing(client, test_bank, sample, data):
    response = client.post(sample, data)
    assert response.status_code == 200
    assert [sign for sign in SIGNS if sign in response.text] == []


def test_sample_answer_needs_the_token_of_the_form(test_bank, sample):
    assert Client(enforce_csrf_checks=True).post(sample, {"choice": "b"}).status_code == 403


@pytest.mark.parametrize("number", [0, 4, 99, 10**30])
def test_sample_that_is_not_there_is_not_found(visit, test_bank, number):
    assert visit("anonymous", "sample", "git", number).status_code == 404


def test_last_sample_leads_nowhere_further(client, test_bank):
    response = client.post(reverse("catalog:sample", args=["git", 3]), {"choice": "b"})
    assert response.context["next_number"] is None


def test_samples_are_those_that_were_chosen_in_the_order_of_the_bank(visit, test_bank):
    BankQuestion.objects.filter(test_bank=test_bank).update(is_sample=False)
    BankQuestion.objects.filter(test_bank=test_bank, position__in=[2, 5]).update(is_sample=True)
    assert "Question 2?" in visit("anonymous", "sample", "git", 1).text
    assert "Question 5?" in visit("anonymous", "sample", "git", 2).text
    assert visit("anonymous", "sample", "git", 3).status_code == 404


def test_sample_of_a_draft_is_not_found(visit, make_bank):
    make_bank("draft", status="draft")
    assert visit("learner", "sample", "draft", 1).status_code == 404


def test_sample_costs_two_statements(client, test_bank, sample, django_assert_num_queries):
    for send in (client.get, lambda url: client.post(url, {"choice": "b"})):
        with django_assert_num_queries(2):
            send(sample)


# My banks


def test_my_banks_asks_a_stranger_to_sign_in(visit, db):
    response = visit("anonymous", "my_banks")
    assert response["Location"] == "/accounts/login/?next=/my-banks/"


@pytest.mark.parametrize("who", ["learner", "seller"])
def test_my_banks_without_one_leads_to_the_shop(visit, test_bank, owner, who):
    response = visit(who, "my_banks")
    assert "No test banks yet" in response.text
    assert "Bank git" not in response.text


@pytest.mark.parametrize(("days", "words"), [(1, "1 day left"), (14, "14 days left")])
def test_page_of_a_bank_says_how_many_days_are_left(visit, owner, days, words):
    owner.accesses.update(expires_at=timezone.now() + timedelta(days=days))
    assert words in visit("owner", "detail", "git").text


def test_page_of_a_bank_without_end_counts_no_days(visit, owner):
    assert "left" not in visit("owner", "detail", "git").text.partition("Lifetime access")[2][:200]


def test_my_banks_lets_the_owner_practise(visit, owner):
    response = visit("owner", "my_banks")
    assert "Lifetime access" in response.text
    assert reverse("practice:start", args=["git"]) in response.text


def withhold(reason):
    def end(owner):
        owner.accesses.update(withheld_from=timezone.now(), withheld_reason=reason)

    return end


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (revoke, "The seller ended your access."),
        (expire, "Your access expired on "),
        (withhold("refund"), "Your access ended because this purchase was refunded."),
        (withhold("dispute"), "Your access is suspended because the payment was disputed."),
        (withhold("lost"), "Your access ended because your bank reversed the payment."),
    ],
)
def test_my_banks_says_why_an_access_ended(visit, owner, test_bank, end, words):
    end(owner)
    withdraw(test_bank)
    response = visit("owner", "my_banks")
    assert (words in response.text, "Your results are saved." in response.text) == (True, True)
    assert reverse("practice:start", args=["git"]) not in response.text


def test_my_banks_shows_each_bank_once_with_its_best_access(visit, owner, test_bank, make_bank, at):
    def grant(bank, source_id, days):
        grant_access(
            learner=owner,
            test_bank=bank,
            source_kind=Access.Source.ORDER,
            source_id=source_id,
            starts_at=timezone.now() if days else at,
            access_days=days,
        )

    grant(test_bank, "1", 30)
    other = make_bank("a-timed-one", title="A timed one")
    grant(other, "2", 30)
    grant(other, "3", 60)
    ended = make_bank("an-ended-one", title="An ended one")
    grant(ended, "4", 30)
    ended.accesses.update(revoked_at=timezone.now())
    owned = visit("owner", "my_banks").context["owned_banks"]
    assert [(one.test_bank.slug, one.is_live) for one in owned] == [
        ("a-timed-one", True),
        ("git", True),
        ("an-ended-one", False),
    ]
    assert owned[0].expires_at == other.accesses.get(source_id="3").expires_at
    assert owned[1].expires_at is None


@pytest.mark.parametrize("banks", [1, 3])
def test_my_banks_costs_the_same_for_one_and_three(
    client, owner, make_bank, django_assert_num_queries, at, banks
):
    for number in range(banks - 1):
        grant_access(
            learner=owner,
            test_bank=make_bank(f"bank-{number}"),
            source_kind=Access.Source.ORDER,
            source_id=str(number),
            starts_at=at,
            access_days=None,
        )
    client.force_login(owner)
    with django_assert_num_queries(SESSION_AND_USER + 1):
        client.get(reverse("catalog:my_banks"))


def test_my_banks_leads_to_orders_and_to_how_far_one_is(visit, owner):
    text = visit("owner", "my_banks").text
    assert reverse("payments:orders") in text
    assert reverse("practice:progress") in text


@pytest.mark.parametrize(
    ("left", "told"),
    [
        (timedelta(minutes=5), ["1 day left"]),
        (timedelta(days=8, hours=1), ["9 days left"]),
        (timedelta(days=14), ["14 days left"]),
        (timedelta(days=14, minutes=5), []),
    ],
)
def test_my_banks_tells_when_an_access_ends_soon(visit, owner, left, told):
    owner.accesses.update(expires_at=timezone.now() + left)
    assert re.findall(r"\d+ days? left", visit("owner", "my_banks").text) == told


def test_a_cover_travels_compressed_to_whoever_takes_it(client, test_bank):
    address = reverse("catalog:cover", args=[test_bank.slug])
    plain = client.get(address)
    small = client.get(address, headers={"accept-encoding": "gzip"})
    assert (plain.headers.get("Content-Encoding"), small["Content-Encoding"]) == (None, "gzip")
    assert gzip.decompress(small.content) == plain.content
    assert len(small.content) < len(plain.content) / 3
    assert "Accept-Encoding" in small["Vary"].split(", ")
