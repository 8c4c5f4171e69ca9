"""How often the page of a bank was opened and its samples answered, by day."""

from django.db import models

from catalog.models.bank import TestBank


class DailyVisits(models.Model):
    """The visits of a bank on one day of the site's time zone. Says nothing about a person.

    Staff and programs that say so are not counted. Two visits of one person count twice.
    """

    test_bank = models.ForeignKey(
        TestBank, on_delete=models.CASCADE, related_name="daily_visits", db_index=False
    )
    day = models.DateField()
    page_views = models.PositiveIntegerField(default=0)
    sample_answers = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "daily visits"
        constraints = [
            models.UniqueConstraint(
                fields=["day", "test_bank"], name="catalog_visits_once_a_day_and_bank"
            )
        ]

    def __str__(self) -> str:
        return f"{self.test_bank_id} on {self.day}: {self.page_views}"
