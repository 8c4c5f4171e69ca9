"""Text is shown as the author wrote it; scripts and unsafe markup have no effect."""

import time
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from questions.items import Markup, Text
from questions.text import ATTRIBUTES, MATH_TAGS, TAGS, safe_html, with_html
from testing.parts import SHARED, require

XSS = SHARED / "questions" / "hostile" / "xml" / "moodle_xss.xml"
PAYLOADS = 31
OURS = [
    "<script>alert(1)</script>",
    '<p onclick="alert(1)">x</p>',
    '<a href="  javascript:alert(1)">x</a>',
    '<a href="java\nscript:alert(1)">x</a>',
    '<a href="vbscript:x">x</a>',
    '<a href="/accounts/logout/">x</a>',
    '<a href="">x</a>',
    "[x](../../accounts/logout/)",
    "[]()",
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    '<p style="position:fixed">x</p>',
    "<form action=/x><input name=choice value=a></form>",
    "<p class=choice--right id=score>x</p>",
    "<textarea></p><script>alert(1)</script>",
    "<!-- --!><script>alert(1)</script> -->",
    "[x](javascript:alert(1))",
    "[x](<javascript:alert(1)>)",
    "<javascript:alert(1)>",
    "[x]: javascript:alert(1)\n\n[x]",
    '![x](y "onerror=alert(1)")',
]


def html(source: str, markup: Markup = "plain") -> str:
    return safe_html(Text(source=source, markup=markup))


