"""Count the learners that each bank has had. The list sorts by this number."""

from django.db.models import Count, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from catalog import page_cache
from catalog.models import Access, TestBank


def count_learners() -> int:
    """Store the number of learners of each bank, and return how many banks changed.

    Idempotent. One statement if nothing changed; banks that did not change are not written.
    """
    counted = Coalesce(Subquery(_learners_of_bank()), 0)
    changed = TestBank.objects.annotate(counted=counted).exclude(learner_count=F("counted"))
    keys = list(changed.values_list("pk", flat=True))
    if keys:
        TestBank.objects.filter(pk__in=keys).update(learner_count=counted)
        page_cache.clear_on_commit()
    return len(keys)


def _learners_of_bank() -> QuerySet[Access, int]:
    accesses = Access.objects.filter(test_bank=OuterRef("pk")).order_by()
    counts = accesses.values("test_bank").annotate(count=Count("learner", distinct=True))
    return counts.values_list("count", flat=True)
