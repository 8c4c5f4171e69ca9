"""Legal pages: written in the back office, linked where they exist, read by everybody."""

import pytest
from django.urls import reverse

from catalog.models import LegalPage
from catalog.services.legal import forget_legal_pages, store_legal_page
from testing.staff_sessions import sign_in_staff

pytestmark = pytest.mark.django_db

TEXT = "# Who we are\n\nExam House Ltd, **Dublin**. <script>alert(1)</script>\n\n[x](javascript:1)"


@pytest.fixture
def imprint(at):
    page = LegalPage(kind="imprint", text=TEXT)
    store_legal_page(page, at=at)
    forget_legal_pages()
    return page


def test_page_is_rendered_from_markdown_and_safe(client, imprint):
    text = client.get("/legal/imprint/").text
    assert "<h2>Who we are</h2>" in text
    assert "<strong>Dublin</strong>" in text
    assert ("<script>alert" in text, 'href="javascript' in text) == (False, False)


def test_footer_links_the_pages_that_exist(client, imprint, settings):
    settings.SUPPORT_EMAIL = "help@example.org"
    footer = client.get(reverse("catalog:list")).text.partition("<footer")[2]
    links = ["/legal/imprint/", "/legal/terms/", "mailto:help@example.org"]
    assert [link in footer for link in links] == [True, False, True]


def test_footer_without_pages_and_contact_links_nothing(client, db, settings):
    settings.SUPPORT_EMAIL = ""
    footer = client.get(reverse("catalog:list")).text.partition("<footer")[2]
    assert ("/legal/" in footer, "mailto:" in footer) == (False, False)


@pytest.mark.parametrize("kind", ["imprint", "terms", "nothing"])
def test_page_that_is_not_written_is_not_found(client, db, kind):
    assert client.get(f"/legal/{kind}/").status_code == 404


def test_seller_writes_a_page_in_the_back_office(client, admin_user, settings):
    settings.STAFF_SECOND_FACTOR = False
    office = sign_in_staff(client, admin_user)
    office.post(
        reverse("admin:catalog_legalpage_add"), {"kind": "terms", "text": "You may *practice*."}
    )
    assert "<em>practice</em>" in client.get("/legal/terms/").text


def test_learner_cannot_write_a_page(client, learner):
    client.force_login(learner)
    assert client.get(reverse("admin:catalog_legalpage_add")).status_code != 200
    assert not LegalPage.objects.exists()
