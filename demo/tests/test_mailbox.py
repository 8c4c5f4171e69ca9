"""The demo's mailbox: parsing, the pages, and that only the demo routes them."""

import os
import runpy
from pathlib import Path

import pytest
from django.conf import settings as site
from django.core.mail import EmailMultiAlternatives, get_connection
from django.utils import timezone

from demo.mailbox import demo_mails

URLS = Path(site.BASE_DIR) / "testbank" / "urls.py"
BACKEND = "django.core.mail.backends.filebased.EmailBackend"


@pytest.fixture
def write(tmp_path):
    """Write mails as Django's file backend does: one file per connection."""
    clock = iter(range(1_700_000_000, 1_800_000_000, 60))

    def write(*subjects, body="The code is ABCD-EFGH."):
        connection = get_connection(BACKEND, file_path=str(tmp_path / "outgoing"))
        connection.send_messages(
            [
                EmailMultiAlternatives(subject, body, "Shop <shop@x.example>", ["ada@x.example"])
                for subject in subjects
            ]
        )
        moment = next(clock)
        [written] = (tmp_path / "outgoing").glob("*.log")
        os.utime(written.rename(tmp_path / f"{moment}.log"), (moment, moment))

    return write


@pytest.fixture
def demo(settings, tmp_path):
    """The site as a demo, with its URLs reloaded."""
    settings.DEMO = True
    settings.EMAIL_FILE_PATH = tmp_path
    settings.ROOT_URLCONF = tuple(runpy.run_path(str(URLS))["urlpatterns"])


def subjects(folder, **options):
    return [mail.subject for mail in demo_mails(folder, **options)]


def test_mails_are_listed_newest_first(write, tmp_path):
    write("one", "two")
    write("three")
    assert subjects(tmp_path) == ["three", "two", "one"]


def test_mails_are_limited_in_number(write, tmp_path):
    for number in range(3):
        write(f"{number}a", f"{number}b")
    assert subjects(tmp_path, limit=3) == ["2b", "2a", "1b"]


def test_mail_fields(write, tmp_path):
    began = timezone.now().replace(microsecond=0)
    write("Grüße — 日本", body="Zoë paid 5 €.\n\nFrom: nobody\n🙂")
    [mail] = demo_mails(tmp_path)
    assert (mail.recipient, mail.subject) == ("ada@x.example", "Grüße — 日本")
    assert mail.text == "Zoë paid 5 €.\n\nFrom: nobody\n🙂"
    assert mail.sent_at is not None
    assert began <= mail.sent_at <= timezone.now()


def test_mailbox_is_empty_before_the_first_mail(tmp_path):
    assert demo_mails(tmp_path) == demo_mails(tmp_path / "none") == []


@pytest.mark.django_db
def test_page_lists_mails_newest_first(client, demo, write):
    write("The first")
    write("The second", body="<script>alert(1)</script> http://x.example/")
    text = client.get("/demo/mails/").text
    assert 0 < text.index("The second") < text.index("The first")
    assert "<script>alert" not in text
    assert '<a href="http://x.example/"' in text


@pytest.mark.django_db
def test_page_says_where_there_is_no_mail(client, demo):
    assert "No emails yet" in client.get("/demo/mails/").text


@pytest.mark.django_db
def test_page_allows_get_only(client, demo):
    assert client.post("/demo/mails/").status_code == 405


@pytest.mark.django_db
def test_page_is_not_routed_outside_demo(client, settings):
    settings.DEMO = False
    settings.ROOT_URLCONF = tuple(runpy.run_path(str(URLS))["urlpatterns"])
    assert client.get("/demo/mails/").status_code == 404
    assert "/demo/" not in client.get("/").text


@pytest.mark.django_db
def test_every_page_of_demo_links_to_mails(client, demo):
    assert 'href="/demo/mails/"' in client.get("/").text


def test_html_mail_is_shown(client, demo, tmp_path):
    message = EmailMultiAlternatives("Hello", "Plain words", "x@x.example", ["ada@x.example"])
    message.attach_alternative("<p>Designed words</p>", "text/html")
    message.connection = get_connection(BACKEND, file_path=str(tmp_path))
    message.send()
    [mail] = demo_mails(tmp_path)
    address = f"/demo/mails/{mail.name}/"
    assert address in client.get("/demo/mails/").text
    response = client.get(address)
    assert response.text == "<p>Designed words</p>"
    policy = {part.strip() for part in response["Content-Security-Policy"].split(";")}
    assert {"style-src 'unsafe-inline'", "script-src 'self'", "default-src 'none'"} <= policy


def test_unknown_or_plain_text_mail_gets_404(client, demo, write, tmp_path):
    write("plain only")
    [mail] = demo_mails(tmp_path)
    for name in (mail.name, "other-0"):
        assert client.get(f"/demo/mails/{name}/").status_code == 404
