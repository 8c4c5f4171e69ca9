"""From an author's words to HTML that is safe to show, once, when a text is stored.

Formulas become MathML here; how one is read stands in `formulas.py`. Whether an unmarked text
is HTML, and which of its signs are tags, stands in `html_source.py`.
"""

import functools
import html
import re
from collections.abc import Iterable, Iterator, Sequence
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

from questions.formulas import OPENING, Delimited, FormulaRefused, split_formulas, to_mathml
from questions.html_source import (
    is_empty_in_editors,
    looks_like_html,
    with_line_breaks,
    without_false_tags,
)
from questions.items import NOTHING, Frozen, Part, Text, is_optional

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
ANY_TAG = re.compile(r"(<[^>]*>)")
# Where dollars and backslashes mean themselves, or a formula stands already.
VERBATIM = re.compile(r"<(/?)(?:code|pre|kbd|samp|math)\b")
MARKS = re.compile("\0")
# What is seen though it has no words.
SEEN = re.compile(r"<(?:img|math)\b")
# Tags, entities and definitions of links; without any of them words are words.
MAY_SHOW_NOTHING = re.compile(r"[<&\[]|\A[^\w]*\Z")
VISIBLE = re.compile(r"[^\s\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
# Where one of these ends the next word is another one, though no space stands between.
BLOCK_END = re.compile(r"</(?:p|li|h[3-6]|pre|td|th|tr|dd|dt|blockquote|figure)>|<br>")


def with_html(text: Text) -> Text:
    """Return the text with safe HTML. Ignores what `html` was before."""
    return text.model_copy(update={"html": safe_html(text)})


def safe_html(text: Text) -> str:
    """Render a text to HTML without scripts, styles, forms and unsafe links.

    Tags in plain text are shown, and its line breaks stay. Stored pictures are shown; any other
    picture is replaced by its description. A formula that cannot be read is shown as it was
    written, and so is a text that would show nothing, such as `<br>`.
    """
    html_of_text, _problems = _rendered(text)
    if has_words(html_of_text) or not text.source.strip():
        return html_of_text
    as_written = "" if is_empty_in_editors(text.source) else _paragraphs(text.source)
    return as_written if has_words(as_written) else ""


def shows_nothing(text: Text) -> bool:
    """Return True where a text that is not empty would leave nothing on the page."""
    if not text.source.strip() or not MAY_SHOW_NOTHING.search(text.source):
        return False
    return not has_words(_rendered(text)[0])


def without_empty_texts(part: Part) -> Part:
    """Return an item, or a part of one, without optional texts that would show nothing."""
    values = {name: getattr(part, name) for name in type(part).model_fields}
    changed = {name: _without_empty(value) for name, value in values.items()}
    optional = [name for name, value in values.items() if isinstance(value, Text)]
    changed |= {
        name: NOTHING
        for name in optional
        if is_optional(part, name) and shows_nothing(values[name])
    }
    return part.model_copy(update=changed)


def _without_empty(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_without_empty(each) for each in value)
    is_part = isinstance(value, Frozen) and not isinstance(value, Text)
    return without_empty_texts(value) if is_part else value


def has_words(safe: str) -> bool:
    """Return True where safe HTML leaves something on the page: words, a picture, a formula."""
    return bool(SEEN.search(safe) or VISIBLE.search(plain_words(safe)))


def plain_words(safe: str) -> str:
    """Return the words of safe HTML, formulas as LaTeX; for excerpts and search."""
    words = MATH.sub(lambda found: dict(ATTRIBUTE.findall(found[1])).get("alttext", ""), safe)
    return html.unescape(TAG.sub("", BLOCK_END.sub(" ", words))).strip()


def tidy_ellipsis(words: str) -> str:
    """Return words that were cut, without spaces or punctuation before the ellipsis."""
    return f"{words[:-1].rstrip(' .,;:،؛')}…" if words.endswith("…") else words


def formula_problems(text: Text) -> list[str]:
    """Return what is wrong with each formula of a text that cannot be read."""
    return _rendered(text)[1] if "$" in text.source or "\\" in text.source else []


def pictures_in(text: Text) -> list[tuple[str, str]]:
    """Return each picture in a text as (reference, description), in their order."""
    if not _is_html(text):
        return []
    finder = _PictureFinder()
    finder.feed(_html_source(text))
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
    """Drop links without a scheme: they would lead to pages of this site."""
    if (tag, name) != ("a", "href"):
        return value
    return value if value.partition(":")[0].lower() in SCHEMES else None


# A reader asks several things about one text, one after the other.
@functools.lru_cache(maxsize=32)
def _rendered(text: Text) -> tuple[str, list[str]]:
    """The words as safe HTML, and what is wrong with formulas in them."""
    if text.markup == "plain":
        return _paragraphs(text.source), []
    if not _is_html(text):
        return _text_with_formulas(text.source)
    cleaned = _cleaned(without_false_tags(_html_source(text)))
    problems = _markdown_problems(text.source) if text.markup == "markdown" else []
    if text.markup != "markdown" and OPENING.search(cleaned):
        cleaned, problems = _html_with_formulas(cleaned)
    shown = IMG.sub(functools.partial(_picture, names=dict(text.pictures)), cleaned).strip()
    return shown, problems


def _is_html(text: Text) -> bool:
    is_html = text.markup in {"markdown", "html"}
    return is_html or (text.markup == "moodle" and looks_like_html(text.source))


def _html_source(text: Text) -> str:
    """The HTML that the author meant, not yet cleaned."""
    if text.markup == "markdown":
        return str(_markdown().render(text.source))
    return with_line_breaks(text.source) if text.markup == "moodle" else text.source


def _cleaned(source: str) -> str:
    import nh3  # noqa: PLC0415 - only who stores texts needs it

    return nh3.clean(
        source,
        tags=set(TAGS | MATH_TAGS),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        url_schemes=SCHEMES,
        attribute_filter=_attribute,
        link_rel="nofollow noopener noreferrer",
    )


def _text_with_formulas(source: str) -> tuple[str, list[str]]:
    """Plain words in paragraphs, with the formulas between them set."""
    pieces = split_formulas(source)
    if not any(isinstance(piece, Delimited) for piece in pieces):
        return _paragraphs(source), []
    # A NUL, which no text can hold, keeps the place of a formula between paragraphs.
    words = "".join("\0" if isinstance(piece, Delimited) else piece for piece in pieces)
    set_, problems = _set(piece for piece in pieces if isinstance(piece, Delimited))
    formulas = iter(set_)
    shown = MARKS.sub(lambda _mark: next(formulas), _paragraphs(words))
    return _cleaned(shown), problems


def _html_with_formulas(cleaned: str) -> tuple[str, list[str]]:
    """Cleaned HTML with the formulas in its words set; code and MathML stay as they are."""
    problems: list[str] = []
    parts = ANY_TAG.split(cleaned)
    verbatim = 0
    for place, part in enumerate(parts):
        if tag := VERBATIM.match(part):
            verbatim += -1 if tag[1] else 1
        elif not verbatim and OPENING.search(part):
            parts[place], more = _words_with_formulas(html.unescape(part))
            problems += more
    return _cleaned("".join(parts)), problems


def _words_with_formulas(words: str) -> tuple[str, list[str]]:
    problems: list[str] = []
    shown = ""
    for piece in split_formulas(words):
        if isinstance(piece, Delimited):
            [math], more = _set([piece])
            problems += more
        else:
            math = html.escape(piece, quote=False)
        shown += math
    return shown, problems


def _set(formulas: Iterable[Delimited]) -> tuple[list[str], list[str]]:
    """Each formula as MathML, or as it was written, and what is wrong with the latter."""
    shown, problems = [], []
    for formula in formulas:
        try:
            latex = formula.latex.replace("\xa0", " ").strip()
            shown.append(to_mathml(latex, display=formula.is_display))
        except FormulaRefused as refused:
            shown.append(html.escape(formula.written, quote=False))
            problems.append(str(refused))
    return shown, problems


def _markdown_problems(source: str) -> list[str]:
    found: list[str] = []
    for token in _all_tokens(_markdown().parse(source)) if "$" in source else ():
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
