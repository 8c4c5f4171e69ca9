"""Redraw the charts and graphs of the demo's banks: `python tools/demo_charts.py [FONT FOLDER]`.

`demo_pictures.py` has the drawing tools, and the pictures of the other banks.
"""

import math
import random
from collections.abc import Callable

from demo_pictures import (
    ACTION,
    INK,
    LINE,
    PENCIL,
    SOFT,
    SUNK,
    WASH,
    Drawing,
    Point,
    save_all,
)

FONT_SIZE = 34


def branches() -> Drawing:
    """Two branches that start at one commit."""
    drawing = Drawing(400)
    main = {"A": (110, 270), "B": (300, 270), "C": (490, 270), "F": (680, 270)}
    feature = {"D": (490, 110), "E": (680, 110)}
    places = main | feature
    for child, parent in ("BA", "CB", "FC", "DB", "ED"):
        _link(drawing, places[child], places[parent])
    for name, place in places.items():
        drawing.dot(place, 44, fill=WASH, outline=INK)
        drawing.text((place[0], place[1] - 2), name, size=FONT_SIZE, is_bold=True)
    for name, y in (("main", 270), ("feature", 110)):
        drawing.box((760, y - 34), (180, 68), fill=SUNK)
        drawing.text((850, y - 2), name, size=FONT_SIZE, is_code=True)
    drawing.text((395, 365), "Each commit points to its parent", size=28, fill=SOFT)
    return drawing


def _link(drawing: Drawing, child: Point, parent: Point) -> None:
    """Draw an arrow from one commit to another."""
    angle = math.atan2(parent[1] - child[1], parent[0] - child[0])
    step = (46 * math.cos(angle), 46 * math.sin(angle))
    drawing.arrow(
        (child[0] + step[0], child[1] + step[1]), (parent[0] - step[0], parent[1] - step[1])
    )


TABLES = {
    "customers": ((20, 30), ["id", "name"]),
    "orders": ((370, 30), ["id", "customer_id", "ordered_at"]),
    "order_items": ((370, 330), ["order_id", "product_id", "quantity"]),
    "products": ((20, 330), ["id", "title", "price"]),
}
ROW, ACROSS = 52, 280


def schema() -> Drawing:
    """Four tables of a store and their foreign keys."""
    drawing = Drawing(590)
    for name, (corner, columns) in TABLES.items():
        width = ACROSS if corner[0] < 300 else ACROSS + 60
        drawing.box(corner, (width, ROW * (len(columns) + 1) + 10))
        drawing.box(corner, (width, ROW + 6), fill=WASH)
        drawing.text((corner[0] + 18, corner[1] + 27), name, size=30, anchor="lm", is_bold=True)
        for number, column in enumerate(columns, start=1):
            at = (corner[0] + 18, corner[1] + 32 + ROW * number)
            drawing.text(at, column, size=28, anchor="lm", is_code=True)
    drawing.arrow((370, 167), (302, 115), fill=ACTION, width=4)
    drawing.arrow((370, 467), (302, 415), fill=ACTION, width=4)
    drawing.line((710, 415), (800, 415), (800, 115), fill=ACTION, width=4)
    drawing.arrow((800, 115), (714, 115), fill=ACTION, width=4)
    drawing.text((810, 265), "refers to", size=28, anchor="lm", fill=ACTION)
    return drawing


LEFT, RIGHT, TOP = 110, 930, 40


def _axis(drawing: Drawing, base: float, marks: list[tuple[float, str]]) -> None:
    """Draw the x-axis, with its ticks at positions in pixels."""
    drawing.line((LEFT - 20, base), (RIGHT, base))
    for x, label in marks:
        drawing.line((x, base), (x, base + 12))
        drawing.text((x, base + 38), label, size=30)


RENTS = [14, 38, 52, 40, 24, 14, 8, 5, 3, 1, 1]


