"""Change the address of a bank."""

import pytest

from catalog.errors import SlugTaken
from catalog.models import FormerSlug, TestBank
from catalog.services.renaming import rename_bank

pytestmark = pytest.mark.django_db


def slugs():
    return sorted(FormerSlug.objects.values_list("slug", "test_bank__slug"))


def test_former_slugs_lead_to_the_bank(test_bank, at):
    for slug in ("second", "third", "third"):
        rename_bank(test_bank=test_bank, slug=slug, at=at)
    assert slugs() == [("git", "third"), ("second", "third")]


def test_bank_takes_its_former_slug_back(test_bank, at):
    for slug in ("second", "git"):
        rename_bank(test_bank=test_bank, slug=slug, at=at)
    assert slugs() == [("second", "git")]


def test_slug_of_another_bank_is_refused(test_bank, make_bank, at):
    other = make_bank("other")
    rename_bank(test_bank=other, slug="other-now", at=at)
    for taken in ("other", "other-now"):
        with pytest.raises(SlugTaken):
            rename_bank(test_bank=test_bank, slug=taken, at=at)
    assert TestBank.objects.get(pk=test_bank.pk).slug == "git"


def test_former_slug_of_a_draft_is_not_told(client, make_bank, at):
    draft = make_bank("draft", status="draft")
    rename_bank(test_bank=draft, slug="secret", at=at)
    assert client.get("/banks/draft/").status_code == 404


@pytest.mark.parametrize("page", ["", "changes/", "reviews/", "cover.svg", "card.png", "sample/1/"])
def test_former_addresses_redirect(client, test_bank, at, page):
    rename_bank(test_bank=test_bank, slug="now", at=at)
    response = client.get(f"/banks/git/{page}")
    assert (response.status_code, response["Location"]) == (301, f"/banks/now/{page}")
