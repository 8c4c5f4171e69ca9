from decimal import Decimal

import pytest
from django.utils.translation import override

from catalog.money import exponent, format_price, major


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (1999, "USD", "$19.99"),
        (2000, "USD", "$20.00"),
        (1999, "JPY", "¥1,999"),
        (1999, "KWD", "KWD1.999"),
        (199900, "RSD", "RSD1,999.00"),
        (5, "EUR", "€0.05"),
    ],
)
def test_price_has_the_digits_of_the_smallest_unit(amount, currency, text):
    with override("en"):
        assert format_price(amount, currency).replace("\xa0", "") == text


def test_price_is_written_as_the_language_writes_it():
    with override("de"):
        assert format_price(123456, "EUR") == "1.234,56\xa0€"


@pytest.mark.parametrize(("currency", "digits"), [("usd", 2), ("JPY", 0), ("kwd", 3), ("UGX", 2)])
def test_exponent_follows_stripe(currency, digits):
    assert exponent(currency) == digits


def test_major_unit_is_exact():
    assert major(1999, "USD") == Decimal("19.99")


def test_a_sign_stays_beside_its_letters_where_people_read_from_the_right():
    with override("ar"):
        assert "\N{LEFT-TO-RIGHT MARK}US$\N{LEFT-TO-RIGHT MARK}" in format_price(1900, "USD")
