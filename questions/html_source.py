"""HTML as authors write it: whether a text is HTML at all, and which of its signs are tags."""

import re
from itertools import pairwise

# Every element of HTML, with those that are no longer in it, and the parts of MathML and SVG.
ELEMENTS = frozenset(
    "a abbr acronym address applet area article aside audio b base basefont bdi bdo big blink"
    " blockquote body br button canvas caption center cite code col colgroup command data datalist"
    " dd del details dfn dialog dir div dl dt em embed fieldset figcaption figure font footer form"
    " frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe image img input ins"
    " isindex kbd keygen label legend li link listing main map mark marquee menu menuitem meta meter"
    " nav nobr noembed noframes noscript object ol optgroup option output p param picture plaintext"
    " portal pre progress q rb rp rt rtc ruby s samp script search section select slot small source"
    " spacer span strike strong style sub summary sup svg table tbody td template textarea tfoot th"
    " thead time title tr track tt u ul var video wbr xmp"
    " annotation annotation-xml maction math menclose merror mfenced mfrac mglyph mi"
    " mlabeledtr mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow ms mspace"
    " msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover none semantics"
    " animate circle clippath defs desc ellipse filter foreignobject g line lineargradient marker"
    " mask path pattern polygon polyline radialgradient rect set stop symbol text textpath tspan"
    " use view".split()
)
PAIRED = "p|div|span|b|i|u|em|strong|sub|sup|a|code|pre|ul|ol|li|table|tr|td|th|h[1-6]"
OPENED = re.compile(rf"<({PAIRED})\b[^<>]*>", re.IGNORECASE)
CLOSED = re.compile(rf"</({PAIRED})>", re.IGNORECASE)
# A tag that stands between words with spaces is what the words speak of: "What does <br> do?"
ATTACHED = re.compile(
    r"[\w.,:;!?)]<[bh]r\b[^<>]*>|<[bh]r\b[^<>]*>\w|<img\b[^<>]*\bsrc\s*="
    r"|\w&nbsp;|&nbsp;\w|&(?:amp|lt|gt|quot|#\d{1,7}|#x[0-9a-f]{1,6});",
    re.IGNORECASE,
)
LOOSE = re.compile(r"<[bh]r\b[^<>]*>", re.IGNORECASE)
# What editors write for an empty text: <p><br></p>, <div>&nbsp;</div>, or a picture alone.
ONLY_EMPTY = re.compile(
    r"(?:\s|&nbsp;|&#160;|</?(?:p|div|span)\b[^<>]*>|<br\b[^<>]*>|<img\b[^<>]*\bsrc\s*=[^<>]*>)*",
    re.IGNORECASE,
)
SPACE_OR_PICTURE = re.compile(r"&nbsp;|&#160;|\xa0|<img\b", re.IGNORECASE)
TAG_LIKE = re.compile(r"<(/?)([a-zA-Z][^\s<>/]*)([^<>]*>)?")
# As word processors write theirs: <o:p>.
PREFIXED = re.compile(r"[a-zA-Z][a-zA-Z0-9]*:[a-zA-Z][\w-]*")
PRE = re.compile(r"(<pre\b.*?</pre>)", re.IGNORECASE | re.DOTALL)
BLOCK = r"</?(?:p|div|[uod]l|li|d[td]|table|t[rdh]|thead|tbody|h[1-6r]|br|blockquote|pre)\b[^<>]*>"
BLOCK_BEFORE = re.compile(rf"{BLOCK}[ \t]*\Z", re.IGNORECASE)
BLOCK_AFTER = re.compile(rf"[ \t]*{BLOCK}", re.IGNORECASE)
LONGEST_TAG = 500


def looks_like_html(source: str) -> bool:
    """Return True where a text that does not say so is HTML: it holds a pair of tags, a line
    break between words, or an entity. Takes linear time."""
    return _has_pair_of_tags(source) or bool(ATTACHED.search(source))


def _has_pair_of_tags(source: str) -> bool:
    opened: dict[str, int] = {}
    for found in OPENED.finditer(source):
        opened.setdefault(found[1].lower(), found.start())
    closed = {found[1].lower(): found.start() for found in CLOSED.finditer(source)}
    return any(closed.get(name, -1) > start for name, start in opened.items())


def has_loose_breaks(source: str) -> bool:
    """Return True for a text with `<br>` or `<hr>` in it that is not HTML for it."""
    return bool(LOOSE.search(source)) and not looks_like_html(source)


def is_empty_in_editors(source: str) -> bool:
    """Return True for what an editor saves of a text in which nothing was written."""
    if not ONLY_EMPTY.fullmatch(source):
        return False
    return _has_pair_of_tags(source) or bool(SPACE_OR_PICTURE.search(source))


def without_false_tags(source: str) -> str:
    """Escape each `<` that begins no tag of HTML, so that `<stdio.h>` and `x<y` are shown."""
    return TAG_LIKE.sub(_shown_unless_tag, source)


def _shown_unless_tag(found: re.Match[str]) -> str:
    is_tag = found[2].lower() in ELEMENTS or PREFIXED.fullmatch(found[2])
    return found[0] if is_tag and found[3] else f"&lt;{found[0][1:]}"


def with_line_breaks(source: str) -> str:
    """Turn the line ends of a text into `<br>`, but for those beside blocks and in `<pre>`."""
    parts = PRE.split(re.sub(r"\r\n?", "\n", source))
    parts[::2] = map(_broken_at_lines, parts[::2])
    return "".join(parts)


def _broken_at_lines(part: str) -> str:
    lines = part.split("\n")
    joined = lines[:1]
    for before, line in pairwise(lines):
        is_beside_block = BLOCK_BEFORE.search(before[-LONGEST_TAG:]) or BLOCK_AFTER.match(line)
        joined.append(line if is_beside_block else f"<br>{line}")
    return "\n".join(joined)
