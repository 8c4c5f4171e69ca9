"""The bank in the shop's window: what most requests of the site ask for.

The statement is written out, because Django takes four times as long to put it together as
the database to answer it.
"""

from catalog.models import Category, TestBank
from delivery.reading import columns_of, instance_of, rows_of

COUNTED = (
    "(SELECT COUNT(*) FROM catalog_bankquestion place "
    "WHERE place.test_bank_id = bank.id AND place.is_asked = true"
)
ON_SALE = f"""
SELECT {columns_of(TestBank, "bank")}, {columns_of(Category, "category")},
    {COUNTED}) AS question_count, {COUNTED} AND place.is_sample = true) AS sample_count
FROM catalog_testbank bank JOIN catalog_category category ON category.id = bank.category_id
WHERE bank.slug = %s AND bank.status = 'published'
"""  # noqa: S608 - names of our own
CATEGORY = len(TestBank._meta.concrete_fields)


def bank_on_sale(slug: str) -> TestBank | None:
    """The bank on sale with its category and its counts; None where there is none.

    One statement. The same as `published().with_counts().select_related("category")`.
    """
    rows = rows_of(ON_SALE, [slug])
    if not rows:
        return None
    row = rows[0]
    bank = instance_of(TestBank, row)
    bank.category = instance_of(Category, row[CATEGORY:])
    bank.question_count, bank.sample_count = row[-2:]
    return bank
