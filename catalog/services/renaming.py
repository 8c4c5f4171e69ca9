"""Change the address of a bank, and lead its former addresses to it."""

from datetime import datetime

from django.db import transaction

from catalog import page_cache
from catalog.errors import SlugTaken
from catalog.models import FormerSlug, TestBank


@transaction.atomic
def rename_bank(*, test_bank: TestBank, slug: str, at: datetime) -> None:
    """Give the bank another slug; addresses with the former one redirect to it.

    The cover stays as it was. Idempotent. Raises: SlugTaken for a slug that another bank has,
    or had: links to that bank would lead to this one.
    """
    if slug == test_bank.slug:
        return
    others = TestBank.objects.exclude(pk=test_bank.pk).filter(slug=slug)
    formers = FormerSlug.objects.exclude(test_bank=test_bank).filter(slug=slug)
    if others.exists() or formers.exists():
        raise SlugTaken(test_bank)
    FormerSlug.objects.filter(slug=slug).delete()
    FormerSlug.objects.get_or_create(slug=test_bank.slug, defaults={"test_bank": test_bank})
    test_bank.cover_seed = test_bank.drawn_from
    test_bank.slug, test_bank.updated_at = slug, at
    test_bank.save(update_fields=["slug", "cover_seed", "updated_at"])
    page_cache.clear_on_commit()
