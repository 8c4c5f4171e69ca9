"""When the worker's jobs last finished."""

from django.db import models


class JobRun(models.Model):
    """The last finished run of a job, on whichever machine. One row a job."""

    name = models.CharField(max_length=40, unique=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.at:%Y-%m-%d %H:%M:%S}"
