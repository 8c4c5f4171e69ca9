"""Covers of test banks, drawn from their slug: a fragment of an answer sheet in two hues.

Pure text in, SVG out: no Django, no files, no randomness. The address that serves a cover, and
its cache lifetime belong to the views.
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
    """The colors of one cover, as hex triplets."""

    ground: str
    line: str
    filled: str
    accent: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A filled rectangle: a timing mark, or the ground."""

    left: float
    top: float
    width: float
    height: float
    color: str


@dataclass(frozen=True, slots=True)
class Bubble:
    """A ring, filled where it is answered."""

    x: float
    y: float
    radius: float
    pen: float
    line: str
    fill: str | None


def cover_svg(slug: str, hue_a: int, hue_b: int) -> str:
    """Draw the cover of a bank: the same slug and hues give the same bytes, on every machine.

    Hues are degrees (any integer, taken modulo 360): `hue_a` dyes the ground, `hue_b` one
    answered block. The drawing has no text, no title and no script: whoever shows it decides
    what it is called (`alt`), and draws it at any size of 8:5. The ground is a middling dark cloth
    that stands on light and on dark pages alike.
    """
    ground, *sheet = cover_shapes(slug, hue_a, hue_b)
    return "".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{ground.color}"/>',
            *(_as_svg(shape) for shape in sheet),
            "</svg>",
        )
    )


def cover_shapes(slug: str, hue_a: int, hue_b: int) -> tuple[Mark, *tuple[Mark | Bubble, ...]]:
    """What a cover consists of, in units of `WIDTH` by `HEIGHT`: the ground, then the sheet."""
    palette = _palette(hue_a % 360, hue_b % 360)
    seed = hashlib.sha256(slug.encode()).digest()
    return Mark(0, 0, WIDTH, HEIGHT, palette.ground), *_sheet(seed, palette)


def _as_svg(shape: Mark | Bubble) -> str:
    if isinstance(shape, Mark):
        return (
            f'<rect x="{shape.left:.4g}" y="{shape.top:.4g}" width="{shape.width:.4g}" '
            f'height="{shape.height:.4g}" fill="{shape.color}"/>'
        )
    return (
        f'<circle cx="{shape.x:g}" cy="{shape.y:g}" r="{shape.radius:.4g}" '
        f'fill="{shape.fill or "none"}" stroke="{shape.line}" stroke-width="{shape.pen:.3g}"/>'
    )


def _sheet(seed: bytes, palette: Palette) -> Iterator[Mark | Bubble]:
    """Yield block after block until the sheet runs out of the picture's end."""
    pitch = PITCHES[seed[0] % len(PITCHES)]
    block_width = (CHOICES + 1) * pitch
    start = -(seed[1] % (CHOICES + 1)) * pitch
    blocks = range(math.ceil((WIDTH - start) / block_width))
    accented = blocks[len(blocks) // 2]
    for block in blocks:
        filled = palette.accent if block == accented else palette.filled
        yield from _block(seed[2 + block :], start + block * block_width, pitch, palette, filled)


def _block(
    seed: bytes, left: int, pitch: int, palette: Palette, filled: str
) -> Iterator[Mark | Bubble]:
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
            fill = filled if choice == answered else None
            yield Bubble(x, y, pitch * 0.36, pitch * 0.06, fill or palette.line, fill)


def _timing_mark(x: float, y: float, pitch: int, color: str) -> Mark:
    width, height = pitch * 0.42, pitch * 0.16
    return Mark(x - width / 2, y - height / 2, width, height, color)


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
