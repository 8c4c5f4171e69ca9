"""Questions as they are kept: an identity, and versions whose content never changes.

What a question is made of stands in `items.py`; where it is sold in `catalog`.
"""

import uuid

from django.db import models
from django.utils import timezone

from questions.items import ITEM, Item


class Question(models.Model):
    """The identity of a question over all its versions."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    current = models.ForeignKey(
        "QuestionVersion", on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return str(self.public_id)


class QuestionVersion(models.Model):
    """What a question said at one time. Answers refer to it, so it is only ever added to.

    `content` is the item as JSON; the columns beside it repeat what is asked for in
    queries. `fingerprint` is equal for items of equal content.
    """

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(default=1)
    kind = models.CharField(max_length=30)
    domain = models.CharField(max_length=200, blank=True)
    difficulty = models.CharField(max_length=20, blank=True)
    fingerprint = models.CharField(max_length=64, db_index=True)
    content = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["question", "number"], name="questions_version_number_once"
            ),
            models.CheckConstraint(
                condition=models.Q(number__gt=0), name="questions_version_number_positive"
            ),
            models.CheckConstraint(
                condition=models.Q(difficulty__in=["", "easy", "middling", "hard"]),
                name="questions_version_difficulty_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.question_id} v{self.number}"

    @property
    def item(self) -> Item:
        """The content as an item."""
        return ITEM.validate_python(self.content)
