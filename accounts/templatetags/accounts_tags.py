"""Names of browsers and email addresses in templates."""

import re

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe

from accounts.user_agents import browser_name

register = template.Library()
register.filter(browser_name)


@register.filter
def breakable(address: str | None) -> SafeString:
    """An email address that breaks after "@" and before "." only, if it must."""
    parts = re.split(r"(?<=@)|(?=\.)", address or "")
    return format_html_join(mark_safe("<wbr>"), "{}", ((part,) for part in parts))
