"""Durations as clocks show them."""

from django import template

register = template.Library()


@register.filter
def duration(seconds: int | None) -> str:
    """Whole seconds as 4:05, or with hours as 1:04:05."""
    minutes, rest = divmod(int(seconds or 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@register.filter
def unlocalized(number: float) -> str:
    """A number as SVG reads it, whatever the language."""
    return f"{number:g}"
