"""What the desk of sellers and authors remembers: who may work on a bank, and who changed what."""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from catalog.models import TestBank
from questions.models import Question, QuestionVersion


class BankRole(models.Model):
    """The role of a member of staff in one bank, for those who may not change every bank.

    An author writes questions and sends them to review. A reviewer publishes them or sends
    them back. Whoever has Django's permission `catalog.change_testbank` needs no role.
    """

    class Role(models.TextChoices):
        AUTHOR = "author", _("Author")
        REVIEWER = "reviewer", _("Reviewer")

    test_bank = models.ForeignKey(TestBank, on_delete=models.CASCADE, related_name="roles")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="bank_roles"
    )
    role = models.CharField(max_length=10, choices=Role.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "test_bank"], name="studio_role_once"),
            models.CheckConstraint(
                condition=models.Q(role__in=["author", "reviewer"]), name="studio_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.role}, {self.test_bank}"


class AuditEntry(models.Model):
    """A change that a member of staff made at the desk. Append-only.

    `detail` has the figures and names of the change, by kind.
    """

    class Kind(models.TextChoices):
        BANK_CREATED = "bank_created", _("Created the test bank")
        BANK_CHANGED = "bank_changed", _("Changed the test bank")
        BANK_RENAMED = "bank_renamed", _("Changed the address")
        BANK_PUBLISHED = "bank_published", _("Published the test bank")
        BANK_WITHDRAWN = "bank_withdrawn", _("Unpublished the test bank")
        ROLE_SET = "role_set", _("Assigned a role")
        ROLE_REMOVED = "role_removed", _("Removed a role")
        QUESTION_CREATED = "question_created", _("Created a question")
        QUESTION_CHANGED = "question_changed", _("Changed a question")
        QUESTIONS_EDITED = "questions_edited", _("Edited questions in bulk")
        EDIT_UNDONE = "edit_undone", _("Undid a bulk edit")
        IMPORTED = "imported", _("Imported questions")
        IMPORT_UNDONE = "import_undone", _("Undid an import")
        ACCESS_GRANTED = "access_granted", _("Granted access")
        ACCESS_EXTENDED = "access_extended", _("Extended access")
        ACCESS_REVOKED = "access_revoked", _("Ended access")
        REPORT_CLOSED = "report_closed", _("Closed a report")
        ANSWERS_REGRADED = "answers_regraded", _("Regraded answers")
        SENT_TO_REVIEW = "sent_to_review", _("Sent a question for review")
        SENT_BACK = "sent_back", _("Sent a question back")
        QUESTION_PUBLISHED = "question_published", _("Published a question")
        QUESTION_RETIRED = "question_retired", _("Retired a question")

    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    kind = models.CharField(max_length=20, choices=Kind.choices)
    test_bank = models.ForeignKey(
        TestBank, on_delete=models.CASCADE, null=True, related_name="audit_entries"
    )
    detail = models.JSONField(default=dict)

    class Meta:
        verbose_name_plural = "audit entries"
        indexes = [models.Index(fields=["test_bank", "-at", "-id"], name="studio_audit_of_bank")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d} {self.kind}"


class BulkEdit(models.Model):
    """A change of many questions at once, with what undoes it.

    `before` lists the former values: rows of the id of the `BankQuestion`, the value, and the
    number of the version that the edit made where it made one. A new order lists every question
    of the bank, and says in place of the number whether the edit was of this question.
    """

    class Action(models.TextChoices):
        DOMAIN = "domain", _("Set domain")
        DIFFICULTY = "difficulty", _("Set difficulty")
        ADD_TAG = "add_tag", _("Add tag")
        REMOVE_TAG = "remove_tag", _("Remove tag")
        SAMPLE = "sample", _("Add to samples")
        NO_SAMPLE = "no_sample", _("Remove from samples")
        DRAFT = "draft", _("Return to draft")
        REVIEW = "review", _("Send for review")
        PUBLISH = "publish", _("Publish")
        RETIRE = "retire", _("Retire")
        COPY = "copy", _("Copy to another test bank")
        MOVE = "move", _("Move to another test bank")
        ORDER = "order", _("Change position")

    test_bank = models.ForeignKey(TestBank, on_delete=models.CASCADE, related_name="bulk_edits")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    at = models.DateTimeField()
    action = models.CharField(max_length=10, choices=Action.choices)
    value = models.CharField(max_length=200, blank=True)
    before = models.JSONField()
    undone_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.test_bank}: {self.action}, {self.count}"

    @property
    def count(self) -> int:
        """How many questions were edited."""
        return sum(1 for _place, _value, mark in self.before if mark is not False)


