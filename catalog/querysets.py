"""Questions about banks and accesses that read as English."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

if TYPE_CHECKING:
    from accounts.models import User

    TestBankBase = models.QuerySet["TestBank"]
    AccessBase = models.QuerySet["Access"]
else:
    TestBankBase = AccessBase = models.QuerySet


class TestBankQuerySet(TestBankBase):
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
        """Adds `question_count` and `sample_count`.

        Subqueries, not joins: they run for the rows of one page only, whatever the size
        of the shop.
        """
        questions = self.model._meta.get_field("bank_questions").related_model.objects
        of_bank = questions.filter(test_bank=OuterRef("pk")).order_by().values("test_bank")
        counted = of_bank.annotate(count=Count("pk")).values("count")
        return self.annotate(
            question_count=Coalesce(Subquery(counted), 0),
            sample_count=Coalesce(Subquery(counted.filter(is_sample=True)), 0),
        )


class AccessQuerySet(AccessBase):
    """Accesses."""

    def live(self, at: datetime) -> "AccessQuerySet":
        """Accesses that open their bank at `at`: neither revoked nor expired."""
        return self.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=at), revoked_at=None)

    def of(self, learner: "User | AnonymousUser") -> "AccessQuerySet":
        """Accesses of one person; none for a stranger."""
        return self.none() if learner.is_anonymous else self.filter(learner=learner)
