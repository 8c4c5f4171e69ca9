"""The card of a bank: its cover as a PNG, for link previews, which show no SVG.

Pure: shapes in, bytes out. No Django, no files.
"""

from io import BytesIO

from PIL import Image, ImageDraw

from catalog.covers.drawing import HEIGHT, WIDTH, Bubble, cover_shapes

# Source: developers.facebook.com/docs/sharing/webmasters/images, "1200 x 630 pixels".
CARD_WIDTH, CARD_HEIGHT = 1200, 630
# Draw larger and scale down: Pillow does not antialias circles.
OVERSIZE = 2
COLORS = 48


def card_png(slug: str, hue_a: int, hue_b: int) -> bytes:
    """The cover that `cover_svg` draws, cut to a card: the same in, the same bytes out."""
    scale = OVERSIZE * CARD_WIDTH / WIDTH
    cut = (HEIGHT * scale - OVERSIZE * CARD_HEIGHT) / 2
    ground, *sheet = cover_shapes(slug, hue_a, hue_b)
    size = (OVERSIZE * CARD_WIDTH, OVERSIZE * CARD_HEIGHT)
    picture = Image.new("RGB", size, ground.color)
    pencil = ImageDraw.Draw(picture)
    for shape in sheet:
        if isinstance(shape, Bubble):
            _ring(pencil, shape, scale, cut)
        else:
            left, top = shape.left * scale, shape.top * scale - cut
            corner = (left + shape.width * scale, top + shape.height * scale)
            pencil.rectangle([(left, top), corner], fill=shape.color)
    return _png(picture.resize((CARD_WIDTH, CARD_HEIGHT), Image.Resampling.BOX))


def _ring(pencil: ImageDraw.ImageDraw, bubble: Bubble, scale: float, cut: float) -> None:
    """Draw a circle whose line, as in SVG, is half inside and half outside its radius."""
    x, y = bubble.x * scale, bubble.y * scale - cut
    outer = (bubble.radius + bubble.pen / 2) * scale
    box = [(x - outer, y - outer), (x + outer, y + outer)]
    pencil.ellipse(box, fill=bubble.fill, outline=bubble.line, width=round(bubble.pen * scale))


def _png(picture: Image.Image) -> bytes:
    file = BytesIO()
    picture.quantize(COLORS).save(file, "PNG", optimize=True)
    return file.getvalue()
