"""Questions about banks and accesses that read as English."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Func, Q

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
        """Adds `question_count` and `sample_count`, of questions that can be asked.

        Subqueries, not joins: they run for the rows of one page only, whatever the size
        of the shop, and read nothing but an index.
        """
        return self.annotate(  # type: ignore[no-redef] # the model declares both for its users
            question_count=QuestionsOf("pk"),
            sample_count=QuestionsOf("pk", further="AND counted.is_sample = true"),
        )


class QuestionsOf(Func):
    """How many questions of a bank can be asked.

    Written out, because putting such a subquery together from its parts takes Django longer
    than the database needs to answer it for a whole page.
    """

    template = (
        "(SELECT COUNT(*) FROM catalog_bankquestion counted WHERE "
        "counted.test_bank_id = %(expressions)s AND counted.is_asked = true %(further)s)"
    )
    output_field = models.IntegerField()

    def __init__(self, bank: str, *, further: str = "") -> None:
        super().__init__(bank, further=further)


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

    def of(self, learner: "User | AnonymousUser") -> "AccessQuerySet":
        """Accesses of one person; none for a stranger."""
        return self.none() if learner.is_anonymous else self.filter(learner=learner)


class ReviewQuerySet(models.QuerySet["Review"]):
    """Reviews."""

    def shown(self) -> "ReviewQuerySet":
        """Those that everybody may read."""
        return self.filter(hidden_at=None)
