"""Attempts and their answers.

Both refer to versions of questions, which are immutable, so an edit changes no past attempt.
"""

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models

from catalog.models import TestBank
from questions.grading import GRADING_RULES
from questions.models import QuestionVersion

if TYPE_CHECKING:
    from accounts.models import User


class AttemptQuerySet(models.QuerySet["Attempt"]):
    def visible_to(self, user: "User | AnonymousUser") -> "AttemptQuerySet":
        """The attempts of this user; none for an anonymous one."""
        return self.none() if user.is_anonymous else self.filter(learner=user)

    def unfinished(self) -> "AttemptQuerySet":
        return self.filter(finished_at=None)


class Attempt(models.Model):
    """One pass through a bank's questions; each answer is explained at once.

    `version_ids` are the versions that were current when it started, in order: the question
    at position 1 is the first of them.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    learner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="attempts"
    )
    test_bank = models.ForeignKey(TestBank, on_delete=models.PROTECT, related_name="attempts")
    version_ids = models.JSONField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = AttemptQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["learner", "test_bank"],
                condition=models.Q(finished_at=None),
                name="practice_one_unfinished_attempt",
            ),
            models.CheckConstraint(
                condition=models.Q(finished_at__isnull=True)
                | models.Q(finished_at__gte=models.F("started_at")),
                name="practice_attempt_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def total(self) -> int:
        """The number of questions."""
        return len(self.version_ids)

    @property
    def is_finished(self) -> bool:
        return self.finished_at is not None


class Answer(models.Model):
    """The answer to one question of an attempt. Immutable: the first answer counts.

    `fraction` is the share of the question's points that it earned, from 0 to 1, by
    `grading_rules`. Better rules may raise it; then `fraction_before` keeps what it was.
    """

    # The index of `practice_answer_once_a_position` serves look-ups by attempt.
    attempt = models.ForeignKey(
        Attempt, on_delete=models.CASCADE, related_name="answers", db_index=False
    )
    position = models.PositiveIntegerField()
    version = models.ForeignKey(QuestionVersion, on_delete=models.PROTECT, related_name="answers")
    response = models.JSONField()
    fraction = models.DecimalField(max_digits=10, decimal_places=9)
    answered_at = models.DateTimeField()
    grading_rules = models.PositiveSmallIntegerField(default=GRADING_RULES)
    fraction_before = models.DecimalField(max_digits=10, decimal_places=9, null=True, blank=True)
    regraded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["attempt", "position"], name="practice_answer_once_a_position"
            ),
            models.CheckConstraint(
                condition=models.Q(position__gt=0), name="practice_answer_position_from_1"
            ),
            models.CheckConstraint(
                condition=models.Q(fraction__gte=0, fraction__lte=1),
                name="practice_answer_fraction_range",
            ),
            models.CheckConstraint(
                condition=models.Q(regraded_at=None, fraction_before=None)
                | models.Q(
                    regraded_at__isnull=False,
                    fraction_before__isnull=False,
                    fraction__gt=models.F("fraction_before"),
                ),
                name="practice_answer_regraded_upward",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.attempt_id}/{self.position}"
