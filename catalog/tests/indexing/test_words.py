"""Tokenizing and folding: texts, queries and highlights are divided alike."""

from hypothesis import given
from hypothesis import strategies as st

from catalog.indexing.words import Term, folded, indexed, terms_of, words_of


def test_words_are_divided_alike_wherever_they_stand():
    assert indexed("C++, C# or .NET? asp.net") == "cplusplus csharp or dotnet asp net"
    assert indexed("Über Straße naïve أَحْمَد") == "uber strasse naive احمد"
    assert indexed("考试 git-switch foo_bar") == "考 试 git switch foo bar"
    assert [folded(word) for word in ("status", "analysis", "boxes", "class", "queries")] == [
        "status", "analysis", "box", "class", "query",
    ]  # fmt: skip


def test_the_last_word_may_be_unfinished_and_eight_are_enough():
    assert terms_of("git bran") == (Term("git"), Term("bran", is_prefix=True))
    assert terms_of("git git") == (Term("git", is_prefix=True),)
    assert terms_of("x") == (Term("x"),)
    assert len(terms_of(" ".join(f"word{n}" for n in range(30)))) == 8


@given(st.text())
def test_words_stand_where_they_say(text):
    for word in words_of(text):
        assert folded(text[word.start : word.end]) == word.folded