class QuestionDraft(models.Model):
    """What somebody has typed into the editor of a question and has not saved.

    `fields` are the editor's; `base_number` is the version that they began with, 0 for a new
    question. One for each person and question; of a new question, one for each bank and kind.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="question_drafts"
    )
    test_bank = models.ForeignKey(
        TestBank, on_delete=models.CASCADE, related_name="question_drafts"
    )
    question = models.ForeignKey(
        Question, on_delete=models.CASCADE, null=True, related_name="drafts"
    )
    kind = models.CharField(max_length=30)
    base_number = models.PositiveIntegerField(default=0)
    fields = models.JSONField()
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "question"],
                condition=models.Q(question__isnull=False),
                name="studio_draft_once_a_question",
            ),
            models.UniqueConstraint(
                fields=["user", "test_bank", "kind"],
                condition=models.Q(question=None),
                name="studio_draft_once_a_new_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.question or self.kind}"


class Import(models.Model):
    """A file of questions that was uploaded into a bank, or read by `import_bank`.

    The upload waits in the storage as a zip (`upload`), until it is accepted or thrown away.
    `undo` has the ids of the questions that were added, the places of those that were retired by
    their former state, and for corrected ones the numbers of the versions before and after.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", _("Waiting for your decision")
        QUEUED = "queued", _("Queued")
        DONE = "done", _("Imported")
        DISCARDED = "discarded", _("Discarded")
        FAILED = "failed", _("Failed")
        UNDONE = "undone", _("Undone")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    test_bank = models.ForeignKey(TestBank, on_delete=models.CASCADE, related_name="imports")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    at = models.DateTimeField()
    names = models.JSONField(default=list)
    domain = models.CharField(max_length=200, blank=True)
    upload = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    retires_missing = models.BooleanField(default=False)
    added = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    retired = models.PositiveIntegerField(default=0)
    done_at = models.DateTimeField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    undo = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    status__in=["waiting", "queued", "done", "discarded", "failed", "undone"]
                ),
                name="studio_import_status_known",
            )
        ]
        indexes = [models.Index(fields=["test_bank", "-at"], name="studio_import_of_bank")]

    def __str__(self) -> str:
        return f"{self.test_bank}: {', '.join(self.names)}"


class ItemStatistics(models.Model):
    """How a version of a question did in a bank, computed from the answers of learners.

    Figures are of first exposures, in percent; empty below the fewest that say something.
    `distractors` has the share of each choice among the weakest and the strongest learners.
    `suspect` is the choice that is probably the key instead, and `suspicion` how sure that is.
    """

    test_bank = models.ForeignKey(TestBank, on_delete=models.CASCADE, related_name="statistics")
    version = models.ForeignKey(QuestionVersion, on_delete=models.CASCADE, related_name="+")
    first_count = models.PositiveIntegerField()
    repeat_count = models.PositiveIntegerField()
    facility = models.FloatField(null=True)
    repeat_facility = models.FloatField(null=True)
    discrimination = models.FloatField(null=True)
    efficiency = models.FloatField(null=True)
    median_seconds = models.PositiveIntegerField(null=True)
    distractors = models.JSONField(default=dict)
    suspect = models.CharField(max_length=40, blank=True)
    suspicion = models.FloatField(null=True)
    answers_until = models.PositiveBigIntegerField()
    computed_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "item statistics"
        constraints = [
            models.UniqueConstraint(
                fields=["test_bank", "version"], name="studio_statistics_once_a_version"
            )
        ]

    def __str__(self) -> str:
        return f"{self.version}: {self.first_count}"


