"""A bank from nothing to sale: created, described, priced, published, renamed."""

import re

import pytest
from django.template.loader import render_to_string
from django.urls import reverse

from catalog.models import Category, FormerSlug, TestBank
from studio.forms.banks import BankForm
from studio.models import AuditEntry, BankRole
from studio.tests.conftest import sign_in, staff

pytestmark = [pytest.mark.django_db, pytest.mark.pages]

HOME = 6


def settings_of(test_bank, **changes):
    return {
        "title": test_bank.title,
        "summary": "All of it.",
        "description": "In five questions.",
        "category": test_bank.category_id,
        "language": "en",
        "slug": test_bank.slug,
        "exam": "",
        "pass_percent": "70",
        "price": "24.90",
        "currency": "usd",
        "access_days": "90",
        "cover_seed": test_bank.slug,
        "blueprint-TOTAL_FORMS": 0,
        "blueprint-INITIAL_FORMS": 0,
        **changes,
    }


def kinds():
    return list(AuditEntry.objects.order_by("pk").values_list("kind", flat=True))


@pytest.mark.parametrize("count", [1, 3])
def test_home_costs_the_same_for_any_number_of_banks(
    desk, make_bank, django_assert_num_queries, count
):
    for number in range(count):
        make_bank(f"bank-{number}", questions=0)
    with django_assert_num_queries(HOME):
        assert len(desk.get(reverse("studio:home")).context["banks"]) == count


def test_author_sees_own_banks_only(author, test_bank, make_bank):
    make_bank("other")
    response = sign_in(author).get(reverse("studio:home"))
    assert response.context["banks"] == [test_bank]


def test_new_bank_is_a_draft_with_a_free_slug(desk, test_bank):
    response = desk.post(
        reverse("studio:new_bank"), {"title": "Git", "category": "", "new_category": "Tools"}
    )
    assert response["Location"] == reverse("studio:bank", args=["git-2"])
    made = TestBank.objects.get(slug="git-2")
    assert (made.status, made.price_minor, made.category.title) == ("draft", 0, "Tools")
    assert kinds() == ["bank_created"]


def test_new_bank_without_category_is_not_made(desk):
    response = desk.post(reverse("studio:new_bank"), {"title": "Git"})
    assert response.status_code == 422
    assert list(response.context["form"].errors) == ["category"]
    assert not TestBank.objects.exists()
    assert not Category.objects.exists()


def test_settings_are_saved(desk, test_bank):
    address = reverse("studio:settings", args=[test_bank.slug])
    response = desk.post(address, settings_of(test_bank))
    assert response["Location"] == address
    test_bank.refresh_from_db()
    assert (test_bank.price_minor, test_bank.currency) == (2490, "USD")
    assert (test_bank.access_days, test_bank.pass_percent) == (90, 70)
    assert kinds() == ["bank_changed"]


def test_page_that_was_open_for_long_keeps_the_changes_of_others(desk, test_bank):
    address = reverse("studio:settings", args=[test_bank.slug])
    shown = settings_of(test_bank, summary="", access_days="", price="19.00", currency="USD")
    old_page = {**shown, **{f"initial-{name}": value for name, value in shown.items()}}
    assert 'name="initial-price" value="19.00"' in desk.get(address).text
    desk.post(address, {**old_page, "price": "29.00", "access_days": "30"})
    desk.post(address, {**old_page, "summary": "New.", "exam": "A+"})
    test_bank.refresh_from_db()
    assert (test_bank.price_minor, test_bank.access_days) == (2900, 30)
    assert (test_bank.summary, test_bank.exam) == ("New.", "A+")


@pytest.mark.parametrize(
    ("price", "currency", "minor"),
    [("19.99", "USD", 1999), ("0", "usd", 0), ("1999", "JPY", 1999), ("1.990", "KWD", 1990)],
)
def test_price_is_entered_in_major_units(desk, test_bank, price, currency, minor):
    address = reverse("studio:settings", args=[test_bank.slug])
    desk.post(address, settings_of(test_bank, price=price, currency=currency))
    test_bank.refresh_from_db()
    assert (test_bank.price_minor, test_bank.currency) == (minor, currency.upper())


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"price": "1.234"}, "price"),
        ({"price": "1.999", "currency": "KWD"}, "price"),
        ({"price": "1.5", "currency": "JPY"}, "price"),
        ({"price": "free"}, "price"),
        ({"price": "-1"}, "price"),
        ({"price": "0.30"}, "price"),
        ({"price": "1", "currency": "xxx"}, "price"),
        ({"price": "20", "currency": "huf"}, "price"),
        ({"price": "", "currency": "huf"}, "price"),
        ({"currency": "US"}, "currency"),
        ({"price": "0", "currency": "12!"}, "currency"),
        ({"title": ""}, "title"),
        ({"language": "xx-nope"}, "language"),
        ({"pass_percent": "101"}, "pass_percent"),
        ({"pass_percent": "0"}, "pass_percent"),
        ({"exam_minutes": "0"}, "exam_minutes"),
        ({"exam_minutes": "32768"}, "exam_minutes"),
        ({"cover_seed": "none"}, "cover_seed"),
        ({"exam": "https://evil.example"}, "exam"),
        ({"slug": "other"}, "slug"),
        ({"access_days": "0"}, "access_days"),
        ({"access_days": "2147483647"}, "access_days"),
    ],
)
def test_settings_that_are_wrong_change_nothing(desk, test_bank, make_bank, changes, field):
    make_bank("other", questions=0)
    address = reverse("studio:settings", args=[test_bank.slug])
    response = desk.post(address, settings_of(test_bank, **changes))
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    test_bank.refresh_from_db()
    assert test_bank.price_minor == 1900
    assert kinds() == []


