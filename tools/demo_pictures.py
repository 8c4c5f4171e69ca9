"""Redraw the pictures of the demo's banks: `python tools/demo_pictures.py [FONT FOLDER]`.

The pictures are drawn at twice their size and scaled down, which smooths the lines. The
background is opaque, so that they look the same on a light and on a dark page. Fonts: Noto Sans
and DejaVu Sans Mono (Debian: fonts-noto-core, fonts-dejavu-core).
"""

import functools
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from PIL import Image, ImageColor, ImageDraw, ImageFont

BANKS = Path(__file__).resolve().parent.parent / "demo" / "content"
FONTS = Path("/usr/share/fonts/truetype")
SCALE = 2
WIDTH = 960

PAPER, SUNK, LINE = "#fefcf9", "#f1ede4", "#d8d2c6"
INK, SOFT, ACTION, WASH = "#17203b", "#4c556b", "#2146ad", "#e3ebfc"
PENCIL, PENCIL_WASH = "#f9ce32", "#fdf1c3"

Point = tuple[float, float]


class Drawing:
    """A picture being drawn. Lengths are in pixels of the finished picture."""

    fonts = FONTS

    def __init__(self, height: int) -> None:
        self.image = Image.new("RGB", (WIDTH * SCALE, height * SCALE), PAPER)
        self.pen = ImageDraw.Draw(self.image)

    def save(self, path: Path) -> None:
        """Save as a PNG with a small palette."""
        size = (self.image.width // SCALE, self.image.height // SCALE)
        small = self.image.resize(size, Image.Resampling.LANCZOS)
        small.quantize(palette=_palette(), dither=Image.Dither.NONE).save(path, optimize=True)

    def line(self, *points: Point, fill: str = INK, width: float = 3) -> None:
        """Draw a line through the points, with round corners and ends."""
        self.pen.line(_scaled(points), fill=fill, width=round(width * SCALE), joint="curve")
        for point in points:
            self.dot(point, width / 2, fill=fill)

    def dashes(self, start: Point, end: Point, *, fill: str = SOFT, width: float = 3) -> None:
        """Draw a dashed line."""
        length = math.dist(start, end)
        for begin in range(0, int(length), 16):
            part = (begin / length, min(begin + 8, length) / length)
            self.line(*(_between(start, end, share) for share in part), fill=fill, width=width)

    def arrow(self, start: Point, end: Point, *, fill: str = INK, width: float = 3) -> None:
        """Draw a line with an arrowhead."""
        angle = math.atan2(end[1] - start[1], end[0] - start[0])
        neck = (end[0] - 10 * math.cos(angle), end[1] - 10 * math.sin(angle))
        self.line(start, neck, fill=fill, width=width)
        wings = [
            (end[0] - 18 * math.cos(angle + turn), end[1] - 18 * math.sin(angle + turn))
            for turn in (0.42, -0.42)
        ]
        self.pen.polygon(_scaled([end, *wings]), fill=fill)

    def dot(self, middle: Point, radius: float, *, fill: str = INK, outline: str = "") -> None:
        """Draw a filled circle."""
        x, y = middle
        box = _scaled([(x - radius, y - radius), (x + radius, y + radius)])
        self.pen.ellipse(box, fill=fill, outline=outline or None, width=3 * SCALE)

    def box(
        self, corner: Point, size: Point, *, fill: str = SUNK, outline: str = INK, radius: float = 8
    ) -> None:
        """Draw a rectangle with round corners."""
        end = (corner[0] + size[0], corner[1] + size[1])
        self.pen.rounded_rectangle(
            _scaled([corner, end]), radius * SCALE, fill=fill, outline=outline, width=3 * SCALE
        )

    def text(
        self,
        center: Point,
        content: str,
        *,
        size: float = 30,
        fill: str = INK,
        anchor: str = "mm",
        is_bold: bool = False,
        is_code: bool = False,
    ) -> None:
        """Draw one or more lines of text, centered vertically on the point."""
        name = "dejavu/DejaVuSansMono.ttf" if is_code else "noto/NotoSans-Regular.ttf"
        if is_bold:
            name = name.replace("Mono.ttf", "Mono-Bold.ttf").replace("-Regular", "-Bold")
        font = ImageFont.truetype(str(self.fonts / name), round(size * SCALE))
        lines = content.split("\n")
        for number, line in enumerate(lines):
            shift = (number - (len(lines) - 1) / 2) * size * 1.3
            (at,) = _scaled([(center[0], center[1] + shift)])
            self.pen.text(at, line, font=font, fill=fill, anchor=anchor)


@functools.cache
def _palette() -> Image.Image:
    """Return a palette of our colors, and of the shades between dark and light ones.

    A palette computed from the picture drops colors of few pixels: a yellow dot became gray.
    """
    dark, light = (INK, SOFT, ACTION, LINE), (PAPER, SUNK, WASH, PENCIL, PENCIL_WASH)
    pairs = [(ImageColor.getrgb(one), ImageColor.getrgb(other)) for one in dark for other in light]
    colors = [ImageColor.getrgb(color) for color in (*dark, *light)] + [
        tuple(round(one + (other - one) * share / 3) for one, other in zip(*pair, strict=True))
        for pair in pairs
        for share in (1, 2)
    ]
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for color in colors for part in color])
    return palette


