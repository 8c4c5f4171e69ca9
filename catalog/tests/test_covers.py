"""Covers are the same everywhere, differ from bank to bank, and are safe to serve."""

import re
from xml.etree import ElementTree

import pytest

from catalog.covers.drawing import HEIGHT, WIDTH, cover_svg

SVG = "{http://www.w3.org/2000/svg}"
HUES = range(0, 360, 15)


def luminance(color: str) -> float:
    """Source: WCAG 2.2, relative luminance."""
    channels = (int(color[index : index + 2], 16) / 255 for index in (1, 3, 5))
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_cover_svg_same_bank_gives_the_same_bytes() -> None:
    assert cover_svg("git-in-practice", 255, 190) == cover_svg("git-in-practice", 255, 190)


def test_cover_svg_other_slug_gives_another_pattern() -> None:
    assert cover_svg("git-in-practice", 255, 190) != cover_svg("sql-foundations", 255, 190)


def test_cover_svg_hues_wrap_round_the_circle() -> None:
    assert cover_svg("git", -90, 400) == cover_svg("git", 270, 40)


@pytest.mark.parametrize("slug", ["git", "sql-foundations", "", "ünïcode", '"><script>', "x" * 500])
def test_cover_svg_is_well_formed_and_holds_nothing_of_the_slug(slug: str) -> None:
    root = ElementTree.fromstring(cover_svg(slug, 10, 200))  # noqa: S314 - our own drawing
    assert root.get("viewBox") == f"0 0 {WIDTH} {HEIGHT}"
    assert {element.tag for element in root} == {f"{SVG}rect", f"{SVG}circle"}
    assert not any((element.text or "").strip() for element in root.iter())


@pytest.mark.parametrize("slug", ["git", "sql-foundations", "first-aid-office", "statistics"])
def test_cover_svg_every_full_row_of_a_block_has_one_answer(slug: str) -> None:
    root = ElementTree.fromstring(cover_svg(slug, 10, 200))  # noqa: S314 - our own drawing
    rows: list[list[bool]] = []
    for element in list(root)[1:]:
        if element.tag == f"{SVG}rect":
            rows.append([])
        else:
            rows[-1].append(element.get("fill") != "none")
    assert {(len(row), sum(row)) for row in rows} == {(4, 1)}


@pytest.mark.parametrize("hue", HUES)
def test_cover_svg_answers_stand_out_at_every_hue(hue: int) -> None:
    svg = cover_svg("git-in-practice", hue, hue + 180)
    ground = re.findall(r'<rect width="\d+" height="\d+" fill="(#[0-9a-f]{6})"', svg)[0]
    answers = set(re.findall(r'<circle[^>]* fill="(#[0-9a-f]{6})"', svg))
    assert len(answers) == 2
    assert min(contrast(ground, answer) for answer in answers) >= 4.5


def test_cover_svg_stays_small() -> None:
    sizes = [len(cover_svg(f"bank-{number}", 10, 200)) for number in range(30)]
    assert max(sizes) < 25_000
