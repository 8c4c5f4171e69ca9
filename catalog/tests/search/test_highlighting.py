"""Highlights and excerpts of texts that were found."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.indexing.words import Term, terms_of, words_of
from catalog.search.highlighting import excerpt, found_spans, highlight

NEEDLE = [Term("needle")]


def quoted(text, terms):
    return excerpt(text, found_spans(text, terms))


@given(st.text(), st.text())
def test_highlighting_keeps_the_text(text, typed):
    marked = highlight(text, found_spans(text, terms_of(typed)))
    assert unescape(marked.replace("<mark>", "").replace("</mark>", "")) == unescape(
        highlight(text, [])
    )


@given(
    st.lists(st.sampled_from([*"aAys_ .,+#é3", "queries", "query", "boxes", "c++", ".NET", "net"])),
    st.lists(
        st.sampled_from(["a", "y", "s", "quer", "query", "box", "net", "c++", "é"]), min_size=1
    ),
)
def test_what_is_marked_is_what_was_found(parts, typed):
    text, terms = "".join(parts), terms_of(" ".join(typed))
    expected = [
        text[word.start : word.end]
        for word in words_of(text)
        if any(
            word.folded.startswith(term.folded) if term.is_prefix else word.folded == term.folded
            for term in terms
        )
    ]
    marked = highlight(text, found_spans(text, terms))
    assert re.findall("<mark>(.*?)</mark>", marked) == expected


def test_markup_in_a_text_is_escaped():
    text = "<b>needle</b> & more"
    assert highlight(text, found_spans(text, NEEDLE)) == (
        "&lt;b&gt;<mark>needle</mark>&lt;/b&gt; &amp; more"
    )


def test_a_found_word_that_an_excerpt_cuts_is_not_marked():
    part = quoted("needle " + "x" * 500, [*NEEDLE, Term("x", is_prefix=True)])
    assert part.startswith("<mark>needle</mark> xxx")
    assert part.count("<mark>") == part.count("</mark>") == 1
    assert part.endswith("x …")


def test_an_excerpt_surrounds_the_first_found_word():
    part = quoted("word " * 100 + "needle " + "word " * 100, NEEDLE)
    assert part.startswith("… word")
    assert "<mark>needle</mark>" in part
    assert part.endswith(" …")
    assert len(part) < 230


@pytest.mark.parametrize("before", [62, 64, 65])
def test_an_excerpt_never_begins_inside_the_first_word(before):
    text = "What ".ljust(before, ".") + " needle"
    expected = f"{text[:before]} <mark>needle</mark>"
    assert quoted(text, NEEDLE) == (f"… {expected[5:]}" if before > 63 else expected)


def test_an_excerpt_begins_inside_a_long_first_word():
    part = quoted("x" * 100 + " needle", NEEDLE)
    assert part == f"… {'x' * 59} <mark>needle</mark>"


@pytest.mark.parametrize(("text", "part"), [("", ""), ("short", "short")])
def test_an_excerpt_without_a_found_word_is_the_beginning(text, part):
    assert quoted(text, NEEDLE) == part