class Reader(HTMLParser):
    """What a browser would find: every tag and attribute, and what is left open."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str, str]] = set()
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {(tag, name, value or "") for name, value in attrs}

    def handle_data(self, data: str) -> None:
        self.words += data


def read(source: str) -> Reader:
    reader = Reader()
    reader.feed(source)
    reader.close()
    return reader


def assert_harmless(cleaned: str) -> None:
    page = read(cleaned)
    assert page.tags <= TAGS | MATH_TAGS
    for tag, name, value in page.attributes:
        assert name in {"rel", *ATTRIBUTES["*"], *ATTRIBUTES.get(tag, ())}
        if name == "href":
            assert value.startswith(("http:", "https:", "mailto:"))
        if name == "rel":
            assert value == "nofollow noopener noreferrer"


def payloads() -> list[str]:
    require("shared")
    root = ElementTree.parse(XSS).getroot()  # noqa: S314 - a file that declares no entities
    return [text.text or "" for text in root.findall("question/questiontext/text")]


@pytest.mark.shared
def test_every_hostile_payload_is_harmless() -> None:
    found = payloads()
    assert len(found) == PAYLOADS
    for payload in found:
        assert_harmless(html(payload, "html"))
        assert_harmless(html(payload, "markdown"))
        assert_harmless(html(payload, "plain"))


@pytest.mark.parametrize("markup", ["plain", "markdown", "html"])
@pytest.mark.parametrize("payload", OURS)
def test_our_own_payloads_are_harmless(payload: str, markup: Markup) -> None:
    assert_harmless(html(payload, markup))


@settings(deadline=None)
@given(st.text(alphabet="<>&\"'/= !-[]()`*_#\n\tapscript:onx;", max_size=60))
def test_text_of_any_kind_is_harmless(source: str) -> None:
    for markup in ("html", "markdown", "moodle", "text"):
        assert_harmless(html(source, markup))
    assert read(html(source)).tags <= {"p", "br"}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", ""),
        (" \n\n ", ""),
        ("Is <html> a tag & why?", "<p>Is &lt;html&gt; a tag &amp; why?</p>"),
        ("*not* _marked_ `up`", "<p>*not* _marked_ `up`</p>"),
        ('"Quoted"', '<p>"Quoted"</p>'),
        ("one\ntwo", "<p>one<br>two</p>"),
        ("one\r\ntwo\rthree", "<p>one<br>two<br>three</p>"),
        ("one\n\ntwo", "<p>one</p><p>two</p>"),
        ("one\n \t\n\n\ntwo", "<p>one</p><p>two</p>"),
        ("-5", "<p>-5</p>"),
        ("&lt;", "<p>&amp;lt;</p>"),
    ],
)
def test_plain_text_stays_plain(source: str, expected: str) -> None:
    assert html(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("**bold** and `a < b`", "<p><strong>bold</strong> and <code>a &lt; b</code></p>"),
        ("1. one\n2. two", "<ol>\n<li>one</li>\n<li>two</li>\n</ol>"),
        ("3. three", '<ol start="3">\n<li>three</li>\n</ol>'),
        ("H<sub>2</sub>O", "<p>H<sub>2</sub>O</p>"),
        ("```python\nx = 1\n```", "<pre><code>x = 1\n</code></pre>"),
        (
            "[docs](https://example.org/a?b=1&c=2)",
            '<p><a href="https://example.org/a?b=1&amp;c=2" rel="nofollow noopener noreferrer">'
            "docs</a></p>",
        ),
    ],
)
def test_markdown_is_rendered(source: str, expected: str) -> None:
    assert html(source, "markdown") == expected


def test_markdown_tables_are_rendered() -> None:
    page = read(html("| a | b |\n|---|---|\n| 1 | 2 |", "markdown"))
    assert page.tags == {"table", "thead", "tbody", "tr", "th", "td"}


def test_harmless_html_is_kept() -> None:
    source = (
        '<p lang="de" dir="ltr">H<sub>2</sub>O</p><table><tr><td colspan="2">1</td></tr></table>'
    )
    assert html(source, "html") == (
        '<p lang="de" dir="ltr">H<sub>2</sub>O</p>'
        '<table><tbody><tr><td colspan="2">1</td></tr></tbody></table>'
    )


def test_unclosed_html_is_closed() -> None:
    assert html("<div><b>x", "html") == "<div><b>x</b></div>"


def test_supplied_html_is_ignored() -> None:
    text = Text(source="x", html="<script>alert(1)</script>")
    assert with_html(text).html == "<p>x</p>"


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("#include <stdio.h>", "#include &lt;stdio.h&gt;"),
        ("vector<int> v", "vector&lt;int&gt; v"),
        ("x<y", "x&lt;y"),
        ("a<b then <i>c</i>", "a&lt;b then <i>c</i>"),
        ("<https://example.org>", "&lt;https://example.org&gt;"),
        ("<o:p>Word</o:p>", "Word"),
        ("<font>x</font>", "x"),
    ],
)
def test_less_than_sign_without_tag(source: str, shown: str) -> None:
    assert html(source, "html") == shown


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("a\nb <i>c</i>", "a\n<br>b <i>c</i>"),
        ("a\r\n\r\nb<br>c", "a\n<br>\n<br>b<br>c"),
        ("<p>a</p>\n<p>b</p>", "<p>a</p>\n<p>b</p>"),
        ("<ul>\n<li>a</li>\n</ul>\nb", "<ul>\n<li>a</li>\n</ul>\nb"),
        ("<pre>a\nb</pre>c\nd", "<pre>a\nb</pre>c\n<br>d"),
        ("a\nb", "<p>a<br>b</p>"),
    ],
)
def test_line_breaks_of_an_unmarked_text_survive(source: str, shown: str) -> None:
    assert html(source, "moodle") == shown


@pytest.mark.parametrize("markup", ["text", "html", "moodle"])
@pytest.mark.parametrize(
    "sign", ["$", "$$", r"\(", r"\[", "[[[[", "<b>", "</p>", "&nbsp;", "<x", "<p>"]
)
def test_runs_of_one_character_take_linear_time(sign: str, markup: Markup) -> None:
    def seconds(count: int) -> float:
        began = time.process_time()
        html(f"{sign} " * count, markup)
        return time.process_time() - began

    assert seconds(6_000) <= 0.1 + 20 * seconds(600)


@pytest.mark.parametrize("markup", ["text", "html", "moodle"])
@pytest.mark.parametrize(
    "payload",
    [
        r"$$\text{<script>alert(1)</script>}$$",
        r"\(x\)<script>alert(1)</script>",
        r"$$<img src=x onerror=alert(1)>^2$$",
        r"\[\href{javascript:alert(1)}{x}\]",
        r"<a title='\(x^2\)' href='javascript:alert(1)'>x</a>",
    ],
)
def test_formulas_between_delimiters_are_harmless(payload: str, markup: Markup) -> None:
    assert_harmless(html(payload, markup))
