"""Sessions of practice and exams ("attempts"), their answers, and what a learner marks.

Attempts and answers refer to versions of questions, which are immutable, so an edit changes no
past attempt.
"""

import uuid
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models import TestBank
from questions.grading import GRADING_RULES
from questions.models import Question, QuestionVersion

if TYPE_CHECKING:
    from accounts.models import User


class AttemptQuerySet(models.QuerySet["Attempt"]):
    def visible_to(self, user: "User | AnonymousUser") -> "AttemptQuerySet":
        """The attempts of this user; none for an anonymous one."""
        return self.none() if user.is_anonymous else self.filter(learner=user)

    def unfinished(self) -> "AttemptQuerySet":
        return self.filter(finished_at=None)

    def finished(self) -> "AttemptQuerySet":
        return self.filter(finished_at__isnull=False)

    def overdue(self, at: datetime) -> "AttemptQuerySet":
        """The unfinished attempts whose deadline has passed. A paused clock does not run."""
        return self.unfinished().filter(deadline_at__lte=at, paused_at=None)

    def with_bank(self) -> "AttemptQuerySet":
        """Load the bank too, without the texts that only its own page shows."""
        texts = ("test_bank__description", "test_bank__contents", "test_bank__review_tally")
        return self.select_related("test_bank").defer(*texts)


