"""Currency rules and displayed amounts."""

import pytest

from sandbox.money import exponent, format_amount, granularity, minimum_charge


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (1999, "usd", "$19.99"),
        (5, "usd", "$0.05"),
        (123_456_789, "eur", "€1,234,567.89"),
        (500, "jpy", "¥500"),
        (1500, "kwd", "KWD 1.500"),
        (1000, "ugx", "UGX 10.00"),
        (0, "chf", "CHF 0.00"),
    ],
)
def test_amount_is_formatted_with_the_currencys_decimals(
    amount: int, currency: str, shown: str
) -> None:
    assert format_amount(amount, currency) == shown


@pytest.mark.parametrize(
    ("currency", "digits", "steps", "least"),
    [("usd", 2, 1, 50), ("jpy", 0, 1, 50), ("kwd", 3, 10, 10), ("isk", 2, 100, 100)],
)
def test_currency_rules(currency: str, digits: int, steps: int, least: int) -> None:
    assert (exponent(currency), granularity(currency), minimum_charge(currency)) == (
        digits,
        steps,
        least,
    )
