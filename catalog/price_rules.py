"""Which prices Stripe takes. It refuses any other at the moment of purchase.

Source: docs.stripe.com/currencies (supported currencies, zero- and three-decimal currencies,
special cases, minimum and maximum charge amounts).
"""

from django.utils.translation import gettext as _

from catalog.money import THREE_DECIMAL, ZERO_DECIMAL, exponent, format_price

TWO_DECIMAL = frozenset(
    """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BWP BYN BZD CAD
    CDF CHF CNY COP CRC CVE CZK DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GTQ GYD HKD HNL
    HTG HUF IDR ILS INR ISK JMD KES KGS KHR KYD KZT LAK LBP LKR LRD LSL MAD MDL MKD MMK MNT MOP
    MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR
    SBD SCR SEK SGD SHP SLE SOS SRD STD SZL THB TJS TOP TRY TTD TWD TZS UAH UGX USD UYU UZS WST
    XCD XCG YER ZAR ZMW
    """.split()
)
CURRENCIES = TWO_DECIMAL | ZERO_DECIMAL | THREE_DECIMAL
# Two digits by form, but only whole units.
WHOLE_UNITS = frozenset({"ISK", "UGX"})
MINIMUM_MINOR = {
    **dict.fromkeys(["USD", "AUD", "BRL", "CAD", "CHF", "EUR", "INR", "JPY", "NZD", "SGD"], 50),
    **{"AED": 200, "BGN": 100, "CZK": 1500, "DKK": 250, "GBP": 30, "HKD": 400, "HUF": 17500},
    **{"MXN": 1000, "MYR": 200, "NOK": 300, "PLN": 200, "RON": 200, "SEK": 300, "THB": 1000},
}
MAXIMUM_MINOR = 99_999_999


def price_problem(amount_minor: int, currency: str) -> str:
    """Return why Stripe would refuse a price, for the seller to read; "" if it takes it.

    0 is free and never sent. Elsewhere than in the currencies listed here, the minimum is the
    equivalent of the account's own, which only Stripe knows.
    """
    if not amount_minor:
        return ""
    if currency not in CURRENCIES:
        return _("Stripe does not support %(currency)s.") % {"currency": currency}
    if amount_minor < MINIMUM_MINOR.get(currency, 0):
        lowest = format_price(MINIMUM_MINOR[currency], currency)
        return _("Stripe's minimum is %(lowest)s.") % {"lowest": lowest}
    if amount_minor > MAXIMUM_MINOR:
        highest = format_price(MAXIMUM_MINOR // _step(currency) * _step(currency), currency)
        return _("Stripe's maximum is %(highest)s.") % {"highest": highest}
    if amount_minor % _step(currency):
        return _rule_of_step(currency)
    return ""


def rule_of_decimal_places(currency: str) -> str:
    """Return how many decimal places an amount can have, for who entered more than that."""
    if digits := exponent(currency):
        words = _("%(currency)s amounts can have at most %(digits)s decimal places.")
        return words % {"currency": currency, "digits": digits}
    words = _("%(currency)s amounts have no decimal places. Enter a whole number.")
    return words % {"currency": currency}


def _step(currency: str) -> int:
    """Return what every amount in this currency must be a multiple of."""
    if currency in WHOLE_UNITS:
        return 100
    return 10 if currency in THREE_DECIMAL else 1


def _rule_of_step(currency: str) -> str:
    if currency in WHOLE_UNITS:
        return _("Stripe accepts %(currency)s in whole units only.") % {"currency": currency}
    words = _("The third decimal digit of a price in %(currency)s must be 0.")
    return words % {"currency": currency}