class Attempt(models.Model):
    """One session: the questions that were drawn, in their order, and how it ended.

    The question at position 1 is the first of `version_ids` (the versions that were current at
    the start) and of `question_ids`. `bank_ids` names the bank of each position in an attempt
    across banks, whose `test_bank` is empty; elsewhere it is empty.

    In the mode "practice" each answer is graded and explained at once. In the mode "exam" nothing
    is graded before the end, so no page can tell more.

    `time_limit_seconds` is the limit without extra time; `deadline_at` is the moment that counts,
    with extra time and pauses (`paused_seconds` are those that have ended). `blueprint` and `pass_percent` are those of the bank at the start.
    `left_out` are positions that do not count, because the question could no longer be answered.
    `points`, `counted`, `answered` and `seconds_spent` are set at the end: the points earned, the
    number of questions that count, how many were answered, and the time that the answers took.
    """

    class Mode(models.TextChoices):
        PRACTICE = "practice", _("Practice")
        EXAM = "exam", _("Exam")

    class Selection(models.TextChoices):
        ALL = "all", _("All questions")
        BLUEPRINT = "blueprint", _("Exam")
        TEN = "ten", _("Ten questions")
        MISTAKES = "mistakes", _("Missed questions")
        OWN = "own", _("Custom session")
        RETAKE = "retake", _("Retake")

    class EndedBy(models.TextChoices):
        LEARNER = "learner", _("Finished")
        CLOCK = "clock", _("Time ran out")
        DISCARD = "discard", _("Discarded")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    learner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="attempts", db_index=False
    )
    test_bank = models.ForeignKey(
        TestBank, on_delete=models.PROTECT, related_name="attempts", null=True, blank=True
    )
    mode = models.CharField(max_length=10, choices=Mode.choices, default=Mode.PRACTICE)
    selection = models.CharField(max_length=10, choices=Selection.choices, default=Selection.ALL)
    seed = models.PositiveBigIntegerField(default=0)
    version_ids = models.JSONField()
    question_ids = models.JSONField(default=list)
    bank_ids = models.JSONField(default=list)
    blueprint = models.JSONField(default=list)
    pass_percent = models.PositiveSmallIntegerField(null=True, blank=True)
    time_limit_seconds = models.PositiveIntegerField(null=True, blank=True)
    deadline_at = models.DateTimeField(null=True, blank=True)
    can_pause = models.BooleanField(default=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_seconds = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=10, choices=EndedBy.choices, blank=True)
    left_out = models.JSONField(default=list)
    points = models.DecimalField(max_digits=14, decimal_places=9, null=True, blank=True)
    counted = models.PositiveIntegerField(default=0)
    answered = models.PositiveIntegerField(default=0)
    seconds_spent = models.PositiveIntegerField(default=0)

    objects = AttemptQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(finished_at__isnull=True)
                | models.Q(finished_at__gte=models.F("started_at")),
                name="practice_attempt_ends_after_start",
            ),
            models.CheckConstraint(
                condition=models.Q(mode__in=["practice", "exam"]),
                name="practice_attempt_mode_known",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    selection__in=["all", "blueprint", "ten", "mistakes", "own", "retake"]
                ),
                name="practice_attempt_selection_known",
            ),
            models.CheckConstraint(
                condition=models.Q(finished_at=None, ended_by="", points=None)
                | models.Q(
                    finished_at__isnull=False,
                    ended_by__in=["learner", "clock", "discard"],
                    points__gte=0,
                ),
                name="practice_attempt_score_at_the_end",
            ),
            models.CheckConstraint(
                condition=models.Q(paused_at=None) | models.Q(can_pause=True, finished_at=None),
                name="practice_attempt_pause_allowed",
            ),
        ]
        indexes = [
            models.Index(fields=["learner", "-started_at"], name="practice_attempt_history"),
            models.Index(
                fields=["deadline_at"],
                condition=models.Q(finished_at=None),
                name="practice_attempt_deadlines",
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

    @property
    def is_exam(self) -> bool:
        """Whether answers are graded at the end only."""
        return self.mode == self.Mode.EXAM

    @property
    def is_paused(self) -> bool:
        return self.paused_at is not None

    def bank_id_at(self, position: int) -> int:
        """The bank of the question at a position, counted from 1."""
        if self.test_bank_id is not None:
            return self.test_bank_id
        return int(self.bank_ids[position - 1])

    def is_overdue(self, at: datetime) -> bool:
        """Whether its time is up. `AttemptQuerySet.overdue` is the same in SQL."""
        is_running = not (self.is_finished or self.is_paused)
        return is_running and self.deadline_at is not None and self.deadline_at <= at


class AnswerQuerySet(models.QuerySet["Answer"]):
    def given(self) -> "AnswerQuerySet":
        """The answers that were not cleared again."""
        return self.filter(response__isnull=False)

    def graded(self) -> "AnswerQuerySet":
        """The answers whose grade may be known: none of an exam that runs."""
        return self.filter(fraction__isnull=False)

    def in_progress(self) -> "AnswerQuerySet":
        """The graded answers that count for the learner's progress: those since the last reset."""
        return self.graded().filter(reset_at=None)


class Answer(models.Model):
    """The answer to one question of an attempt.

    In a practice session it is immutable: the first answer counts, because the explanation was
    shown since. In an exam it can be replaced or cleared (`response` is then empty) until the end.

    `fraction` is the share of the question's points that it earned, from 0 to 1, by
    `grading_rules`; empty while an exam runs. Better rules may raise it, or the corrected version
    of a question (`regraded_version`); then `fraction_before` keeps what it was. `client_id` and
    `sequence` name the submission that counts: a later one of the same attempt and position has a
    greater `sequence`.

    `learner`, `question` and `test_bank` repeat what the attempt says, for progress and
    statistics. `choice_order` are the ids of the choices as they were shown. `is_first` is set
    if the learner had not answered the question before. `reset_at` is when the learner reset
    their progress; the answer stays in its attempt.
    """

    # The index of `practice_answer_once_a_position` serves look-ups by attempt.
    attempt = models.ForeignKey(
        Attempt, on_delete=models.CASCADE, related_name="answers", db_index=False
    )
    # `practice_answer_of_learner` serves look-ups by learner.
    learner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="answers")
    # `practice_answer_of_bank` serves look-ups by bank.
    test_bank = models.ForeignKey(
        TestBank, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    position = models.PositiveIntegerField()
    version = models.ForeignKey(QuestionVersion, on_delete=models.PROTECT, related_name="answers")
    response = models.JSONField(null=True, blank=True)
    fraction = models.DecimalField(max_digits=10, decimal_places=9, null=True, blank=True)
    answered_at = models.DateTimeField()
    seconds = models.PositiveIntegerField(null=True, blank=True)
    is_unsure = models.BooleanField(default=False)
    is_first = models.BooleanField(default=True)
    choice_order = models.JSONField(default=list)
    client_id = models.CharField(max_length=40, blank=True)
    sequence = models.PositiveIntegerField(default=0)
    grading_rules = models.PositiveSmallIntegerField(default=GRADING_RULES)
    fraction_before = models.DecimalField(max_digits=10, decimal_places=9, null=True, blank=True)
    regraded_at = models.DateTimeField(null=True, blank=True)
    # Nobody looks answers up by it.
    regraded_version = models.ForeignKey(
        QuestionVersion,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    reset_at = models.DateTimeField(null=True, blank=True)

    objects = AnswerQuerySet.as_manager()

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
                condition=models.Q(response__isnull=False) | models.Q(fraction=None),
                name="practice_answer_cleared_earns_nothing",
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
        indexes = [
            # With what a learner's newest answers and their points, by question and by week, are
            # chosen by and added up from, so that no answer is read for it.
            models.Index(
                fields=[
                    *("learner", "question", "id"),
                    *("reset_at", "fraction", "is_first", "answered_at"),
                ],
                name="practice_answer_of_learner",
            ),
            # For item statistics: the answers of one bank among those of all banks.
            models.Index(fields=["test_bank", "id"], name="practice_answer_of_bank"),
        ]

    def __str__(self) -> str:
        return f"{self.attempt_id}/{self.position}"


class UncountedAnswer(models.Model):
    """An answer that arrived but does not count, and why. Kept, so that its learner can see it.

    Browsers keep answers while they are offline, so one can arrive after the end of its session,
    or after another device answered the question. `fields` are those of the question's form, as
    pairs of name and value. `client_id` and `sequence` name the submission.
    """

    class Reason(models.TextChoices):
        ALREADY = "already", _("A different answer was counted")
        LATE = "late", _("Time ran out")
        ENDED = "ended", _("The session had already ended")
        NO_ACCESS = "no_access", _("Your access had already ended")
        UNREADABLE = "unreadable", _("The answer could not be graded")

    # The index of `practice_uncounted_once` serves look-ups by attempt.
    attempt = models.ForeignKey(
        Attempt, on_delete=models.CASCADE, related_name="uncounted_answers", db_index=False
    )
    position = models.PositiveIntegerField()
    fields = models.JSONField()
    reason = models.CharField(max_length=10, choices=Reason.choices)
    answered_at = models.DateTimeField()
    received_at = models.DateTimeField()
    client_id = models.CharField(max_length=40)
    sequence = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["attempt", "client_id", "sequence"], name="practice_uncounted_once"
            ),
            models.CheckConstraint(
                condition=models.Q(
                    reason__in=["already", "late", "ended", "no_access", "unreadable"]
                ),
                name="practice_uncounted_reason_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.attempt_id}/{self.position}"


class SeenQuestion(models.Model):
    """A question that was shown to a learner in a session, and what they marked at it.

    `has_note` says that there is a note at one of its versions, so that pages need not look.
    `first_shown_at` limits how many new questions one can open in an hour.
    """

    learner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    question = models.ForeignKey(
        Question, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    test_bank = models.ForeignKey(
        TestBank, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    first_shown_at = models.DateTimeField()
    is_flagged = models.BooleanField(default=False)
    has_note = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["learner", "question"], name="practice_seen_once")
        ]
        indexes = [
            models.Index(
                fields=["learner", "test_bank", "first_shown_at"], name="practice_seen_in_bank"
            )
        ]

    def __str__(self) -> str:
        return f"{self.learner_id}/{self.question_id}"


class Note(models.Model):
    """What a learner wrote about a version of a question, and highlighted in its stem.

    `highlights` are pairs of character offsets into the stem's plain text.
    """

    learner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notes", db_index=False
    )
    version = models.ForeignKey(QuestionVersion, on_delete=models.CASCADE, related_name="+")
    test_bank = models.ForeignKey(TestBank, on_delete=models.CASCADE, related_name="+")
    text = models.TextField(max_length=5000, blank=True)
    highlights = models.JSONField(default=list)
    edited_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["learner", "version"], name="practice_note_once")
        ]

    def __str__(self) -> str:
        return f"{self.learner_id}/{self.version_id}"


