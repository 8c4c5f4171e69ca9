"""Currencies: their decimals, their minimum charge, and how amounts are displayed.

Source: docs.stripe.com/currencies (zero- and three-decimal currencies, special cases,
minimum and maximum charge amounts).
"""

from decimal import Decimal

ZERO_DECIMAL = frozenset(
    [
        "bif",
        "clp",
        "djf",
        "gnf",
        "jpy",
        "kmf",
        "krw",
        "mga",
        "pyg",
        "rwf",
        "vnd",
        "vuv",
        "xaf",
        "xof",
        "xpf",
    ]
)
THREE_DECIMAL = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])
WHOLE_UNITS_ONLY = frozenset({"isk", "ugx"})
SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥", "inr": "₹", "krw": "₩"}
MINIMUM_CHARGE = {
    **dict.fromkeys(["usd", "aud", "brl", "cad", "chf", "eur", "inr", "jpy", "nzd", "sgd"], 50),
    **{"aed": 200, "bgn": 100, "czk": 1500, "dkk": 250, "gbp": 30, "hkd": 400, "huf": 17500},
    **{"mxn": 1000, "myr": 200, "nok": 300, "pln": 200, "ron": 200, "sek": 300, "thb": 1000},
}
MAXIMUM_CHARGE = 99_999_999


def exponent(currency: str) -> int:
    """Return the number of decimals of the currency: 0, 2 or 3."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def granularity(currency: str) -> int:
    """Return the number that every amount in this currency must be a multiple of."""
    if currency in WHOLE_UNITS_ONLY:
        return 100
    return 10 if currency in THREE_DECIMAL else 1


def minimum_charge(currency: str) -> int:
    """Return the smallest charge, in the smallest unit. An amount of 0 is always allowed."""
    return MINIMUM_CHARGE.get(currency, granularity(currency))


def format_amount(amount: int, currency: str) -> str:
    """Format an amount in the smallest unit: $19.99, ¥500, KWD 1.500."""
    figure = f"{Decimal(amount).scaleb(-exponent(currency)):,.{exponent(currency)}f}"
    symbol = SYMBOLS.get(currency)
    return f"{symbol}{figure}" if symbol else f"{currency.upper()} {figure}"
