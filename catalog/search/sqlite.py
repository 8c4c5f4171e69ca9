"""Rank texts with SQLite's FTS5."""

from collections.abc import Sequence

from django.db import connection

from catalog.indexing.search_text import scope_word
from catalog.indexing.words import Term

# Ranking is what search costs: a word in a quarter of 100,000 texts takes 26 ms to rank and
# 1 ms to match. So at most this many texts are ranked, the newest.
CANDIDATES = 1000
RANKED = """
WITH candidate AS (
    SELECT rowid AS id, bm25({table}_fts, 8.0, 1.0) AS score FROM {table}_fts
    WHERE {table}_fts MATCH %s ORDER BY rowid DESC LIMIT {candidates})
SELECT id FROM candidate ORDER BY score, id DESC LIMIT %s OFFSET %s
"""
BANKS = RANKED.format(table="catalog_banktext", candidates=CANDIDATES)
QUESTIONS = RANKED.format(table="catalog_questiontext", candidates=CANDIDATES)


def rank_banks(terms: Sequence[Term], *, every: bool, limit: int, offset: int) -> list[int]:
    """The ids of the banks that have every term, or any, the best first."""
    return _ids(BANKS, [_match(terms, " AND " if every else " OR "), limit, offset])


def rank_questions(
    terms: Sequence[Term], *, test_bank_ids: Sequence[int], every: bool, limit: int
) -> list[int]:
    """The ids of the places in these banks whose questions have every term, or any."""
    scopes = _match([Term(scope_word(pk)) for pk in test_bank_ids], " OR ")
    match = f"{scopes} AND {_match(terms, ' AND ' if every else ' OR ')}"
    return _ids(QUESTIONS, [match, limit, 0])


def _match(terms: Sequence[Term], operator: str) -> str:
    """A query in FTS5's language. Terms are letters and digits only."""
    words = [f'"{term.folded}"' + "*" * term.is_prefix for term in terms]
    return f"({operator.join(words)})"


def _ids(statement: str, values: list[str | int]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [pk for (pk,) in cursor.fetchall()]