def _scaled(points: Sequence[Point]) -> list[Point]:
    return [(x * SCALE, y * SCALE) for x, y in points]


def _between(start: Point, end: Point, share: float) -> Point:
    return (start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share)


class SequenceDiagram(Drawing):
    """Messages between two participants, from top to bottom."""

    left, right = 130, 830

    def __init__(self, height: int, names: tuple[str, str]) -> None:
        super().__init__(height)
        for x, name in zip((self.left, self.right), names, strict=True):
            self.dashes((x, 80), (x, height - 24), fill=SOFT)
            self.box((x - 115, 20), (230, 64), fill=WASH)
            self.text((x, 51), name, is_bold=True)

    def request(self, y: float, label: str) -> None:
        """Draw a message from left to right, below its label."""
        self.arrow((self.left + 6, y), (self.right - 6, y + 22))
        self.text((480, y - 22 - 21 * label.count("\n")), label, size=32, is_code=True)

    def response(self, y: float, label: str) -> None:
        """Draw a message from right to left, below its label."""
        self.arrow((self.right - 6, y), (self.left + 6, y + 22), fill=ACTION)
        self.text((480, y - 22), label, size=32, fill=ACTION, is_code=True)

    def unknown_response(self, y: float) -> None:
        """Draw a response with a question mark: the question asks for it."""
        self.arrow((self.right - 6, y), (self.left + 6, y + 22), fill=ACTION)
        self.dot((480, y - 24), 30, fill=PENCIL, outline=INK)
        self.text((480, y - 26), "?", size=38, is_bold=True)

    def note(self, y: float, label: str) -> None:
        """Draw a note between two messages."""
        self.text((480, y), label, size=30, fill=SOFT)


def second_visit() -> Drawing:
    """A conditional request; the question asks for its response."""
    drawing = SequenceDiagram(600, ("Browser", "Server"))
    drawing.request(150, "GET /logo.svg")
    drawing.response(240, '200   ETag: "v7"   48 kB')
    drawing.note(326, "a day later")
    drawing.request(440, 'GET /logo.svg\nIf-None-Match: "v7"')
    drawing.unknown_response(536)
    return drawing


def preflight() -> Drawing:
    """A CORS preflight request, then the request itself."""
    drawing = SequenceDiagram(520, ("Browser", "api.example"))
    drawing.request(150, "OPTIONS /orders")
    drawing.response(235, "204  Access-Control-Allow-…")
    drawing.note(305, "only then")
    drawing.request(380, "POST /orders")
    drawing.response(465, "201 Created")
    return drawing


def three_round_trips() -> Drawing:
    """TCP, TLS 1.3, request: three round trips."""
    drawing = SequenceDiagram(720, ("Browser", "Server"))
    for number, (request, response) in enumerate(
        (("SYN", "SYN, ACK"), ("ClientHello", "ServerHello … Finished"), ("GET /", "200 OK"))
    ):
        top = 160 + 190 * number
        drawing.request(top, request)
        drawing.response(top + 85, response)
        drawing.text(
            (drawing.left - 12, top + 122), f"{40 * (number + 1)} ms", size=30, anchor="rm"
        )
    return drawing


def four_subnets() -> Drawing:
    """A /24 split into four subnets, and a laptop in the second."""
    drawing = Drawing(364)
    left, width, top = 40, 880, 150
    for number in range(4):
        corner = (left + width * number / 4, top)
        drawing.box(corner, (width / 4, 90), fill=(WASH, SUNK)[number % 2], radius=2)
        drawing.text((corner[0] + width / 8, top + 45), f".{64 * number}/26", is_code=True)
        drawing.text((corner[0], top + 122), f"{64 * number}", size=32, fill=SOFT, anchor="lm")
    drawing.text((left + width, top + 122), "255", size=32, fill=SOFT, anchor="rm")
    laptop = left + width * 70 / 256
    drawing.arrow((laptop, 76), (laptop, top - 8))
    drawing.text((laptop, 46), "laptop .70", is_bold=True)
    drawing.text((left + width, 46), "192.168.10.…", fill=SOFT, anchor="rm", is_code=True)
    drawing.text((480, 328), "last number of the address", size=32, fill=SOFT)
    return drawing


