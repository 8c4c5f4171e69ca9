"""What must be done once, later, by whoever is free: mails to send, and leases.

The rows are the truth. Whoever works on one holds it by a lease that runs out, so that a
process killed at any moment loses nothing.
"""

from datetime import datetime

from django.db import models


class OutgoingMailQuerySet(models.QuerySet["OutgoingMail"]):
    """Mails."""

    def due(self, at: datetime) -> "OutgoingMailQuerySet":
        """Mails to be sent now, which nobody holds."""
        free = models.Q(leased_until=None) | models.Q(leased_until__lte=at)
        return self.filter(free, sent_at=None, given_up_at=None, due_at__lte=at)


class OutgoingMail(models.Model):
    """One mail. `key` names its cause, so that the same cause never queues a second one.

    `template` is the start of the names of its templates (`…_subject.txt`, `…_message.txt`,
    `…_message.html`), `context` what they need, as JSON; both are rendered when it is sent.
    """

    key = models.CharField(max_length=200)
    recipient = models.EmailField()
    language = models.CharField(max_length=20)
    template = models.CharField(max_length=200)
    context = models.JSONField(default=dict)
    queued_at = models.DateTimeField()
    due_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveIntegerField(default=0)
    failure = models.CharField(max_length=200, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    given_up_at = models.DateTimeField(null=True, blank=True)

    objects = OutgoingMailQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=models.Q(sent_at=None, given_up_at=None),
                name="delivery_mail_waiting",
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["key"], name="delivery_mail_once_a_cause"),
            models.CheckConstraint(
                condition=models.Q(sent_at__isnull=True) | models.Q(given_up_at__isnull=True),
                name="delivery_mail_sent_or_given_up",
            ),
        ]

    def __str__(self) -> str:
        return self.key


class Lease(models.Model):
    """The right to do a named job, until it runs out. One row a job."""

    name = models.CharField(max_length=100, unique=True)
    holder = models.CharField(max_length=100)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} ({self.holder})"
