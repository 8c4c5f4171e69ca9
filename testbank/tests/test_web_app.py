"""The service worker and the web manifest."""

import gzip
import json
from pathlib import Path

import pytest
from django.conf import settings as site_settings
from django.contrib.staticfiles import finders
from django.template.loader import get_template

from testbank.web_app import FILES

pytestmark = pytest.mark.django_db


def test_service_worker_is_checked_each_time_and_the_same_for_everybody(client, learner):
    stranger = client.get("/sw.js")
    client.force_login(learner)
    page = client.get("/sw.js")
    assert (page.status_code, page["Content-Type"]) == (200, "text/javascript")
    assert (page["Cache-Control"], page.content) == ("no-cache", stranger.content)


def test_service_worker_lists_files_that_exist(client):
    page = client.get("/sw.js").content.decode()
    configuration = json.loads(page.partition("} = ")[2].partition(";\n")[0])
    assert configuration["files"] == [f"{site_settings.STATIC_URL}{name}" for name in FILES]
    assert [name for name in FILES if not finders.find(name)] == []
    assert configuration["shell"] == "/practice/offline/"


def test_switch_serves_a_worker_that_removes_itself(client, settings):
    settings.SERVICE_WORKER = False
    page = client.get("/sw.js").content.decode()
    assert "registration.unregister()" in page
    assert 'data-worker="off"' in client.get("/").content.decode()


def test_pages_name_the_service_worker(client):
    assert 'data-worker="/sw.js"' in client.get("/").content.decode()


def test_manifest_has_icons_that_exist(client):
    manifest = client.get("/manifest.webmanifest")
    assert manifest["Content-Type"] == "application/manifest+json"
    described = manifest.json()
    assert (described["scope"], described["display"]) == ("/", "standalone")
    icons = [one["src"].removeprefix(site_settings.STATIC_URL) for one in described["icons"]]
    assert len(icons) == 4
    assert [name for name in icons if not finders.find(name)] == []


def test_page_of_an_error_does_not_say_that_nobody_is_signed_in():
    """A browser removes what it keeps for its user where nobody is signed in."""
    page = get_template("500.html").render({})
    assert ("data-user" in page, "data-worker" in page) == (False, False)


@pytest.mark.parametrize("contact", ["help@shop.example", ""])
@pytest.mark.parametrize("name", ["500", "503", "404", "maintenance"])
def test_error_pages_name_the_contact(settings, name, contact):
    settings.SUPPORT_EMAIL = contact
    page = get_template(f"{name}.html").render({})
    assert (f'href="mailto:{contact}"' in page, "mailto:" in page) == (bool(contact), bool(contact))


def test_scripts_of_a_question_page_are_small():
    """Those that every question loads; each tool is fetched when it is opened."""
    elsewhere = {"practice/tools.js", "practice/offline.js"}
    names = [name for name in FILES if name.endswith(".js") and name not in elsewhere]
    found = [finders.find(name) for name in (*names, "js/menu.js")]
    sources = [Path(path).read_bytes() for path in found if path]
    assert len(sources) == len(found)
    assert sum(len(gzip.compress(source, 9)) for source in sources) <= 15_000
