"""When the worker's jobs last finished, alarms, sizes of tables, and writes of health checks."""

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


class TableSize(models.Model):
    """The disk space of a database table on one day, with its indexes."""

    table = models.CharField(max_length=100)
    measured_on = models.DateField()
    size_bytes = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["measured_on", "table"], name="operations_table_size_once_a_day"
            ),
            models.CheckConstraint(
                condition=models.Q(size_bytes__gte=0), name="operations_table_size_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.table} on {self.measured_on}: {self.size_bytes} bytes"


class WriteProbe(models.Model):
    """What `/readyz` writes, and deletes at once, to learn whether the database takes writes."""

    filler = models.TextField()

    def __str__(self) -> str:
        return f"probe {self.pk}"
