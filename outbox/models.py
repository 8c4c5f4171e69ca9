"""Work to do once, later: mails to send, and the leases of scheduled jobs.

The rows are the truth. A process claims a row by a lease that expires, so that a process killed
at any moment loses nothing.
"""

from datetime import datetime, timedelta

from django.db import models

# Longer than any lease, and than the time that a job has been running when it asks.
LONGEST_LEASE = timedelta(hours=1)


def no_lease(at: datetime) -> models.Q:
    """Rows whose `leased_until` lets another process claim them.

    A lease that would last longer than any is from before the clock was set back.
    """
    return models.Q(leased_until=None) | is_over("leased_until", at)


def is_over(ends_at: str, at: datetime) -> models.Q:
    """Rows whose lease, which ends at that field, has expired or cannot be true."""
    return models.Q((f"{ends_at}__lte", at)) | models.Q((f"{ends_at}__gt", at + LONGEST_LEASE))


class OutgoingMailQuerySet(models.QuerySet["OutgoingMail"]):
    def due(self, at: datetime) -> "OutgoingMailQuerySet":
        """Mails to send now that no process has leased."""
        return self.filter(no_lease(at), sent_at=None, given_up_at=None, due_at__lte=at)


class OutgoingMail(models.Model):
    """A mail. `key` names its cause, so that the same cause never queues a second one.

    `template` is the prefix of its template names (`…_subject.txt`, `…_message.txt`,
    `…_message.html`) and `context` their context, as JSON. They are rendered when it is sent.
    """

    key = models.CharField(max_length=200)
    recipient = models.EmailField()
    language = models.CharField(max_length=20)
    template = models.CharField(max_length=200)
    context = models.JSONField(default=dict)
    # Stands in the log lines of sending, so that they can be found from the request.
    request_id = models.CharField(max_length=64, blank=True, default="")
    # The context holds a code or a link that lets somebody in: it is deleted once it is sent.
    is_secret = models.BooleanField(default=False)
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
                name="outbox_mail_waiting",
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["key"], name="outbox_mail_once_a_cause"),
            models.CheckConstraint(
                condition=models.Q(sent_at__isnull=True) | models.Q(given_up_at__isnull=True),
                name="outbox_mail_sent_or_given_up",
            ),
        ]

    def __str__(self) -> str:
        return self.key


class Lease(models.Model):
    """The right to run a named job until the lease expires. One row per job."""

    name = models.CharField(max_length=100, unique=True)
    holder = models.CharField(max_length=100)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} ({self.holder})"


class BouncedAddress(models.Model):
    """An address to which mail could not be delivered, or that complained. One row an address."""

    address = models.EmailField(unique=True)
    reason = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "bounced addresses"

    def __str__(self) -> str:
        return self.address
