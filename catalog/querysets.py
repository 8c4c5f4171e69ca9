"""Querysets of banks, accesses and reviews. Each rule about rows is written here once."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import F, Q

if TYPE_CHECKING:
    from accounts.models import User
    from catalog.models import Access, BankQuestion, Review, TestBank  # noqa: F401 - stand in strings below


class TestBankQuerySet(models.QuerySet["TestBank"]):
    """Banks."""

    __test__ = False

    def published(self) -> "TestBankQuerySet":
        """Select banks on sale."""
        return self.filter(status="published")

    def visible_to(self, user: "User | AnonymousUser") -> "TestBankQuerySet":
        """Select banks that this person may see: on sale, ever owned, or all for staff."""
        if user.is_staff:
            return self
        if user.is_anonymous:
            return self.published()
        return self.filter(Q(status="published") | Q(pk__in=user.accesses.values("test_bank")))

    def for_cards(self) -> "TestBankQuerySet":
        """Load the category too, and leave out the columns that only a bank's own page shows."""
        return self.select_related("category").defer("description", "contents", "review_tally")


class BankQuestionQuerySet(models.QuerySet["BankQuestion"]):
    """Questions in their banks."""

    def askable(self) -> "BankQuestionQuerySet":
        """Select published questions of a kind that can be asked; a bank may hold others."""
        return self.filter(is_asked=True, state="published")


class AccessQuerySet(models.QuerySet["Access"]):
    """Accesses."""

    def live(self, at: datetime) -> "AccessQuerySet":
        """Select accesses that open their bank at `at`: not revoked, withheld or expired."""
        return self.filter(
            Q(expires_at__isnull=True) | Q(expires_at__gt=at),
            Q(withheld_from__isnull=True) | Q(withheld_from__gt=at),
            revoked_at=None,
        )

    def longest_first(self) -> "AccessQuerySet":
        """Order by the end, latest first. No end comes before every end."""
        return self.order_by(F("expires_at").desc(nulls_first=True), "pk")

    def of(self, learner: "User | AnonymousUser") -> "AccessQuerySet":
        """Select accesses of one person; none of an anonymous one."""
        return self.none() if learner.is_anonymous else self.filter(learner=learner)


class ReviewQuerySet(models.QuerySet["Review"]):
    """Reviews."""

    def shown(self) -> "ReviewQuerySet":
        """Select reviews that everybody may read."""
        return self.filter(hidden_at=None)
