"""When the worker's jobs last finished, the alarms of now, and the writes of health checks."""

from django.db import models


class JobRun(models.Model):
    """The last finished run of a job, on whichever machine. One row a job."""

    name = models.CharField(max_length=40, unique=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.at:%Y-%m-%d %H:%M:%S}"


class Alarm(models.Model):
    """A fault that lasts, of which ADMINS have been told. Deleted when it is over."""

    name = models.CharField(max_length=60, unique=True)
    since = models.DateTimeField()
    message = models.TextField()

    def __str__(self) -> str:
        return f"{self.name} since {self.since:%Y-%m-%d %H:%M:%S}"


class WriteProbe(models.Model):
    """What `/readyz` writes, and deletes at once, to learn whether the database takes writes."""

    filler = models.TextField()

    def __str__(self) -> str:
        return f"probe {self.pk}"