class Preset(models.Model):
    """The choices of an own session, saved under a name. `query` is their query string."""

    learner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="presets", db_index=False
    )
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=2000)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["learner", "name"], name="practice_preset_name_once")
        ]

    def __str__(self) -> str:
        return self.name


class Preferences(models.Model):
    """What a learner needs in every session: extra time, pauses in exams, and their time zone.

    `extra_time` is in percent of the time limit: 125 is a quarter more, 0 is no limit.
    """

    class ExtraTime(models.IntegerChoices):
        STANDARD = 100, _("Standard time")
        QUARTER = 125, _("25% more time (×1.25)")
        HALF = 150, _("50% more time (×1.5)")
        DOUBLE = 200, _("Double time (×2)")
        UNLIMITED = 0, _("No time limit")

    learner = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", primary_key=True
    )
    extra_time = models.PositiveSmallIntegerField(
        _("Extra time"), choices=ExtraTime.choices, default=ExtraTime.STANDARD
    )
    pauses_exams = models.BooleanField(_("Let me pause exams to take breaks"), default=False)
    time_zone = models.CharField(_("Time zone"), max_length=60, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(extra_time__in=[0, 100, 125, 150, 200]),
                name="practice_preferences_extra_time_known",
            )
        ]

    def __str__(self) -> str:
        return str(self.learner_id)
