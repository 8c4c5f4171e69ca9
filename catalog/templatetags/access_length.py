"""The length of an access as people say it."""

from django import template

register = template.Library()
DAYS_A_YEAR = 365


@register.filter
def whole_years(days: int | None) -> int:
    """The years in a number of days; 0 where they are not whole, or the access is for good."""
    return days // DAYS_A_YEAR if days and days % DAYS_A_YEAR == 0 else 0
