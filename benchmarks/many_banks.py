"""Create up to 100,000 banks, to show whether a page costs more among many.

Imported inside `manage.py shell` only, since it needs the site's settings.
"""

from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from benchmarks.search_words import BODY, TITLE, Author
from catalog.listing.pagination import Cursor
from catalog.models import BankText, Category, TestBank

AT_ONCE = 2000


@transaction.atomic
def fill_up_to(count: int) -> None:
    """Publish and index banks until there are `count` of them."""
    category, _made = Category.objects.get_or_create(slug="software", title="Software")
    author, now = Author(), timezone.now()
    for start in range(TestBank.objects.count(), count, AT_ONCE):
        banks = TestBank.objects.bulk_create(
            TestBank(
                slug=f"many-{number}",
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
    """Update the planner's statistics and merge the search index, as maintenance does."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "INSERT INTO catalog_banktext_fts(catalog_banktext_fts) VALUES ('optimize')"
            )
            cursor.execute("ANALYZE")
        else:
            cursor.execute("VACUUM ANALYZE")


def cursor_after(number: int) -> str:
    """The cursor of the list page that starts after so many banks, newest first."""
    bank = TestBank.objects.order_by("-created_at", "-pk")[number - 1]
    return Cursor(number, (bank.created_at, bank.pk)).encode()