class QuestionReport(models.Model):
    """A fault of a question that learners reported. One open report for each reason and bank.

    `version` is the version that was reported first. `reply` is what the reporters are told at
    the end. `reporter_count` is how many reported it, including accounts erased since.
    """

    class Reason(models.TextChoices):
        KEY = "key", _("The answer marked correct is incorrect")
        UNCLEAR = "unclear", _("The question is unclear")
        TYPO = "typo", _("The question has a typo")
        PICTURE = "picture", _("An image is missing or broken")
        OUTDATED = "outdated", _("The question is outdated")

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("report", "Open")
        FIXED = "fixed", pgettext_lazy("report", "Fixed")
        UNCHANGED = "unchanged", pgettext_lazy("report", "No change needed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    test_bank = models.ForeignKey(TestBank, on_delete=models.CASCADE, related_name="reports")
    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="reports")
    version = models.ForeignKey(QuestionVersion, on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=10, choices=Reason.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    reporter_count = models.PositiveIntegerField(default=0)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    reply = models.TextField(max_length=1000, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["test_bank", "question", "reason"],
                condition=models.Q(state="open"),
                name="studio_report_open_once_a_reason",
            ),
            models.CheckConstraint(
                condition=models.Q(reason__in=["key", "unclear", "typo", "picture", "outdated"]),
                name="studio_report_reason_known",
            ),
            models.CheckConstraint(
                condition=models.Q(state="open", closed_at=None)
                | models.Q(state__in=["fixed", "unchanged"], closed_at__isnull=False),
                name="studio_report_closed_with_a_time",
            ),
        ]
        indexes = [
            models.Index(fields=["test_bank", "state", "-opened_at"], name="studio_report_inbox")
        ]

    def __str__(self) -> str:
        return f"{self.test_bank}: {self.reason}, {self.state}"


class QuestionReporter(models.Model):
    """A learner's part in a report: their words, and the language of mails to them.

    Authors read the words and never who wrote them.
    """

    report = models.ForeignKey(QuestionReport, on_delete=models.CASCADE, related_name="reporters")
    learner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="question_reports"
    )
    words = models.TextField(max_length=2000, blank=True)
    language = models.CharField(max_length=20)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["report", "learner"], name="studio_reporter_once")
        ]

    def __str__(self) -> str:
        return str(self.report_id)


class CorrectionQuerySet(models.QuerySet["Correction"]):
    def due(self, at: datetime) -> "CorrectionQuerySet":
        """Corrections with answers left to grade, or young enough for sessions that still run."""
        young = models.Q(at__gt=at - Correction.WATCHED)
        return self.filter(models.Q(is_complete=False) | young)


class Correction(models.Model):
    """A corrected version by which the answers to earlier versions are graded, upward only.

    `graded_until` is the id of the last answer that was looked at while not `is_complete`. Later,
    sessions that began before the correction may still end: `checked_at` is when those were last
    looked for. `raised` counts the answers that rose.
    """

    # How long after a correction the end of earlier sessions is watched for.
    WATCHED = timedelta(days=90)

    version = models.OneToOneField(
        QuestionVersion, on_delete=models.CASCADE, related_name="correction"
    )
    test_bank = models.ForeignKey(TestBank, on_delete=models.CASCADE, related_name="corrections")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    at = models.DateTimeField()
    words = models.CharField(max_length=300)
    graded_until = models.PositiveBigIntegerField(default=0)
    is_complete = models.BooleanField(default=False)
    checked_at = models.DateTimeField()
    raised = models.PositiveIntegerField(default=0)

    objects = CorrectionQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.version}: {self.raised}"


class Authorship(models.Model):
    """Who wrote a question in the editor. Of imported ones, `Import.by` says it."""

    question = models.OneToOneField(Question, on_delete=models.CASCADE, related_name="authorship")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="authorships"
    )

    def __str__(self) -> str:
        return f"{self.question_id}: {self.user}"


class ReviewNote(models.Model):
    """A step of a question through review in a bank, with what was written at it. Append-only."""

    class Step(models.TextChoices):
        SENT = "sent", _("Sent for review")
        RETURNED = "returned", _("Sent back")
        PUBLISHED = "published", pgettext_lazy("a question was", "Published")
        RETIRED = "retired", pgettext_lazy("a question was", "Retired")

    test_bank = models.ForeignKey(TestBank, on_delete=models.CASCADE, related_name="review_notes")
    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="review_notes")
    step = models.CharField(max_length=10, choices=Step.choices)
    words = models.TextField(max_length=1000, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(step__in=["sent", "returned", "published", "retired"]),
                name="studio_review_step_known",
            )
        ]
        indexes = [
            models.Index(fields=["question", "test_bank", "-at"], name="studio_review_of_question")
        ]

    def __str__(self) -> str:
        return f"{self.question_id}: {self.step}"
