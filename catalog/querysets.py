"""Questions about banks and accesses that read as English."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

if TYPE_CHECKING:
    from accounts.models import User
    from catalog.models import Access, BankQuestion, Review, TestBank  # noqa: F401 - stand in strings below


# The same as `AccessQuerySet.live`, for statements that are written out: of `access`, with the
# moment as its two parameters.
LIVE_ACCESS = (
    "access.revoked_at IS NULL AND (access.expires_at IS NULL OR access.expires_at > %s) "
    "AND (access.withheld_from IS NULL OR access.withheld_from > %s)"
)


class TestBankQuerySet(models.QuerySet["TestBank"]):
    """Banks."""

    __test__ = False

    def published(self) -> "TestBankQuerySet":
        """Banks that are on sale."""
        return self.filter(status="published")

    def visible_to(self, user: "User | AnonymousUser") -> "TestBankQuerySet":
        """Banks that this person may look at: on sale, owned at any time, or all for staff."""
        if user.is_staff:
            return self
        if user.is_anonymous:
            return self.published()
        return self.filter(Q(status="published") | Q(pk__in=user.accesses.values("test_bank")))

    def with_counts(self) -> "TestBankQuerySet":
        """Add `question_count` and `sample_count`, of questions that can be asked.

        Correlated subqueries, not joins: the database counts for the rows of one page only,
        whatever the size of the shop, and reads nothing but an index.
        """
        return self.annotate(  # type: ignore[no-redef] # the model declares both for its users
            question_count=_count_of_questions(is_asked=True),
            sample_count=_count_of_questions(is_asked=True, is_sample=True),
        )


def _count_of_questions(**conditions: bool) -> Coalesce:
    """Count the questions of the outer bank that meet the conditions."""
    questions = apps.get_model("catalog", "BankQuestion").objects
    counted = (
        questions.filter(test_bank=OuterRef("pk"), **conditions)
        .order_by()
        .values("test_bank")
        .annotate(count=Count("pk"))
        .values("count")
    )
    return Coalesce(Subquery(counted), 0)


class BankQuestionQuerySet(models.QuerySet["BankQuestion"]):
    """Questions in their banks."""

    def askable(self) -> "BankQuestionQuerySet":
        """Those of a kind that can be asked today; a bank may hold others."""
        return self.filter(is_asked=True)


class AccessQuerySet(models.QuerySet["Access"]):
    """Accesses."""

    def live(self, at: datetime) -> "AccessQuerySet":
        """Accesses that open their bank at `at`: neither revoked, withheld nor expired."""
        return self.filter(
            Q(expires_at__isnull=True) | Q(expires_at__gt=at),
            Q(withheld_from__isnull=True) | Q(withheld_from__gt=at),
            revoked_at=None,
        )

    def longest_first(self) -> "AccessQuerySet":
        """The longest-lasting first; one for good outlasts every date."""
        return self.order_by(F("expires_at").desc(nulls_first=True), "pk")

    def of(self, learner: "User | AnonymousUser") -> "AccessQuerySet":
        """Accesses of one person; none for a stranger."""
        return self.none() if learner.is_anonymous else self.filter(learner=learner)


class ReviewQuerySet(models.QuerySet["Review"]):
    """Reviews."""

    def shown(self) -> "ReviewQuerySet":
        """Those that everybody may read."""
        return self.filter(hidden_at=None)
