"""A number means what the person who typed it means, on a page of any language."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from questions.grading import AmbiguousNumber, NotANumber, NumberResponse, grade
from questions.items import AcceptedNumber, Numeric, Text
from questions.numbers import Reading, UnreadableNumber, read_number

LANGUAGES = ["", "en", "de", "fr", "ar", "es", "pt-br", "de-ch", "fa", "hi", "zh-hans", "xx"]
MILE = Decimal(1609)
MINUS_SIGNS = "-−‐‑‒–—﹣－⁻₋˗➖ー"


def numeric(*values: str) -> Numeric:
    return Numeric(
        stem=Text(source="How many?"),
        accepted=tuple(
            AcceptedNumber(low=value, high=value, weight=100 - 50 * place)
            for place, value in enumerate(map(Decimal, values))
        ),
    )


def verdict(item: Numeric, typed: str, language: str) -> str:
    try:
        worth = grade(item, NumberResponse(typed=typed, language=language))
    except NotANumber:
        return "asked again"
    return "right" if worth.is_right else "wrong"


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("3.5", "3.5"),
        ("3,5", "3.5"),
        ("1,50", "1.50"),
        (" +.5 ", "0.5"),
        (",125", "0.125"),
        ("5.", "5"),
        ("0,125", "0.125"),
        ("1234,567", "1234.567"),
        ("1.5E-3", "0.0015"),
        ("1,609e3", "1609"),
        ("- 2", "-2"),
        ("1 000", "1000"),
        ("1\N{NO-BREAK SPACE}000", "1000"),
        ("12\N{NARROW NO-BREAK SPACE}345,5", "12345.5"),
        ("1'609", "1609"),
        ("1’609.5", "1609.5"),
        ("1.000,5", "1000.5"),
        ("1,000.5", "1000.5"),
        ("1.234.567", "1234567"),
        ("1,234,567", "1234567"),
        ("12,34,567.5", "1234567.5"),
    ],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_unambiguous_number_is_equal_in_every_language(
    typed: str, value: str, language: str
) -> None:
    assert read_number(typed, language=language) == Reading(Decimal(value))


@pytest.mark.parametrize(
    "typed", ["٢٫٥", "۲٫۵", "२.५", "২.৫", "๒.๕", "２．５", "𝟐.𝟓", "2·5", "2。5", "٢،٥", "2，5"]
)
def test_digits_and_decimal_signs_of_every_script_are_read(typed: str) -> None:
    assert read_number(typed) == Reading(Decimal("2.5"))


def test_arabic_sign_between_thousands_is_read() -> None:
    assert read_number("١٬٦٠٩٫٥") == Reading(Decimal("1609.5"))


@pytest.mark.parametrize("sign", MINUS_SIGNS)
def test_every_minus_character_is_read(sign: str) -> None:
    assert read_number(f"{sign}2") == Reading(Decimal(-2))
    assert read_number(f"2e{sign}3") == Reading(Decimal("0.002"))


@pytest.mark.parametrize("typed", ["\u200e2.5", "2.5\u200b", "\ufeff2.5", "2\u2060.5", "\u061c2.5"])
def test_invisible_characters_are_ignored(typed: str) -> None:
    assert read_number(typed) == Reading(Decimal("2.5"))


@pytest.mark.parametrize(
    "typed",
    [
        *("", " ", "one", "NaN", "inf", "1e9999", "0x10", "1_000", ".", "-", "e5", "1e", "5-"),
        *(
            "1,2,3",
            "1,,000",
            "1.2.3",
            "1'60",
            "1 0",
            "0.000.000",
            "1.5.",
            "1,000,5",
            "1d5",
            "1g000",
        ),
        *("10²", "½", "1/2", "5 km", "5%", "(5)", "2〜3", "٢/٥"),
    ],
)
def test_text_that_is_not_a_number_is_not_graded(typed: str) -> None:
    with pytest.raises(UnreadableNumber):
        read_number(typed)
    assert verdict(numeric("1"), typed, "en") == "asked again"


@pytest.mark.parametrize(
    ("typed", "language", "expected"),
    [
        ("1.609", "en", "asked again"),
        ("1.609", "de", "right"),
        ("1.609", "fr", "asked again"),
        ("1,609", "en", "asked again"),
        ("1,609", "de", "asked again"),
        ("1,609", "ar", "asked again"),
        ("١،٦٠٩", "ar", "asked again"),
        ("1 609", "fr", "right"),
        ("2.609", "en", "wrong"),
        ("2.609", "de", "wrong"),
        ("2,609", "en", "wrong"),
        ("2,609", "de", "wrong"),
        ("-1.609", "de", "wrong"),
    ],
)
def test_one_separator_before_three_digits_is_read_in_both_ways(
    typed: str, language: str, expected: str
) -> None:
    assert verdict(numeric("1609"), typed, language) == expected


@pytest.mark.parametrize(
    ("typed", "language", "expected"),
    [
        ("3.142", "en", "right"),
        ("3.142", "de", "asked again"),
        ("3,142", "de", "right"),
        ("3,142", "en", "asked again"),
        ("3.1420", "de", "right"),
        ("3,1420", "en", "right"),
    ],
)
def test_three_decimals_are_not_thousands(typed: str, language: str, expected: str) -> None:
    assert verdict(numeric("3.142"), typed, language) == expected


def test_ambiguous_number_says_what_it_may_mean() -> None:
    with pytest.raises(AmbiguousNumber) as asked:
        grade(numeric("1609"), NumberResponse(typed="1,609", language="en"))
    assert (asked.value.reading.value, asked.value.reading.other) == (Decimal("1.609"), MILE)


TYPED = st.from_regex(r"[−-]?[0-9٠-٩]{0,4}([.,' ٬٫][0-9]{0,4}){0,3}(e[0-9])?", fullmatch=True)


@pytest.mark.slow
@settings(deadline=None)
@given(TYPED, st.sampled_from(["1", "1.609", "1609", "-1609", "0.5", "1609000"]))
def test_verdict_is_consistent_across_languages(typed: str, key: str) -> None:
    verdicts = {verdict(numeric(key), typed, language) for language in LANGUAGES}
    assert verdicts not in ({"wrong", "asked again"}, {"wrong", "asked again", "right"})
    assert verdicts != {"wrong", "right"}
