"""What the site remembers in order to defend itself. Nothing here is evicted early."""

from datetime import datetime

from django.db import models


class RateLimitCounterQuerySet(models.QuerySet["RateLimitCounter"]):
    def expired(self, at: datetime) -> "RateLimitCounterQuerySet":
        """Counters of windows that are over."""
        return self.filter(expires_at__lte=at)


class RateLimitCounter(models.Model):
    """How often somebody did something in one window of a rate limit."""

    key = models.CharField(max_length=100, unique=True)
    count = models.PositiveIntegerField(default=0)
    expires_at = models.DateTimeField(db_index=True)

    objects = RateLimitCounterQuerySet.as_manager()

    def __str__(self) -> str:
        return self.key


class CacheEntry(models.Model):
    """A row of the cache `default`, whose table `operations` creates.

    The cache evicts nothing by itself (`MAX_ENTRIES`), so the worker deletes what has expired.
    """

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    class Meta:
        managed = False
        db_table = "testbank_cache"

    def __str__(self) -> str:
        return self.cache_key
