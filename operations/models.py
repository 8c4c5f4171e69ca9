"""What the work behind the scenes did last. Nothing of the domain lives here."""

from django.db import models


class JobRun(models.Model):
    """When a sweep last came to its end, on whichever machine. One row a sweep."""

    name = models.CharField(max_length=40, unique=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.at:%Y-%m-%d %H:%M:%S}"
