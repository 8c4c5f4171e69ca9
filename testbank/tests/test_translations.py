"""The German and Arabic translations are complete, consistent and compiled."""

import gettext
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from django.conf import settings
from django.core.management import call_command
from django.utils.formats import date_format
from django.utils.translation import override

from testing.demo import copy_project
from testing.parts import require
from testing.site import ROOT

LANGUAGES = [code for code, _name in settings.LANGUAGES if code != "en"]
FIGURE = re.compile(r"%\((\w+)\)s|(%%)|(</?\w+>)")


def catalog_of(language: str, root: Path = ROOT) -> Catalog:
    with (root / f"locale/{language}/LC_MESSAGES/django.po").open("rb") as file:
        return read_po(file, locale=language)


def sentences(language: str) -> Iterator[Message]:
    return (message for message in catalog_of(language) if message.id)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_translated_and_none_is_fuzzy(language):
    messages = list(sentences(language))
    assert len(messages) > 300
    assert [one.id for one in messages if one.fuzzy or not all(_forms(one))] == []


def _forms(message: Message) -> tuple[str, ...]:
    """The translations of a message: several if it has plural forms."""
    return message.string if isinstance(message.string, tuple) else (str(message.string),)


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_have_same_placeholders(language):
    for message in sentences(language):
        if isinstance(message.id, tuple):
            allowed = set(FIGURE.findall(message.id[-1]))
            assert all(set(FIGURE.findall(form)) <= allowed for form in _forms(message)), message.id
            # Where the form stands for many numbers, the number is told.
            assert set(FIGURE.findall(_forms(message)[-1])) == allowed, message.id
        else:
            found = set(FIGURE.findall(str(message.string)))
            assert found == set(FIGURE.findall(str(message.id))), message.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_plural_form_is_translated(language):
    catalog = catalog_of(language)
    plurals = [message for message in sentences(language) if isinstance(message.id, tuple)]
    assert plurals
    assert {len(_forms(message)) for message in plurals} == {catalog.num_plurals}


@pytest.mark.parametrize("language", LANGUAGES)
def test_compiled_messages_are_current(language):
    compiled = gettext.translation("django", ROOT / "locale", [language])
    for message in sentences(language):
        if isinstance(message.id, tuple):
            continue
        asked = (
            compiled.pgettext(message.context, str(message.id))
            if message.context
            else compiled.gettext(str(message.id))
        )
        assert asked == message.string, message.id


@pytest.mark.slow
def test_message_files_are_complete(tmp_path, monkeypatch):
    require("gettext")
    copy_project(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(settings, "LOCALE_PATHS", [tmp_path / "locale"])
    ignored = [".venv", "var", "benchmarks", "e2e", "testing"]
    call_command(
        "makemessages", "-l", "de", no_location=True, no_obsolete=True, ignore_patterns=ignored,
        verbosity=0,
    )  # fmt: skip
    wanted = {(one.context, one.id) for one in catalog_of("de", tmp_path) if one.id}
    translated = {(one.context, one.id) for one in sentences("de")}
    assert wanted - translated == set(), "run `make messages` and translate what is new"


@pytest.mark.parametrize(
    ("language", "words", "direction"),
    [("de", "Fragensammlungen", "ltr"), ("ar", "بنوك الأسئلة", "rtl"), ("en", "est banks", "ltr")],
)
def test_language_choice_is_remembered(client, test_bank, language, words, direction):
    answer = client.post("/language/", {"language": language, "next": "/banks/"})
    assert answer["Location"] == "/banks/"
    for path in ("/banks/", "/banks/git/", "/no-such-page/"):
        text = client.get(path).text
        assert f'<html lang="{language}" dir="{direction}"' in text
        assert words in text


def test_language_choice_ignores_next_url_of_other_site(client, db):
    answer = client.post("/language/", {"language": "de", "next": "https://elsewhere.example/"})
    assert answer["Location"] == "/"


def test_language_follows_browser(client, test_bank):
    german = client.get("/banks/git/", headers={"accept-language": "de-AT,de;q=0.8"})
    assert "Kaufen" in german.text
    assert "19,00\xa0$" in german.text
    assert "Purchase" in client.get("/banks/git/", headers={"accept-language": "fr"}).text


def test_arabic_dates_with_a_time_are_in_the_arabic_order():
    moment = datetime(2026, 11, 29, 16, 44, tzinfo=UTC)
    with override("ar"):
        assert date_format(moment, "DATETIME_FORMAT") == "29\u00a0نوفمبر\u00a02026، 4:44\u00a0م"
