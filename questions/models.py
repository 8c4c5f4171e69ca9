"""Stored questions: an identity, and immutable versions of its content.

`items.py` defines the content; `catalog` puts questions into banks.
"""

import uuid

from django.db import models
from django.utils import timezone

from questions.items import ITEM, Item


class Question(models.Model):
    """The identity of a question over all its versions.

    `import_id` is set while an import stages its questions, before a bank has them.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    current = models.ForeignKey(
        "QuestionVersion", on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    import_id = models.UUIDField(null=True, editable=False)

    class Meta:
        indexes = [
            models.Index(
                fields=["import_id"],
                condition=models.Q(import_id__isnull=False),
                name="questions_question_staged",
            )
        ]

    def __str__(self) -> str:
        return str(self.public_id)


class QuestionPicture(models.Model):
    """A picture that some version of a question shows, so that its readers can be found."""

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="pictures")
    name = models.CharField(max_length=60)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name", "question"], name="questions_picture_once_a_question"
            )
        ]

    def __str__(self) -> str:
        return self.name


class QuestionVersion(models.Model):
    """One version of a question. Immutable, because answers refer to it.

    `content` is the item as JSON; the other columns repeat what queries filter by.
    `fingerprint` is equal for items that ask the same.
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
