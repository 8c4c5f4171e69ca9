"""The rows that the bare site reads and writes: the shop's banks, and two tables of its own."""

from django.db import models


class Bank(models.Model):
    """A bank of the shop, all that its page shows in one row."""

    slug = models.SlugField(max_length=100, unique=True)
    title = models.CharField(max_length=200)
    summary = models.CharField(max_length=300)
    description = models.TextField()
    price_minor = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    access_days = models.PositiveIntegerField(null=True)
    status = models.CharField(max_length=20)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "catalog_testbank"

    def __str__(self) -> str:
        return self.title


class Answer(models.Model):
    """An answer, as few columns as it can have."""

    attempt = models.UUIDField()
    position = models.PositiveIntegerField()
    version = models.BigIntegerField()
    response = models.JSONField()
    answered_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.attempt}/{self.position}"


class Event(models.Model):
    """An event of Stripe, as it came."""

    event_id = models.CharField(max_length=255, unique=True)
    kind = models.CharField(max_length=100)
    body = models.TextField()
    received_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.event_id
