"""Tags and filters of the catalog's pages."""

from django import template

from catalog.seo.structured_data import absolute

register = template.Library()
register.simple_tag(absolute)
DAYS_A_YEAR = 365


@register.filter
def whole_years(days: int | None) -> int:
    """The years in a number of days; 0 if they are not whole, or access never expires."""
    return days // DAYS_A_YEAR if days and days % DAYS_A_YEAR == 0 else 0
