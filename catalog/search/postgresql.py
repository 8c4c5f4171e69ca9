"""Rank texts with PostgreSQL's text search vectors."""

from collections.abc import Sequence

from django.db import connection

from catalog.indexing.search_text import scope_word
from catalog.indexing.words import Term

# Ranking is what search costs: a word in a quarter of 100,000 texts takes 34 ms to rank and
# 4 ms to match. So at most this many texts are ranked.
CANDIDATES = 1000
RANKED = """
WITH candidate AS MATERIALIZED (
    SELECT {key} AS id,
        -ts_rank('{{0.12, 0.2, 0.4, 1}}', vector, to_tsquery('simple', %s)) AS score
    FROM {table} WHERE vector @@ to_tsquery('simple', %s) LIMIT {candidates})
SELECT id FROM candidate ORDER BY score, id DESC LIMIT %s OFFSET %s
"""
BANKS = RANKED.format(table="catalog_banktext", key="test_bank_id", candidates=CANDIDATES)
QUESTIONS = RANKED.format(
    table="catalog_questiontext", key="bank_question_id", candidates=CANDIDATES
)


def rank_banks(terms: Sequence[Term], *, every: bool, limit: int, offset: int) -> list[int]:
    """The ids of the banks that have every term, or any, the best first. One statement."""
    match = _match(terms, " & " if every else " | ")
    return _ids(BANKS, [match, match, limit, offset])


def rank_questions(
    terms: Sequence[Term], *, test_bank_ids: Sequence[int], every: bool, limit: int
) -> list[int]:
    """The ids of the places in these banks whose questions have every term, or any."""
    scopes = _match([Term(scope_word(pk)) for pk in test_bank_ids], " | ")
    match = f"{scopes} & {_match(terms, ' & ' if every else ' | ')}"
    return _ids(QUESTIONS, [match, match, limit, 0])


def _match(terms: Sequence[Term], operator: str) -> str:
    """A query in tsquery's language. Terms are letters and digits only."""
    words = [f"'{term.folded}'" + ":*" * term.is_prefix for term in terms]
    return f"({operator.join(words)})"


def _ids(statement: str, values: list[str | int]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [pk for (pk,) in cursor.fetchall()]
