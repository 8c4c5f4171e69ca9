"""Covers of test banks, drawn from their slug: a fragment of an answer sheet in two hues.

Pure text in, SVG out: no Django, no files, no randomness. The address that serves a cover, and
how long it may be kept, belong to the views.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass

WIDTH, HEIGHT = 320, 200
PITCHES = (20, 26, 34)
CHOICES = 4


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one cover, as hex triplets."""

    ground: str
    line: str
    filled: str
    accent: str


def cover_svg(slug: str, hue_a: int, hue_b: int) -> str:
    """Draw the cover of a bank: the same slug and hues give the same bytes, on every machine.

    Hues are degrees (any integer, taken modulo 360): `hue_a` dyes the ground, `hue_b` one
    answered block. The drawing has no text, no title and no script: whoever shows it decides
    what it is called (`alt`), and draws it at any size of 8:5. The ground is a middling dark cloth
    that stands on light and on dark pages alike.
    """
    palette = _palette(hue_a % 360, hue_b % 360)
    seed = hashlib.sha256(slug.encode()).digest()
    return "".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{palette.ground}"/>',
            *_sheet(seed, palette),
            "</svg>",
        )
    )


def _sheet(seed: bytes, palette: Palette) -> Iterator[str]:
    """Yield block after block until the sheet runs out of the picture's end."""
    pitch = PITCHES[seed[0] % len(PITCHES)]
    block_width = (CHOICES + 1) * pitch
    start = -(seed[1] % (CHOICES + 1)) * pitch
    blocks = range(math.ceil((WIDTH - start) / block_width))
    accented = blocks[len(blocks) // 2]
    for block in blocks:
        filled = palette.accent if block == accented else palette.filled
        yield from _block(seed[2 + block :], start + block * block_width, pitch, palette, filled)


def _block(seed: bytes, left: int, pitch: int, palette: Palette, filled: str) -> Iterator[str]:
    """Yield rows of a timing mark and its choices, one of them answered.

    From row to row the answer moves by a step at most, so that the answers read as a line.
    """
    answered = seed[0] % CHOICES
    for row in range(math.ceil(HEIGHT / pitch)):
        answered = min(max(answered + seed[row] % 3 - 1, 0), CHOICES - 1)
        y = row * pitch + pitch / 2
        yield _timing_mark(left + pitch / 2, y, pitch, palette.line)
        for choice in range(CHOICES):
            x = left + (choice + 1.5) * pitch
            yield _bubble(x, y, pitch, palette.line, filled if choice == answered else "none")


def _timing_mark(x: float, y: float, pitch: int, colour: str) -> str:
    width, height = pitch * 0.42, pitch * 0.16
    return (
        f'<rect x="{x - width / 2:.4g}" y="{y - height / 2:.4g}" width="{width:.4g}" '
        f'height="{height:.4g}" fill="{colour}"/>'
    )


def _bubble(x: float, y: float, pitch: int, line: str, fill: str) -> str:
    stroke = line if fill == "none" else fill
    return (
        f'<circle cx="{x:g}" cy="{y:g}" r="{pitch * 0.36:.4g}" fill="{fill}" '
        f'stroke="{stroke}" stroke-width="{pitch * 0.06:.3g}"/>'
    )


def _palette(hue_a: int, hue_b: int) -> Palette:
    return Palette(
        ground=_hex(0.4, 0.075, hue_a),
        line=_hex(0.6, 0.07, hue_a),
        filled=_hex(0.95, 0.02, hue_a),
        accent=_hex(0.83, 0.105, hue_b),
    )


def _hex(lightness: float, chroma: float, hue: int) -> str:
    """Turn OKLCH into sRGB as `#rrggbb`, clipped to what sRGB can show.

    Source: Björn Ottosson, "A perceptual color space for image processing" (Oklab), 2020.
    """
    a = chroma * math.cos(math.radians(hue))
    b = chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    return "#" + "".join(f"{_channel(value):02x}" for value in linear)


def _channel(linear: float) -> int:
    clipped = min(max(linear, 0.0), 1.0)
    encoded = 12.92 * clipped if clipped <= 0.0031308 else 1.055 * clipped ** (1 / 2.4) - 0.055
    return round(encoded * 255)
