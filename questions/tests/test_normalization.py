"""Two spellings of one answer are equal; two answers are not."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from questions.normalization import ComparisonRules, spellings

ANYHOW = ComparisonRules()
TURKISH = ComparisonRules(language="tr")
WITH_CASE = ComparisonRules(is_case_sensitive=True)
NO_ACCENTS = ComparisonRules(ignores_accents=True)
EXACT = ComparisonRules(is_exact=True)


def agree(one: str, other: str, rules: ComparisonRules = ANYHOW) -> bool:
    return bool(set(spellings(one, rules)) & set(spellings(other, rules)))


@pytest.mark.parametrize("sign", "’‘ʼ′´‹ʹ׳’")
def test_all_apostrophes_are_equal(sign: str) -> None:
    assert agree(f"Grant{sign}s tomb", "Grant's tomb")


@pytest.mark.parametrize("quoted", ["“hi”", "„hi“", "«hi»", "″hi″", "＂hi＂", "״hi״", "❝hi❞"])
def test_all_quotation_marks_are_equal(quoted: str) -> None:
    assert agree(f"print({quoted})", 'print("hi")', WITH_CASE)


@pytest.mark.parametrize("sign", "\u2010\u2011\u2012\u2013\u2014\u2015−－﹣⁃˗\u05be")
def test_hyphens_dashes_and_minus_signs_are_equal(sign: str) -> None:
    assert agree(f"well{sign}being", "well-being")


@pytest.mark.parametrize("typed", ["––amend", "—amend", "–amend", "－－amend"])
def test_two_hyphens_equal_a_dash(typed: str) -> None:
    assert agree(f"git commit {typed}", "git commit --amend")
    assert not agree("git commit -amend", "git commit --amend")


def test_three_hyphens_equal_a_dash() -> None:
    assert agree("— a – b", "--- a -- b")


@pytest.mark.parametrize(
    "typed",
    [
        "caf\u00e9\u200b",
        "\ufeffcaf\u00e9",
        "\u200fcaf\u00e9\u200e",
        "ca\u00adf\u00e9",
        "caf\u2060\u00e9",
        "\u061ccaf\u00e9",
        "caf\u180e\u00e9",
        "caf\u034f\u00e9",
        "caf\u00e9\ufe0f",
        "\u3164caf\u00e9",
        "caf\u00e9\x08",
        "\ufffccaf\u00e9",
        "\u2800caf\u00e9",
    ],
)
def test_invisible_characters_are_ignored(typed: str) -> None:
    assert agree(typed, "caf\u00e9")


def test_tatweel_is_ignored() -> None:
    assert agree("\u0643\u062a\u0640\u0640\u0627\u0628", "\u0643\u062a\u0627\u0628")


@pytest.mark.parametrize(
    "space", ["\u00a0", "\u202f", "\u3000", "\t", "\r\n", "\u2028", "\u2800", "   "]
)
def test_any_white_space_equals_one_space(space: str) -> None:
    assert agree(f"{space}git{space}log{space}", "git log")


@pytest.mark.parametrize(
    ("typed", "accepted"),
    [
        ("ｇｉｔ", "git"),
        ("cafe\u0301", "caf\u00e9"),
        ("ﬁle", "file"),
        ("…", "..."),
        ("H₂O", "H2O"),
        ("½", "1/2"),
        ("1½", "1 1/2"),
        ("3∕4", "3/4"),
        ("ﻛﺘﺎﺏ", "كتاب"),
        ("ｶﾞ", "ガ"),
    ],
)
def test_compatibility_characters_are_equal(typed: str, accepted: str) -> None:
    assert agree(typed, accepted)


def test_mixed_number_is_no_fraction() -> None:
    assert not agree("1½", "11/2")


@pytest.mark.parametrize(
    ("typed", "accepted"), [("STRASSE", "Straße"), ("ΣΟΦΟΣ", "σοφος"), ("ÉTÉ", "été")]
)
def test_case_is_ignored_unless_it_counts(typed: str, accepted: str) -> None:
    assert agree(typed, accepted)
    assert not agree(typed, accepted, WITH_CASE)


@pytest.mark.parametrize("language", ["tr", "az", "tr-TR", "AZ_latn"])
def test_turkish_dotted_and_dotless_i_differ(language: str) -> None:
    rules = ComparisonRules(language=language)
    assert agree("ISPARTA", "Isparta", rules)
    assert agree("ısparta", "Isparta", rules)
    assert agree("izmir", "İzmir", rules)
    assert agree("I\u0307ZMI\u0307R", "İzmir", rules)
    assert not agree("sık", "SİK", rules)
    assert not agree("sik", "SIK", rules)


@pytest.mark.parametrize("language", ["", "en", "de", "trv", "ar"])
def test_dotless_i_in_other_languages(language: str) -> None:
    rules = ComparisonRules(language=language)
    assert agree("INSERT", "insert", rules)
    assert not agree("ınsert", "insert", rules)


@pytest.mark.parametrize(
    ("typed", "accepted"),
    [("cafe", "café"), ("uber", "über"), ("كتاب", "كِتَاب"), ("שלום", "שָׁלוֹם"), ("viet", "việt")],
)
def test_accents_count_unless_the_author_says_otherwise(typed: str, accepted: str) -> None:
    assert not agree(typed, accepted)
    assert agree(typed, accepted, NO_ACCENTS)


@pytest.mark.parametrize(("typed", "accepted"), [("か", "が"), ("क", "कि"), ("ก", "กุ"), ("l", "ł")])
def test_marks_that_are_part_of_a_letter_are_not_accents(typed: str, accepted: str) -> None:
    assert not agree(typed, accepted, NO_ACCENTS)


@pytest.mark.parametrize(
    "typed", ["git Log", "git  log", "git\u200b log", "git\u00a0log", "ｇｉｔ log"]
)
def test_exact_comparison_ignores_nothing(typed: str) -> None:
    assert not agree(typed, "git log", EXACT)


def test_exact_comparison_ignores_unicode_composition() -> None:
    assert agree(" cafe\u0301 ", "caf\u00e9", EXACT)


@pytest.mark.parametrize(
    ("one", "other"),
    [("`a`", "'a'"), ("a,b", "a, b"), ("a.", "a"), ("1〜2", "1-2"), ("c++", "c"), ("é", "è")],
)
def test_other_differences_count(one: str, other: str) -> None:
    assert not agree(one, other)


@settings(deadline=None)
@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30))
def test_normalization_is_idempotent_and_removes_invisible_characters(text: str) -> None:
    for rules in (ANYHOW, TURKISH, WITH_CASE):
        first = spellings(text, rules)[0]
        assert spellings(first, rules)[0] == first
        assert not [sign for sign in first if unicodedata.category(sign) in {"Cf", "Cc"}]
