"""Amounts of money: integers in a currency's smallest unit, and how people read them.

What one smallest unit is follows Stripe, not ISO 4217, because the amounts are sent there.
"""

from copy import copy
from decimal import Decimal
from functools import lru_cache

from babel import Locale
from babel.numbers import get_currency_symbol
from django.utils.translation import get_language, to_locale

# Source: docs.stripe.com/currencies, "zero-decimal" and "three-decimal currencies".
ZERO_DECIMAL = frozenset(
    [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "JPY",
        "KMF",
        "KRW",
        "MGA",
        "PYG",
        "RWF",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ]
)
THREE_DECIMAL = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])


def exponent(currency: str) -> int:
    """The number of decimal places of the currency's smallest unit: 0, 2 or 3."""
    if currency.upper() in ZERO_DECIMAL:
        return 0
    return 3 if currency.upper() in THREE_DECIMAL else 2


def major(amount_minor: int, currency: str) -> Decimal:
    """The amount in the currency's main unit, exact: 1999 USD is 19.99."""
    return Decimal(amount_minor).scaleb(-exponent(currency))


def minor(amount: Decimal, currency: str) -> int:
    """The amount in the currency's smallest unit: 19.99 USD is 1999.

    Raises: ValueError where it has more digits than the currency.
    """
    scaled = amount.scaleb(exponent(currency))
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{currency} has {exponent(currency)} decimal digits")
    return int(scaled)


def format_price(amount_minor: int, currency: str, language: str | None = None) -> str:
    """The amount as readers of a language write it, else of the active one: $19.99, KWD1.999.

    Always with the digits of Stripe's smallest unit: a library's own table drops those
    of some currencies (RSD 19.99 would read RSD 20).
    """
    return _formatted(amount_minor, currency, language or get_language() or "en")


@lru_cache(maxsize=2000)
def _formatted(amount_minor: int, currency: str, language: str) -> str:
    locale = Locale.parse(to_locale(language))
    pattern = copy(locale.currency_formats["standard"])
    pattern.frac_prec = (exponent(currency), exponent(currency))
    text = str(
        pattern.apply(
            major(amount_minor, currency), locale, currency=currency.upper(), currency_digits=False
        )
    )
    if locale.text_direction == "ltr":
        return text
    # "US$" is Latin letters and a sign without direction: unmarked, the sign would jump.
    symbol = get_currency_symbol(currency.upper(), locale)
    return text.replace(symbol, f"\N{LEFT-TO-RIGHT MARK}{symbol}\N{LEFT-TO-RIGHT MARK}")
