"""`make answers` in small: random cuts while a browser answers an exam."""

import pytest

from e2e.answers import run


@pytest.mark.browser
@pytest.mark.proof
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_no_answer_is_lost_under_random_cuts(database: str) -> None:
    said: list[str] = []
    assert run(database=database, seed=4, count=100, say=said.append), said
