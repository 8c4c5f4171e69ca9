"""The cast that all tests share: people, a bank on sale, and its owner."""

import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache, caches
from django.db import connection
from django.utils import translation

from accounts.models import User
from catalog.kept import PAGES
from catalog.models import Access, BankQuestion, Category, TestBank
from catalog.services import grant_access
from questions.items import Choice, SingleChoice, Text
from questions.services import item_of_version, store_items

DATABASES = ("sqlite", "postgresql")
# They start programs, wait for clocks, or try thousands of cases: `make quick` leaves them out,
# with all of e2e.
SLOW = frozenset(
    f"{path}.py"
    for path in """
    outbound/tests/test_deadline payments/tests/test_any_order payments/tests/test_outage
    payments/tests/test_overlap payments/tests/test_two_doors payments/tests/test_waiting
    practice/tests/test_large_bank sandbox/tests/test_program testbank/tests/test_demo_life
    testbank/tests/test_doctor testbank/tests/test_doctor_shop testbank/tests/test_doctor_writes
    testbank/tests/test_pasted_lines testbank/tests/test_processes testbank/tests/test_thread_worker testbank/tests/test_work
    """.split()
)
NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


def pytest_collection_modifyitems(config, items):
    """Leave out tests that are marked for another database than the one in use."""
    others = [name for name in DATABASES if name != connection.vendor]
    left_out = [item for item in items if any(item.get_closest_marker(name) for name in others)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]
    for item in items:
        path = item.path.relative_to(config.rootpath).as_posix()
        if path in SLOW or path.startswith("e2e/"):
            item.add_marker("slow")


def pytest_sessionstart():
    """No file is named that is not there; and what tests start can be ended by Ctrl-C.

    A shell lets its background jobs ignore that signal, and so all that they start.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    root = Path(__file__).parent
    assert [path for path in SLOW if not (root / path).exists()] == []


@pytest.fixture(scope="session")
def django_db_modify_db_settings(request, tmp_path_factory):
    """A SQLite file of this run alone, so that two runs in one folder do not meet."""
    if connection.vendor == "sqlite":
        folder = tmp_path_factory.mktemp("database")
        connection.settings_dict["TEST"]["NAME"] = str(folder / "test.sqlite3")
    else:
        request.getfixturevalue("django_db_modify_db_settings_parallel_suffix")


@pytest.fixture(autouse=True, scope="session")
def cheap_passwords():
    """Hashing a password takes a quarter of a second on purpose; here it would be most of a test."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True, scope="session")
def media_of_this_run(tmp_path_factory):
    """Pictures that tests keep do not lie among those of a site in this folder."""
    settings.MEDIA_ROOT = tmp_path_factory.mktemp("media")


@pytest.fixture(scope="session")
def own_run_dir(tmp_path_factory):
    """What the processes of this run tell one another stays with this run's one process."""
    settings.RUN_DIR = tmp_path_factory.mktemp("run")
    return settings.RUN_DIR


@pytest.fixture(autouse=True)
def empty_run_dir(own_run_dir):
    """No test hears what payment was like in the one before."""
    for mark in own_run_dir.iterdir():
        mark.unlink()


@pytest.fixture(autouse=True)
def language_of_the_site():
    """No test speaks the language in which the one before answered its visitor."""
    translation.activate(settings.LANGUAGE_CODE)


@pytest.fixture(autouse=True)
def empty_cache(request):
    """A test that commits leaves no rate limits to the next: flushing leaves the cache's table."""
    marker = request.node.get_closest_marker("django_db")
    commits = marker is not None and marker.kwargs.get("transaction", False)
    if commits:
        request.getfixturevalue("transactional_db")
    yield
    caches["process"].clear()
    PAGES.clear()
    item_of_version.cache_clear()
    if commits:
        cache.clear()


@pytest.fixture
def at():
    """The moment at which tests act where the moment matters."""
    return NOON


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
    """Makes a published bank of five questions; fields may be changed."""

    def make(slug="git", *, questions=5, **fields):
        test_bank = TestBank.objects.create(
            **{
                "slug": slug,
                "title": f"Bank {slug}",
                "category": category,
                "price_minor": 1900,
                "currency": "USD",
                "status": TestBank.Status.PUBLISHED,
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
        at=NOON,
        access_days=None,
        reason="a fixture of the tests",
    )
    return owner


def item(number):
    """Question `number` of a bank: the key is its second choice."""
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