def test_one_alert_links_to_each_wrong_field(desk, test_bank):
    wrong = {"exam_minutes": "0", "cover_seed": "none", "title": ""}
    page = desk.post(reverse("studio:settings", args=["git"]), settings_of(test_bank, **wrong)).text
    assert page.count('role="alert"') == 1
    links = re.findall(r'<li><a href="#([^"]+)">', page)
    assert links == ["id_title", "id_exam_minutes", "id_cover_seed_0"]
    assert [page.count(f'id="{link}"') for link in links] == [1, 1, 1]


def test_alert_has_no_list_without_a_wrong_field(test_bank):
    form = BankForm(settings_of(test_bank), instance=test_bank)
    assert render_to_string("parts/field_errors.html", {"form": form}).strip() == ""
    form.add_error(None, "The bank is locked.")
    alert = render_to_string("parts/field_errors.html", {"form": form})
    assert alert.count('role="alert"') == 1
    assert "<p>The bank is locked.</p>" in alert
    assert "Correct these fields" not in alert


def test_renamed_bank_keeps_its_cover_and_redirects(desk, client, test_bank):
    cover = client.get(reverse("catalog:cover", args=["git"])).content
    address = reverse("studio:settings", args=["git"])
    response = desk.post(address, settings_of(test_bank, slug="git-now"))
    assert response["Location"] == reverse("studio:settings", args=["git-now"])
    moved = client.get("/banks/git/sample/1/")
    assert (moved.status_code, moved["Location"]) == (301, "/banks/git-now/sample/1/")
    assert client.get(reverse("catalog:cover", args=["git-now"])).content == cover
    assert kinds() == ["bank_renamed", "bank_changed"]


def test_former_address_leads_to_the_pages_of_the_bank(desk, author, make_bank, test_bank):
    FormerSlug.objects.create(slug="before", test_bank=test_bank)
    FormerSlug.objects.create(slug="secret", test_bank=make_bank("other"))
    address = reverse("studio:new_question", args=["before", "numeric"])
    moved = desk.get(address)
    assert moved["Location"] == reverse("studio:new_question", args=["git", "numeric"])
    assert desk.post(address).status_code == 404
    own, others = (reverse("studio:bank", args=[slug]) for slug in ("before", "secret"))
    client = sign_in(author)
    assert (client.get(own).status_code, client.get(others).status_code) == (301, 404)


def test_former_slug_of_another_bank_is_refused(desk, test_bank, make_bank):
    FormerSlug.objects.create(slug="taken", test_bank=make_bank("other"))
    address = reverse("studio:settings", args=["git"])
    response = desk.post(address, settings_of(test_bank, slug="taken"))
    assert list(response.context["form"].errors) == ["slug"]


def test_cover_is_chosen(desk, client, test_bank):
    before = client.get(reverse("catalog:cover", args=["git"])).content
    wanted = desk.get(reverse("studio:cover", args=["git", 2])).content
    desk.post(reverse("studio:settings", args=["git"]), settings_of(test_bank, cover_seed="git-2"))
    assert client.get(reverse("catalog:cover", args=["git"])).content == wanted != before


def test_bank_is_published_and_withdrawn(desk, make_bank):
    make_bank("new", status="draft")
    desk.post(reverse("studio:publish", args=["new"]))
    assert TestBank.objects.get().status == "published"
    desk.post(reverse("studio:unpublish", args=["new"]))
    assert TestBank.objects.get().status == "withdrawn"
    assert kinds() == ["bank_published", "bank_withdrawn"]


def test_bank_without_questions_is_not_published(desk, make_bank):
    make_bank("new", status="draft", questions=0)
    response = desk.post(reverse("studio:publish", args=["new"]), follow=True)
    assert "no published questions that learners can practice" in response.text
    assert TestBank.objects.get().status == "draft"


def test_bank_of_samples_only_is_not_published(desk, make_bank):
    make_bank("new", status="draft", questions=3)
    response = desk.post(reverse("studio:publish", args=["new"]), follow=True)
    assert "all its questions are samples" in response.text
    assert TestBank.objects.get().status == "draft"
    assert kinds() == []


def test_bank_at_a_price_that_stripe_refuses_is_not_published(desk, make_bank):
    make_bank("new", status="draft", price_minor=30)
    response = desk.post(reverse("studio:publish", args=["new"]), follow=True)
    assert "minimum is $0.50." in response.text
    assert TestBank.objects.get().status == "draft"


def test_steps_say_what_is_left(desk, make_bank):
    make_bank("new", status="draft", questions=0, price_minor=0)
    steps = desk.get(reverse("studio:bank", args=["new"])).context["steps"]
    assert [step.is_done for step in steps] == [False, False, False, False]


def test_role_is_given_changed_and_removed(desk, test_bank):
    person = staff("new@example.org")
    address = reverse("studio:add_role", args=["git"])
    for role in ("author", "reviewer"):
        desk.post(address, {"user": person.pk, "role": role})
    [stored] = BankRole.objects.all()
    assert (stored.user, stored.role) == (person, "reviewer")
    desk.post(reverse("studio:delete_role", args=["git", stored.pk]))
    assert not BankRole.objects.exists()
    assert kinds() == ["role_set", "role_set", "role_removed"]


def test_role_is_not_given_to_a_learner(desk, test_bank, learner):
    desk.post(reverse("studio:add_role", args=["git"]), {"user": learner.pk, "role": "author"})
    assert not BankRole.objects.exists()
