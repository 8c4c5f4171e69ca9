"""Fixtures that all tests share: users, a published bank, and its owner."""

import signal
from datetime import UTC, datetime

import hypothesis
import pytest
from django.conf import settings
from django.core.cache import cache, caches
from django.db import connection
from django.utils import timezone, translation

from accounts.models import User
from catalog.indexing.banks import count_questions
from catalog.models import Access, BankQuestion, Category, TestBank
from catalog.services import grant_access
from catalog.services.legal import CACHE_KEY
from catalog.services.visits import discard_visits
from payments.monitoring import refused_webhooks
from questions.items import Choice, SingleChoice, Text
from questions.services import item_of_version, store_items
from testing.parts import require
from testing.site import copy_migrated_database

DATABASES = ("sqlite", "postgresql")
# Fixtures that start a program. Each test that asks for one is marked `slow`.
PROGRAMS = {
    "empty_sandbox",
    "own_sandbox",
    "sandbox",
    "sandbox_program",
    "sandbox_with_restricted_key",
    "tls_sandbox",
    "webhook_sandbox",
}
DATABASE_FIXTURES = {"db", "transactional_db", "live_server"}
# A busy machine makes an example slow and no test wrong. `make quick` takes the first profile,
# `make proof` the last.
for profile, examples in (("quick", 10), ("test", 25), ("proof", 500)):
    hypothesis.settings.register_profile(
        profile,
        max_examples=examples,
        deadline=None,
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
    )
hypothesis.settings.load_profile("test")
NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Leave out tests of another database, and set the markers that follow from others."""
    others = [name for name in DATABASES if name != connection.vendor]
    left_out = [item for item in items if any(item.get_closest_marker(name) for name in others)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]
    for item in items:
        if commits(item) and not item.get_closest_marker("no_concurrency"):
            item.add_marker("concurrency")
        if item.get_closest_marker("django_db") or DATABASE_FIXTURES & {*item.fixturenames}:
            item.add_marker("database")
        if item.path.is_relative_to(config.rootpath / "e2e") or PROGRAMS & {*item.fixturenames}:
            item.add_marker("slow")


def commits(item):
    """True if the test commits its transactions, so that others could see them."""
    marker = item.get_closest_marker("django_db")
    return marker is not None and marker.kwargs.get("transaction", False)


def pytest_runtest_setup(item):
    """Skip a test that reads `../shared` where that is missing."""
    if item.get_closest_marker("shared"):
        require("shared")


def pytest_sessionstart():
    """Let Ctrl-C end what tests start.

    A shell makes its background jobs ignore that signal, and so all that they start.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(request, tmp_path_factory):
    """A SQLite file of this process alone, so that two runs in one folder do not meet."""
    if connection.vendor == "sqlite":
        file = tmp_path_factory.mktemp("database") / "test.sqlite3"
        copy_migrated_database(file)
        connection.settings_dict["TEST"]["NAME"] = str(file)
    else:
        request.getfixturevalue("django_db_modify_db_settings_parallel_suffix")


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_keepdb):
    """Take the SQLite file as it is: it is migrated."""
    return django_db_keepdb or connection.vendor == "sqlite"


@pytest.fixture(autouse=True, scope="session")
def cheap_passwords():
    """Use a fast password hasher: the default takes a quarter of a second on purpose."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True, scope="session")
def media_of_this_run(tmp_path_factory):
    """Store uploaded files in a temporary folder instead of the site's."""
    settings.MEDIA_ROOT = tmp_path_factory.mktemp("media")


@pytest.fixture(scope="session")
def run_dir_of_session(tmp_path_factory):
    """Set RUN_DIR to a temporary folder, so that test processes do not share state."""
    settings.RUN_DIR = tmp_path_factory.mktemp("run")
    return settings.RUN_DIR


@pytest.fixture(autouse=True)
def empty_run_dir(run_dir_of_session):
    """Delete the state that the previous test left in RUN_DIR."""
    refused_webhooks.counter.close()
    for mark in run_dir_of_session.iterdir():
        mark.unlink()


@pytest.fixture(autouse=True)
def language_of_the_site():
    """Reset the active language, which a request of the previous test may have set."""
    translation.activate(settings.LANGUAGE_CODE)


@pytest.fixture(autouse=True)
def empty_cache(request):
    """Clear caches. Flushing a database does not clear the cache's table with its rate limits.

    Footers know that there is no legal page, as those of a process at work do.
    """
    if commits(request.node):
        request.getfixturevalue("transactional_db")
    caches["pages"].set(CACHE_KEY, [], timeout=None)
    yield
    caches["pages"].clear()
    item_of_version.cache_clear()
    if commits(request.node):
        cache.clear()


@pytest.fixture(autouse=True)
def no_counted_visits():
    """Discard the visits that the previous test counted in this process."""
    discard_visits()


@pytest.fixture
def at():
    """The current time for services that take one."""
    return NOON


@pytest.fixture
def stopped_clock(monkeypatch):
    """Stop Django's clock, so that all requests of a test fall into one window of a rate limit."""
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)
    return now


@pytest.fixture
def learner(db):
    return User.objects.create_user("learner@example.org", "a-long-pass-phrase")


@pytest.fixture
def other_learner(db):
    return User.objects.create_user("other@example.org", "a-long-pass-phrase")


@pytest.fixture
def seller(db):
    return User.objects.create_user("seller@example.org", "a-long-pass-phrase", is_staff=True)


@pytest.fixture
def category(db):
    return Category.objects.create(slug="software", title="Software")


@pytest.fixture
def make_bank(category):
    """A factory of published banks with five questions; takes fields to override.

    Nothing is shuffled unless a test asks for it.
    """

    def make(slug="git", *, questions=5, **fields):
        test_bank = TestBank.objects.create(
            **{
                "slug": slug,
                "title": f"Bank {slug}",
                "category": category,
                "price_minor": 1900,
                "currency": "USD",
                "status": TestBank.Status.PUBLISHED,
                "keeps_question_order": True,
                "keeps_choice_order": True,
                **fields,
            }
        )
        fill(test_bank, questions)
        return test_bank

    return make


def fill(test_bank, count):
    versions = store_items(items=[item(number) for number in range(1, count + 1)])
    BankQuestion.objects.bulk_create(
        BankQuestion(
            test_bank=test_bank,
            question=version.question,
            position=position,
            is_sample=position <= 3,
        )
        for position, version in enumerate(versions, start=1)
    )
    count_questions(test_bank=test_bank)


@pytest.fixture
def test_bank(make_bank):
    return make_bank()


@pytest.fixture
def owner(test_bank):
    """A learner with live access to `test_bank`."""
    owner = User.objects.create_user("owner@example.org", "a-long-pass-phrase")
    grant_access(
        learner=owner,
        test_bank=test_bank,
        source_kind=Access.Source.GRANT,
        source_id="fixture",
        starts_at=NOON,
        access_days=None,
        reason="a fixture of the tests",
    )
    return owner


def item(number):
    """Return item `number` of a bank: its key is the second choice."""
    return SingleChoice(
        stem=Text(source=f"Question {number}?"),
        explanation=Text(source=f"Because of {number}."),
        domain="Odd" if number % 2 else "Even",
        choices=tuple(
            Choice(
                id=letter, text=Text(source=f"Choice {letter}"), weight=100 if letter == "b" else 0
            )
            for letter in "abcd"
        ),
    )