def two_behind_nat() -> Drawing:
    """Two laptops with the same port, a router with one public address, a server."""
    drawing = Drawing(470)
    for top, last in ((30, 20), (280, 21)):
        drawing.box((20, top), (280, 150), fill=WASH)
        drawing.text((160, top + 38), "Laptop", is_bold=True)
        drawing.text((160, top + 80), f"192.168.1.{last}", size=31, is_code=True)
        drawing.text((160, top + 118), "port 50000", size=31, is_code=True)
        drawing.arrow((306, top + 75), (366, 235 + (top - 155) / 5))
    drawing.box((376, 140), (260, 190), fill=PENCIL_WASH)
    drawing.text((506, 182), "Router", is_bold=True)
    drawing.text((506, 226), "203.0.113.9", size=31, is_code=True)
    drawing.text((506, 284), "?", size=44, is_bold=True)
    drawing.arrow((642, 220), (702, 220))
    drawing.arrow((702, 252), (642, 252), fill=ACTION)
    drawing.box((712, 160), (230, 150))
    drawing.text((827, 198), "Server", is_bold=True)
    drawing.text((827, 240), "198.51.100.7", size=29, is_code=True)
    drawing.text((827, 278), "port 443", size=29, is_code=True)
    return drawing


def where_the_time_goes() -> Drawing:
    """The stages of an HTTP request on a timeline in milliseconds."""
    drawing = Drawing(440)
    left, width, longest = 220, 660, 1200
    stages = (("Name", 0, 4), ("TCP", 4, 1031), ("TLS", 1031, 1110), ("First byte", 1110, 1190))
    for number, (name, begin, end) in enumerate(stages):
        y = 60 + 80 * number
        start, stop = (left + width * moment / longest for moment in (begin, end))
        drawing.text((left - 24, y), name, anchor="rm", is_bold=True)
        drawing.box((start, y - 22), (max(stop - start, 6), 44), fill=WASH, radius=2)
        if number < 2:
            drawing.text((stop + 16, y), f"{end:,}", size=32, anchor="lm", is_code=True)
        else:
            drawing.text((start - 16, y), f"{end:,}", size=32, anchor="rm", is_code=True)
    drawing.line((left, 20), (left, 350), fill=SOFT)
    drawing.line((left, 350), (left + width + 40, 350), fill=SOFT)
    for moment in (0, 400, 800, 1200):
        x = left + width * moment / longest
        drawing.line((x, 350), (x, 362), fill=SOFT)
        drawing.text((x, 388), f"{moment:,}", size=30, fill=SOFT)
    drawing.text((left - 24, 388), "ms", size=30, fill=SOFT, anchor="rm")
    return drawing


def choking() -> Drawing:
    """First aid for choking; the question asks for the last step."""
    drawing = Drawing(760)
    drawing.box((330, 20), (300, 84), fill=PENCIL_WASH)
    drawing.text((480, 62), "Can she cough?", is_bold=True)
    drawing.arrow((380, 108), (240, 186))
    drawing.text((286, 132), "yes", size=32, anchor="rm")
    drawing.arrow((580, 108), (690, 186))
    drawing.text((662, 132), "no", size=32, anchor="lm")
    drawing.box((40, 196), (370, 130), fill=WASH)
    drawing.text((225, 261), "Encourage coughing,\nstay with her")
    drawing.box((500, 196), (420, 90), fill=WASH)
    drawing.text((710, 241), "5 back blows")
    drawing.arrow((620, 292), (620, 372))
    drawing.arrow((800, 372), (800, 292))
    drawing.text((710, 332), "alternate", size=30, fill=SOFT)
    drawing.box((500, 380), (420, 90), fill=WASH)
    drawing.text((710, 425), "5 abdominal thrusts")
    drawing.arrow((710, 474), (710, 626))
    drawing.text((686, 548), "if she becomes unresponsive", size=32, anchor="rm")
    drawing.dot((710, 684), 48, fill=PENCIL, outline=INK)
    drawing.text((710, 682), "?", size=56, is_bold=True)
    return drawing


