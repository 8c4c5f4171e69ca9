"""Questions about banks and accesses that read as English."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from questions.items import ASKABLE

if TYPE_CHECKING:
    from accounts.models import User
    from catalog.models import Access, BankQuestion, TestBank  # noqa: F401 - stand in strings below


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
        """Adds `question_count` and `sample_count`, of questions that can be asked.

        Subqueries, not joins: they run for the rows of one page only, whatever the size
        of the shop.
        """
        from catalog.models import BankQuestion  # noqa: PLC0415 - models import this module

        of_bank = (
            BankQuestion.objects.askable()
            .filter(test_bank=OuterRef("pk"))
            .order_by()
            .values("test_bank")
        )
        counted = of_bank.annotate(count=Count("pk")).values("count")
        return self.annotate(  # type: ignore[no-redef] # the model declares both for its users
            question_count=Coalesce(Subquery(counted), 0),
            sample_count=Coalesce(Subquery(counted.filter(is_sample=True)), 0),
        )


class BankQuestionQuerySet(models.QuerySet["BankQuestion"]):
    """Questions in their banks."""

    def askable(self) -> "BankQuestionQuerySet":
        """Those of a kind that can be asked today; a bank may hold others."""
        return self.filter(question__current__kind__in=ASKABLE)


class AccessQuerySet(models.QuerySet["Access"]):
    """Accesses."""

    def live(self, at: datetime) -> "AccessQuerySet":
        """Accesses that open their bank at `at`: neither revoked nor expired."""
        return self.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=at), revoked_at=None)

    def of(self, learner: "User | AnonymousUser") -> "AccessQuerySet":
        """Accesses of one person; none for a stranger."""
        return self.none() if learner.is_anonymous else self.filter(learner=learner)