def rents() -> Drawing:
    """A histogram with a tail to the right: 200 households, in steps of 200."""
    drawing, base = Drawing(500), 400
    across = (RIGHT - LEFT) / len(RENTS)
    for place, count in enumerate(RENTS):
        height = count * 6.4
        corner = (LEFT + place * across, base - height)
        drawing.box(corner, (across - 3, height), fill=ACTION, outline=ACTION, radius=0)
    marks = range(0, len(RENTS) + 1, 2)
    _axis(drawing, base, [(LEFT + mark * across, f"{200 + mark * 200:,}") for mark in marks])
    for count in (20, 40):
        drawing.text((LEFT - 40, base - count * 6.4), str(count), size=30, anchor="rm", fill=SOFT)
        drawing.dashes(
            (LEFT - 20, base - count * 6.4), (RIGHT, base - count * 6.4), fill=LINE, width=2
        )
    drawing.text((520, 478), "Monthly rent", size=30, fill=SOFT)
    drawing.text((RIGHT, 60), "Households", size=30, anchor="rm", fill=SOFT)
    return drawing


def box_plot() -> Drawing:
    """Whiskers 10 and 70, box 20, 30, 45, and a point at 90."""
    drawing, base, middle = Drawing(330), 240, 120

    def at(value: float) -> float:
        return LEFT + value * (RIGHT - 30 - LEFT) / 100

    for value in range(0, 101, 10):
        drawing.line((at(value), 30), (at(value), base), fill=LINE, width=2)
    drawing.line((at(10), middle), (at(70), middle), width=4)
    for end in (10, 70):
        drawing.line((at(end), middle - 30), (at(end), middle + 30), width=4)
    drawing.box((at(20), middle - 60), (at(45) - at(20), 120), fill=WASH, radius=0)
    drawing.line((at(30), middle - 58), (at(30), middle + 58), fill=ACTION, width=7)
    drawing.dot((at(90), middle), 9)
    _axis(drawing, base, [(at(value), str(value)) for value in range(0, 101, 10)])
    return drawing


def normal() -> Drawing:
    """The bell curve, shaded between one standard deviation to each side."""
    drawing, base = Drawing(470), 370
    middle, unit, height = 520, 125, 320

    def on_curve(z: float) -> Point:
        return middle + z * unit, base - height * math.exp(-z * z / 2)

    steps = [step / 50 for step in range(-160, 161)]
    within = [on_curve(z) for z in steps if -1 <= z <= 1]
    area = [(middle - unit, base), *within, (middle + unit, base)]
    drawing.pen.polygon([(x * 2, y * 2) for x, y in area], fill=PENCIL)
    drawing.line(*(on_curve(z) for z in steps), width=4)
    for z in (-1, 1):
        drawing.line((middle + z * unit, base), on_curve(z), width=3)
    names = {-2: "μ – 2σ", -1: "μ – σ", 0: "μ", 1: "μ + σ", 2: "μ + 2σ"}
    _axis(drawing, base, [(middle + z * unit, name) for z, name in names.items()])
    return drawing


def parabola() -> Drawing:
    """Points along a parabola, symmetric around its middle even in their noise."""
    drawing, base = Drawing(480), 400
    noise = random.Random(4)  # noqa: S311 - reproducible, not secret
    drawing.line((LEFT, TOP), (LEFT, base), (RIGHT, base))
    for step in range(1, 21):
        x = step * 19
        y = base - 40 - 290 * (step / 20) ** 2 + noise.uniform(-22, 22)
        for side in (-1, 1):
            drawing.dot((520 + side * x, y), 9, fill=ACTION)
    drawing.text((RIGHT - 12, base + 40), "x", size=FONT_SIZE)
    drawing.text((LEFT - 36, TOP + 10), "y", size=FONT_SIZE)
    return drawing


CHARTS: dict[str, Callable[[], Drawing]] = {
    "git-in-practice/branches.png": branches,
    "sql-foundations/schema.png": schema,
    "statistics/box-plot.png": box_plot,
    "statistics/normal.png": normal,
    "statistics/parabola.png": parabola,
    "statistics/rents.png": rents,
}


if __name__ == "__main__":
    save_all(CHARTS)
