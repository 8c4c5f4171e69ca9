"""Figures as readers of the active language write them: 73% in English, 73 % in German."""

from decimal import Decimal
from functools import lru_cache

from babel.numbers import format_decimal, format_percent
from django import template
from django.utils.translation import get_language, to_locale

register = template.Library()


@register.filter
def percent(whole: int) -> str:
    """A whole number of per cent with its sign."""
    return _percent(int(whole), get_language() or "en")


@register.filter
def figure(amount: Decimal | int, places: int | None = None) -> str:
    """An amount with so many decimals, or with two at most and no needless zeros: 2, 3.5."""
    pattern = "#,##0.##" if places is None else f"#,##0.{'0' * places}"
    return _decimal(Decimal(amount), pattern, get_language() or "en")


@lru_cache(maxsize=1000)
def _percent(whole: int, language: str) -> str:
    share = format_percent(Decimal(whole) / 100, locale=to_locale(language))
    # Arabic letters before it would move the sign to the other side of the figure.
    return f"\u2066{share}\u2069" if language.startswith("ar") else share


@lru_cache(maxsize=1000)
def _decimal(amount: Decimal, pattern: str, language: str) -> str:
    return format_decimal(amount, pattern, locale=to_locale(language))
