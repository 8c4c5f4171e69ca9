"""The bank in the shop's window: what most requests of the site ask for.

The statement is written out, because Django takes four times as long to put it together as
the database to answer it.
"""

from catalog.models import Category, TestBank

CATEGORY = [str(field.column) for field in Category._meta.concrete_fields]
COUNTED = (
    "(SELECT COUNT(*) FROM catalog_bankquestion place "
    "WHERE place.test_bank_id = bank.id AND place.is_asked = true"
)
ON_SALE = f"""
SELECT bank.*, {", ".join(f"category.{name} AS category__{name}" for name in CATEGORY)},
    {COUNTED}) AS question_count, {COUNTED} AND place.is_sample = true) AS sample_count
FROM catalog_testbank bank JOIN catalog_category category ON category.id = bank.category_id
WHERE bank.slug = %s AND bank.status = 'published'
"""  # noqa: S608 - names of our own columns


def bank_on_sale(slug: str) -> TestBank | None:
    """The bank on sale with its category and its counts; None where there is none.

    One statement. The same as `published().with_counts().select_related("category")`.
    """
    bank = next(iter(TestBank.objects.raw(ON_SALE, [slug])), None)
    if bank is not None:
        bank.category = Category(
            **{name: bank.__dict__.pop(f"category__{name}") for name in CATEGORY}
        )
    return bank
