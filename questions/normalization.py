"""What is ignored when two spellings of a short answer are compared.

`docs/authors.md` lists the rules for authors. No Django, no database.
"""

import re
import unicodedata
from dataclasses import dataclass

# Stands for a wildcard in a normalized pattern. No stored text can hold a NUL.
WILDCARD = "\0"

APOSTROPHES = "‘’‚‛‹›′‵´❛❜ʹʻʼʽʾʿˈꞋꞌ՚׳"
QUOTATION_MARKS = "“”„‟«»″‶❝❞〝〞〟״ʺˮ"
# Minus signs, which are no dashes to Unicode; dashes are the category Pd.
MINUS_SIGNS = "−⁻₋˗➖⁃"
# The slash of ½, and that of formulas
SLASHES = "⁄∕"
# NFKC would make 11/2 of 1½.
MIXED_NUMBER = re.compile("(?<=[0-9])(?=[¼-¾⅐-⅞↉])")
# Dashes to Unicode, but words of their own in Japanese: a range, and a repeated sound.
WAVE_DASHES = "〜〰゠"
# What `--` becomes where a keyboard or a word processor sets dashes.
LONG_DASHES = "–—―"
# Looks like a space, and is a letter of Braille to Unicode.
BRAILLE_BLANK = "\u2800"
PLAIN = (
    dict.fromkeys(APOSTROPHES, "'")
    | dict.fromkeys(QUOTATION_MARKS, '"')
    | dict.fromkeys(MINUS_SIGNS, "-")
    | dict.fromkeys(SLASHES, "/")
    | {BRAILLE_BLANK: " "}
)
# Invisible, and neither white space nor of the category Cf: joiners, fillers, variation
# selectors, and what dictation on phones leaves behind (U+FFFC); the tatweel only draws an
# Arabic word longer.
TATWEEL = "\u0640"
FILLERS = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0\ufffc"
TURKIC = frozenset({"tr", "az"})
# Canonical combining classes: the points of Hebrew and Arabic, and marks above and below
# letters. Others are parts of letters, such as the vowels of Indian and Thai scripts.
POINTS = range(10, 37)
FIRST_MARK = 200


@dataclass(frozen=True)
class ComparisonRules:
    """How strictly two spellings are compared. `language` is that of the bank: `tr`, `pt-br`."""

    language: str = ""
    is_exact: bool = False
    is_case_sensitive: bool = False
    ignores_accents: bool = False


def spellings(text: str, rules: ComparisonRules) -> tuple[str, ...]:
    """Return what is compared of a text; two texts agree if they share one of these.

    There are several where a long dash stands that may have been typed as `--`.
    """
    if rules.is_exact:
        return (unicodedata.normalize("NFC", text).strip(),)
    return tuple(dict.fromkeys(normalize(written, rules) for written in _dashes_undone(text)))


def normalize(text: str, rules: ComparisonRules) -> str:
    """Return the text with plain signs, without what cannot be seen, and with single spaces."""
    # Before NFKC, which makes a space and an accent of ´, and after it, for ‴ and the like.
    signs = _with_plain_signs(MIXED_NUMBER.sub(" ", text))
    plain = _with_plain_signs(unicodedata.normalize("NFKC", signs))
    words = " ".join(unicodedata.normalize("NFKC", plain).split())
    if not rules.is_case_sensitive:
        words = unicodedata.normalize("NFKC", _fold_case(words, rules.language))
    return _without_accents(words) if rules.ignores_accents else words


def _with_plain_signs(text: str) -> str:
    return "".join(map(_plain_sign, text))


def _plain_sign(sign: str) -> str:
    """Return the ASCII sign that a typographic one stands for; nothing for an invisible one."""
    if sign in PLAIN:
        return PLAIN[sign]
    category = unicodedata.category(sign)
    if category == "Pd" and sign not in WAVE_DASHES:
        return "-"
    return "" if is_invisible(sign, category) else sign


def is_invisible(sign: str, category: str) -> bool:
    """Return True for a sign that leaves nothing on the screen, not even a space."""
    if category in {"Cf", "Cc"}:
        return sign != WILDCARD and not sign.isspace()
    is_selector = "\ufe00" <= sign <= "\ufe0f" or "\U000e0100" <= sign <= "\U000e01ef"
    return sign == TATWEEL or sign in FILLERS or is_selector


def _dashes_undone(text: str) -> list[str]:
    """The text, and as it was before `--` became a dash, or `--` and `---` two dashes."""
    if not any(dash in text for dash in LONG_DASHES):
        return [text]
    two = text.translate(dict.fromkeys(map(ord, LONG_DASHES), "--"))
    three = text.replace("—", "---").replace("–", "--")
    return [text, two, three]


def _fold_case(words: str, language: str) -> str:
    """Turkish and Azerbaijani have two letters i: İ belongs to i, and I to ı."""
    if language.replace("_", "-").partition("-")[0].lower() in TURKIC:
        words = words.replace("İ", "i").replace("I", "ı")
    return words.casefold()


def _without_accents(words: str) -> str:
    parts = unicodedata.normalize("NFD", words)
    kept = "".join(part for part in parts if not _is_accent(part))
    return unicodedata.normalize("NFKC", kept)


def _is_accent(part: str) -> bool:
    combining = unicodedata.combining(part)
    return combining in POINTS or combining >= FIRST_MARK
