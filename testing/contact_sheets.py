"""`make contact-sheets`: photograph every page, and join the pages of each variant into sheets.

Writes to `var/contact-sheets/VARIANT-NN.png`. Pages follow each other down the columns, in the
order in which they were visited; a long one goes on in the next column.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from testing.screenshots import VARIANTS, chosen, photograph
from testing.site import ROOT

FOLDER = ROOT / "var" / "contact-sheets"
SHEET = (1560, 1500)
MARGIN, LABEL = 8, 16
# By the width of the page: as many as stay legible.
COLUMNS = {320: 5, 375: 5, 1280: 2}
PAPER, INK = "#888", "#fff"


@dataclass(frozen=True)
class Piece:
    """A part of a page, with the name of the page; as wide as a column and no taller."""

    name: str
    image: Image.Image


def pieces(paths: list[Path], width: int) -> Iterator[Piece]:
    """Scale each page to the width of a column, and cut it to the height of a sheet."""
    height = SHEET[1] - LABEL
    for path in paths:
        with Image.open(path) as opened:
            page = opened.convert("RGB")
        page = page.resize((width, max(1, page.height * width // page.width)))
        for number, top in enumerate(range(0, page.height, height), start=1):
            part = page.crop((0, top, width, min(top + height, page.height)))
            yield Piece(path.stem if number == 1 else f"{path.stem} ({number})", part)


def columns(parts: Iterator[Piece]) -> Iterator[list[Piece]]:
    """Fill one column after the other from the top."""
    column: list[Piece] = []
    used = 0
    for part in parts:
        height = part.image.height + LABEL
        if column and used + height > SHEET[1]:
            yield column
            column, used = [], 0
        column.append(part)
        used += height
    if column:
        yield column


def join(paths: list[Path], variant: str) -> list[Path]:
    """Write the sheets of one variant; return their paths."""
    count = COLUMNS[VARIANTS[variant].width]
    width = SHEET[0] // count - MARGIN
    filled = list(columns(pieces(paths, width)))
    written = []
    for number, start in enumerate(range(0, len(filled), count), start=1):
        path = FOLDER / f"{variant}-{number:02}.png"
        draw(filled[start : start + count], width).save(path)
        written.append(path)
    return written


def draw(filled: list[list[Piece]], width: int) -> Image.Image:
    """One sheet of columns, each piece under its name."""
    sheet = Image.new("RGB", SHEET, PAPER)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=LABEL - 4)
    for number, column in enumerate(filled):
        left, top = number * (width + MARGIN), 0
        for piece in column:
            pen.text((left, top), piece.name, fill=INK, font=font)
            sheet.paste(piece.image, (left, top + LABEL))
            top += LABEL + piece.image.height
    return sheet


def main(names: list[str]) -> None:
    """Photograph the demo in these variants, or in all, and join the pages."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for variant, paths in photograph(chosen(names)):
        for path in join(paths, variant):
            sys.stdout.write(f"{path.relative_to(ROOT)}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
