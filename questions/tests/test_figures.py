"""Figures in the reader's own writing."""

from decimal import Decimal

import pytest
from django.utils.translation import override

from questions.templatetags.figures import figure, percent


@pytest.mark.parametrize(
    ("language", "share", "points"),
    [
        ("en", "73%", "1,000.5"),
        ("de", "73\N{NO-BREAK SPACE}%", "1.000,5"),
        ("ar", "\u206673%\u2069", "1,000.5"),
    ],
)
def test_numbers_follow_the_language(language, share, points):
    with override(language):
        assert (percent(73), figure(Decimal("1000.500"))) == (share, points)


def test_number_has_the_requested_decimals():
    with override("de"):
        assert [figure(Decimal(text), 1) for text in ("4", "4.25")] == ["4,0", "4,2"]


def test_number_has_no_trailing_zeros_and_two_decimals_at_most():
    with override("en"):
        assert [figure(Decimal(text)) for text in ("2.00", "10", "0.33333")] == ["2", "10", "0.33"]