def pads() -> Drawing:
    """The upper body from the front, with five numbered positions."""
    drawing = Drawing(640)
    for side in (-1, 1):
        arm = [(480 + side * x, y) for x, y in ((190, 250), (262, 400), (300, 590))]
        drawing.line(*arm, width=76)
        drawing.line(*arm, fill=SUNK, width=70)
    drawing.box((436, 150), (88, 90), radius=20)
    drawing.dot((480, 100), 76, fill=SUNK, outline=INK)
    drawing.box((290, 206), (380, 560), radius=80)
    drawing.box((440, 176), (80, 60), outline=SUNK, radius=10)
    for side in (-1, 1):
        drawing.line((480 + side * 24, 262), (480 + side * 140, 246), fill=SOFT)
    spots = ((385, 312), (632, 440), (480, 560), (575, 312), (480, 206))
    for number, spot in enumerate(spots, start=1):
        drawing.dot(spot, 34, fill=PAPER, outline=ACTION)
        drawing.text((spot[0], spot[1] - 2), str(number), size=36, fill=ACTION, is_bold=True)
    drawing.text((40, 300), "her right", size=34, fill=SOFT, anchor="lm")
    drawing.text((920, 300), "her left", size=34, fill=SOFT, anchor="rm")
    return drawing


def recovery() -> Drawing:
    """Four steps of the recovery position from above; the question asks for the third."""
    drawing = Drawing(920)
    for number, corner in enumerate(((10, 10), (490, 10), (10, 470), (490, 470)), start=1):
        drawing.box(corner, (460, 440), fill=PAPER, outline=LINE)
        drawing.text((corner[0] + 40, corner[1] + 40), str(number), size=36, is_bold=True)
    _on_her_back(drawing, (200, 90), hand_at_cheek=False)
    _on_her_back(drawing, (680, 90), hand_at_cheek=True)
    drawing.dot((240, 690), 56, fill=PENCIL, outline=INK)
    drawing.text((240, 688), "?", size=64, is_bold=True)
    _on_her_side(drawing, (650, 560))
    return drawing


def _on_her_back(drawing: Drawing, head: Point, *, hand_at_cheek: bool) -> None:
    """Draw a person from above; the helper kneels on the right."""
    x, y = head
    for side in (-1, 1):
        drawing.line((x + side * 18, y + 180), (x + side * 26, y + 320), width=28)
    drawing.line((x, y + 62), (x, y + 175), width=64)
    drawing.dot((x, y), 38, fill=SUNK, outline=INK)
    near = [(x + 26, y + 60), (x + 112, y + 60), (x + 112, y - 30)]
    drawing.line(*near, fill=INK if hand_at_cheek else ACTION, width=22)
    far = [(x - 26, y + 60), (x - 62, y + 120), (x - 70, y + 190)]
    if hand_at_cheek:
        far = [(x - 26, y + 60), (x - 10, y + 118), (x + 46, y + 12)]
    drawing.line(*far, fill=ACTION if hand_at_cheek else INK, width=22)
    drawing.text((x + 215, y + 150), "you", size=38, fill=SOFT)


def _on_her_side(drawing: Drawing, head: Point) -> None:
    """Draw the person turned to the helper: hand under the cheek, the upper knee bent."""
    x, y = head
    drawing.line((x - 6, y + 180), (x - 10, y + 318), width=28)
    drawing.line((x, y + 62), (x - 6, y + 178), width=52)
    drawing.line((x + 4, y + 172), (x + 112, y + 190), (x + 92, y + 290), fill=ACTION, width=28)
    drawing.dot((x + 6, y - 4), 38, fill=SUNK, outline=INK)
    drawing.line((x + 14, y + 56), (x + 108, y + 62), (x + 108, y - 28), width=22)
    drawing.line((x + 10, y + 66), (x + 66, y + 84), (x + 40, y + 22), width=22)
    drawing.arrow((x + 44, y - 58), (x - 26, y - 58), fill=ACTION, width=5)
    drawing.text((x + 235, y + 150), "you", size=38, fill=SOFT)


PICTURES: dict[str, Callable[[], Drawing]] = {
    "http-at-work/second-visit.png": second_visit,
    "http-at-work/preflight.png": preflight,
    "http-at-work/three-round-trips.png": three_round_trips,
    "networking-for-developers/four-subnets.png": four_subnets,
    "networking-for-developers/two-behind-nat.png": two_behind_nat,
    "networking-for-developers/where-the-time-goes.png": where_the_time_goes,
    "first-aid-in-the-office/choking.png": choking,
    "first-aid-in-the-office/pads.png": pads,
    "first-aid-in-the-office/recovery.png": recovery,
}


def save_all(pictures: Mapping[str, Callable[[], Drawing]]) -> None:
    """Save each picture beside its bank's questions."""
    if len(sys.argv) > 1:
        Drawing.fonts = Path(sys.argv[1])
    for name, draw in pictures.items():
        path = BANKS / name
        path.parent.mkdir(exist_ok=True)
        draw().save(path)
        sys.stdout.write(f"{path.name}: {path.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    save_all(PICTURES)
