"""From an author's words to HTML that is safe to show, once, when a text is stored.

Formulas in Markdown become MathML here; how one is read stands in `formulas.py`.
"""

import functools
import html
import re
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from questions.formulas import FormulaRefused, to_mathml
from questions.items import Text

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

TAGS = frozenset(
    "a abbr b blockquote br caption cite code col colgroup dd del dfn div dl dt em h3 h4 h5 h6 hr i"
    " kbd li mark ol p pre q s samp small span strong sub sup table tbody td tfoot th thead tr u ul"
    " var img".split()
)
# Without those that hold HTML again (annotation-xml) or name a picture (mglyph).
MATH_TAGS = frozenset(
    "math menclose mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow ms"
    " mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover".split()
)
MATH_ATTRIBUTES = {
    "math": {"display", "alttext"},
    "menclose": {"notation"},
    "mfrac": {"linethickness"},
    "mi": {"mathvariant"},
    "mo": set(
        "accent fence form largeop lspace maxsize minsize movablelimits rspace stretchy".split()
    ),
    "mover": {"accent"},
    "mspace": {"width"},
    "mstyle": {"displaystyle", "scriptlevel"},
    "mtable": {"columnalign"},
    "mtd": {"columnalign"},
    "munder": {"accentunder"},
}
ATTRIBUTES = {
    "*": {"lang", "dir", "title"},
    "a": {"href"},
    "img": {"src", "alt"},
    "ol": {"start", "type"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    **MATH_ATTRIBUTES,
}
SCHEMES = {"http", "https", "mailto"}
LINE_END = re.compile(r"\r\n?")
# What the cleaner writes: a quotation mark in an attribute is always escaped.
IMG = re.compile(r'<img((?: [a-z]+="[^"]*")*)>')
ATTRIBUTE = re.compile(r' ([a-z]+)="([^"]*)"')
SIZE = re.compile(r"-(\d+)x(\d+)\.")
PICTURES = "/questions/images/"
FORMULAS = ("math_inline", "math_inline_double", "math_block")
BLANK_LINES = re.compile(r"\n[ \t]*\n")
# What the cleaner writes: no > in a tag, and no math within math.
MATH = re.compile(r"<math([^>]*)>.*?</math>", re.DOTALL)
TAG = re.compile(r"<[^>]*>")
# Where one of these ends the next word is another one, though no space stands between.
BLOCK_END = re.compile(r"</(?:p|li|h[3-6]|pre|td|th|tr|dd|dt|blockquote|figure)>|<br>")


def with_html(text: Text) -> Text:
    """The same words with safe HTML beside them. Whatever `html` held before is not trusted."""
    return text.model_copy(update={"html": safe_html(text)})


def safe_html(text: Text) -> str:
    """The words as HTML without scripts, styles, forms and foreign addresses.

    Plain text stays plain: `<html>` in it is shown, and line breaks are kept. Of pictures,
    those that we keep are shown; of any other its description is left. A formula in Markdown
    that cannot be read is shown as it was written.
    """
    if text.markup == "plain":
        return _paragraphs(text.source)
    import nh3  # noqa: PLC0415 - only who stores texts needs it

    cleaned = nh3.clean(
        _rendered(text),
        tags=set(TAGS | MATH_TAGS),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        url_schemes=SCHEMES,
        attribute_filter=_attribute,
        link_rel="nofollow noopener noreferrer",
    )
    return IMG.sub(functools.partial(_picture, names=dict(text.pictures)), cleaned).strip()


def plain_words(safe: str) -> str:
    """The words of safe HTML alone, a formula as its author wrote it; for excerpts and search."""
    words = MATH.sub(lambda found: dict(ATTRIBUTE.findall(found[1])).get("alttext", ""), safe)
    return html.unescape(TAG.sub("", BLOCK_END.sub(" ", words))).strip()


def formula_problems(text: Text) -> list[str]:
    """What is wrong with each formula of a text in Markdown that cannot be read."""
    if text.markup != "markdown" or "$" not in text.source:
        return []
    found: list[str] = []
    for token in _all_tokens(_markdown().parse(text.source)):
        if token.type in FORMULAS:
            try:
                to_mathml(token.content, display=token.type != "math_inline")
            except FormulaRefused as refused:
                found.append(str(refused))
    return found


def _all_tokens(tokens: "list[Token]") -> Iterator["Token"]:
    for token in tokens:
        yield token
        yield from token.children or ()


def pictures_in(text: Text) -> list[tuple[str, str]]:
    """Each picture that the words refer to, as (reference, description), in their order."""
    if text.markup == "plain":
        return []
    finder = _PictureFinder()
    finder.feed(_rendered(text))
    finder.close()
    return finder.found


class _PictureFinder(HTMLParser):
    """Collects what stands in `img`."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            said = dict(attrs)
            self.found.append((said.get("src") or "", (said.get("alt") or "").strip()))


def _picture(tag: re.Match[str], *, names: dict[str, str]) -> str:
    """The picture with its size, so that nothing on the page moves when it arrives."""
    said: dict[str, str] = dict(ATTRIBUTE.findall(tag[1]))
    name, described = names.get(html.unescape(said.get("src", ""))), said.get("alt", "")
    size = SIZE.search(name) if name else None
    if not size:
        return described
    return (
        f'<img src="{PICTURES}{name}" alt="{described}" width="{size[1]}" height="{size[2]}"'
        ' loading="lazy" decoding="async">'
    )


def _attribute(tag: str, name: str, value: str) -> str | None:
    """A link without a scheme would lead to a page of the shop that its author never saw."""
    if (tag, name) != ("a", "href"):
        return value
    return value if value.partition(":")[0].lower() in SCHEMES else None


def _rendered(text: Text) -> str:
    return _markdown().render(text.source) if text.markup == "markdown" else text.source


@functools.cache
def _markdown() -> "MarkdownIt":
    """CommonMark with tables and formulas. HTML in the source is allowed: it is cleaned
    afterwards.

    A $ that has a digit before it, or a space inside, opens no formula: `$5 and $6` are prices.
    """
    from markdown_it import MarkdownIt  # noqa: PLC0415 - only who stores texts needs it
    from mdit_py_plugins.dollarmath import dollarmath_plugin  # noqa: PLC0415 - as above

    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    parser.use(
        dollarmath_plugin,
        allow_labels=False,
        allow_space=False,
        allow_digits=False,
        allow_blank_lines=False,
        double_inline=True,
    )
    for rule in FORMULAS:
        parser.add_render_rule(rule, _formula)
    return parser


def _formula(_renderer: object, tokens: Sequence["Token"], place: int, *_more: object) -> str:
    """A formula of a text; as it was written where it cannot be read."""
    token = tokens[place]
    try:
        math = to_mathml(token.content, display=token.type != "math_inline")
    except FormulaRefused:
        math = f"<code>{html.escape(token.markup + token.content + token.markup)}</code>"
    return f"<p>{math}</p>\n" if token.block else math


def _paragraphs(source: str) -> str:
    lines = LINE_END.sub("\n", source)
    blocks = (block.strip() for block in BLANK_LINES.split(lines))
    return "".join(
        f"<p>{html.escape(block, quote=False).replace(chr(10), '<br>')}</p>"
        for block in blocks
        if block
    )
