"""From an author's words to HTML that is safe to show, once, when a text is stored."""

import functools
import html
import re

import nh3
from markdown_it import MarkdownIt

from questions.items import Text

TAGS = frozenset(
    "a abbr b blockquote br caption cite code col colgroup dd del dfn div dl dt em h3 h4 h5 h6 hr i"
    " kbd li mark ol p pre q s samp small span strong sub sup table tbody td tfoot th thead tr u ul"
    " var".split()
)
ATTRIBUTES = {
    "*": {"lang", "dir", "title"},
    "a": {"href"},
    "ol": {"start", "type"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
}
SCHEMES = {"http", "https", "mailto"}
LINE_END = re.compile(r"\r\n?")
BLANK_LINES = re.compile(r"\n[ \t]*\n")


def with_html(text: Text) -> Text:
    """The same words with safe HTML beside them. Whatever `html` held before is not trusted."""
    return text.model_copy(update={"html": safe_html(text)})


def safe_html(text: Text) -> str:
    """The words as HTML without scripts, styles, forms, images and foreign addresses.

    Plain text stays plain: `<html>` in it is shown, and line breaks are kept.
    """
    if text.markup == "plain":
        return _paragraphs(text.source)
    rendered = _markdown().render(text.source) if text.markup == "markdown" else text.source
    return nh3.clean(
        rendered,
        tags=set(TAGS),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        url_schemes=SCHEMES,
        link_rel="nofollow noopener noreferrer",
    ).strip()


@functools.cache
def _markdown() -> MarkdownIt:
    """CommonMark with tables. HTML in the source is allowed: it is cleaned afterwards."""
    return MarkdownIt("commonmark", {"html": True}).enable("table")


def _paragraphs(source: str) -> str:
    lines = LINE_END.sub("\n", source)
    blocks = (block.strip() for block in BLANK_LINES.split(lines))
    return "".join(
        f"<p>{html.escape(block, quote=False).replace(chr(10), '<br>')}</p>"
        for block in blocks
        if block
    )
