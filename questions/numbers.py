"""What a number that a person typed means, in any script and any page's language.

Pure functions; no Django, no database.
"""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from babel import Locale, UnknownLocaleError

from questions.normalization import (
    APOSTROPHES,
    BRAILLE_BLANK,
    MINUS_SIGNS,
    WAVE_DASHES,
    is_invisible,
)

# The signs that are decisive whatever the language: a decimal sign, and one between thousands.
DECIMAL, GROUP = "d", "g"
# A dash to Japanese keyboards, which have it where others have the minus.
LONG_VOWELS = "ーｰ"
SIGNS = (
    dict.fromkeys(f"{MINUS_SIGNS}{LONG_VOWELS}", "-")
    | dict.fromkeys("＋﹢⁺₊➕﬩", "+")
    | dict.fromkeys("，،﹐︐‚", ",")
    | dict.fromkeys("．。｡﹒․", ".")
    | dict.fromkeys("٫⎖·", DECIMAL)
    | dict.fromkeys(f"٬'＇{APOSTROPHES}", GROUP)
    | dict.fromkeys("EＥｅ", "e")
    | {BRAILLE_BLANK: " "}
)
# The exponent is short, so that no number is made that fills the memory.
NUMBER = re.compile(r"([+-]?) ?(?=[., dg]*\d)([\d., dg]*[\d.,d]) ?(?:e ?([+-]?\d{1,3}))?")
# Thousands, or as India writes them: 12,34,567.
GROUPED = re.compile(r"[1-9]\d{0,2}([.,g ])\d{3}(?:\1\d{3})*|[1-9]\d?([.,g ])(?:\d{2}\2)+\d{3}")
AMBIGUOUS = re.compile(r"([1-9]\d{0,2})([.,])(\d{3})")


class UnreadableNumber(ValueError):
    """What was typed is no number."""


@dataclass(frozen=True)
class Reading:
    """What a typed number means.

    `other` is set where it can be read in two ways: `1.609` is less than two, or a thousand
    and more. `is_likely` is False where the page's language prefers neither.
    """

    value: Decimal
    other: Decimal | None = None
    is_likely: bool = True


def read_number(typed: str, *, language: str = "") -> Reading:
    """Return what the number means on a page in this language. Raises: UnreadableNumber."""
    found = NUMBER.fullmatch("".join(map(_plain, typed)).strip())
    if not found:
        raise UnreadableNumber(typed)
    sign, digits, exponent = found.groups()
    if not exponent and (ambiguous := AMBIGUOUS.fullmatch(digits)):
        return _ambiguous(sign, *ambiguous.groups(), language=language)
    return Reading(Decimal(f"{sign}{_digits(digits)}e{exponent or 0}"))


def _plain(sign: str) -> str:
    """The ASCII sign that this one stands for; nothing for an invisible one."""
    if sign in SIGNS:
        return SIGNS[sign]
    if (digit := unicodedata.decimal(sign, None)) is not None:
        return str(digit)
    category = unicodedata.category(sign)
    if category == "Pd" and sign not in WAVE_DASHES:
        return "-"
    if sign.isspace():
        return " "
    # Their plain forms stand for decisive signs here, so that a letter is none of them.
    return "" if is_invisible(sign, category) else sign.upper() if sign in "dg" else sign


def _ambiguous(sign: str, left: str, separator: str, right: str, *, language: str) -> Reading:
    """One point or comma before three digits.

    A comma between thousands is never taken for sure: people whose language writes decimals
    with it read pages in English, too.
    """
    part, whole = Decimal(f"{sign}{left}.{right}"), Decimal(f"{sign}{left}{right}")
    decimal_sign, group_sign = _separators(language)
    if separator == "." and group_sign == ".":
        return Reading(whole, part)
    return Reading(part, whole, is_likely=separator in (decimal_sign, "."))


def _digits(text: str) -> str:
    """The digits with a point as decimal sign, and nothing between thousands."""
    separators = re.sub(r"\d", "", text)
    last = separators[-1:]
    if not last or (len(separators) > 1 and len(set(separators)) == 1) or last in (GROUP, " "):
        return _whole(text)
    whole, _sign, part = text.rpartition(last)
    if separators.count(last) > 1:
        raise UnreadableNumber(text)
    return f"{_whole(whole) if whole else ''}.{part}"


def _whole(text: str) -> str:
    """The digits of a whole number. Raises: UnreadableNumber where they are grouped otherwise."""
    if not (text.isdecimal() or GROUPED.fullmatch(text)):
        raise UnreadableNumber(text)
    return re.sub(r"\D", "", text)


@lru_cache(maxsize=200)
def _separators(language: str) -> tuple[str, str]:
    """The decimal sign and the sign between thousands of a language."""
    try:
        symbols = Locale.parse(language.replace("-", "_")).number_symbols["latn"]
    except (UnknownLocaleError, ValueError, KeyError):
        return ".", ","
    return symbols["decimal"], symbols["group"]
