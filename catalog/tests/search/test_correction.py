"""Spelling correction: the distance of two words."""

import pytest

from catalog.search.correction import distance


@pytest.mark.parametrize(
    ("first", "second", "slips"),
    [("git", "git", 0), ("gti", "git", 1), ("brnach", "branch", 1), ("kitten", "sitting", 3),
     ("", "ab", 2), ("ab", "", 2), ("ca", "abc", 3)],
)  # fmt: skip
def test_distance_counts_letters_to_change(first, second, slips):
    assert distance(first, second) == slips
