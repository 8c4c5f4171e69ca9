"""Fills a shop with so many banks that it shows whether finding one costs more for it.

Imported inside `manage.py shell` only, since it needs the shop's settings.
"""

from datetime import timedelta
from statistics import median
from time import perf_counter

from django.db import connection, transaction
from django.utils import timezone

from benchmarks.words import BODY, TITLE, Author
from catalog.indexing.words import terms_of
from catalog.listing.pagination import Cursor
from catalog.models import BankText, Category, TestBank
from catalog.search import postgresql, sqlite

AT_ONCE = 2000


@transaction.atomic
def fill_up_to(count: int) -> None:
    """Put banks on sale, found by search, until there are so many."""
    category, _made = Category.objects.get_or_create(slug="software", title="Software")
    author, now = Author(), timezone.now()
    for start in range(TestBank.objects.count(), count, AT_ONCE):
        banks = TestBank.objects.bulk_create(
            TestBank(
                slug=f"shelf-{number}",
                title=author.writes(TITLE),
                summary=author.writes(BODY)[:300],
                category=category,
                price_minor=number % 50 * 100,
                status=TestBank.Status.PUBLISHED,
                created_at=now - timedelta(minutes=number),
            )
            for number in range(start, min(start + AT_ONCE, count))
        )
        BankText.objects.bulk_create(
            BankText(test_bank=bank, title=bank.title, body=bank.summary, read_at=now)
            for bank in banks
        )


def settle() -> None:
    """What a database does by itself in the night: statistics, merged indexes."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "INSERT INTO catalog_banktext_fts(catalog_banktext_fts) VALUES ('optimize')"
            )
            cursor.execute("ANALYZE")
        else:
            cursor.execute("VACUUM ANALYZE")


def place_of(number: int) -> str:
    """The address's place of the page that begins after so many banks, the newest first."""
    bank = TestBank.objects.order_by("-created_at", "-pk")[number - 1]
    return Cursor(number, (bank.created_at, bank.pk)).encode()


def prefix_milliseconds(beginnings: list[str], rounds: int) -> float:
    """The median of the slowest beginning of three letters, asked of the database alone."""

    engine = sqlite if connection.vendor == "sqlite" else postgresql

    def once(beginning: str) -> float:
        started = perf_counter()
        engine.rank_banks(terms_of(beginning), every=True, limit=21, offset=0)
        return (perf_counter() - started) * 1000

    return max(median(once(each) for _ in range(rounds)) for each in beginnings)
