"""How each database is asked: SQLite by FTS5, PostgreSQL by its text vectors.

Ranking is what search costs (a word in a quarter of 100,000 texts takes 25 to 35 ms to
rank and under 5 ms to match: facts measured on both). So at most `CANDIDATES` texts, the
newest, are ranked, whatever the word.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from django.db import connection

from catalog.search.words import Term
from outbound.baton import BATON

CANDIDATES = 1000
TITLE_WEIGHT = 8
# A beginning of so few letters may be that of a third of all texts.
BROAD = 3

BANK_COLUMNS = (
    "b.slug, b.title, b.summary, b.description, b.price_minor, b.currency, c.title AS category"
)
BANKS_FOUND = f"""
SELECT {BANK_COLUMNS}
FROM best JOIN catalog_testbank b ON b.id = best.id JOIN catalog_category c ON c.id = b.category_id
WHERE b.status = 'published'
ORDER BY best.score, best.id DESC
"""  # noqa: S608 - a constant
QUESTIONS_FOUND = """
SELECT b.slug, b.title, q.public_id, v.content
FROM best JOIN catalog_bankquestion p ON p.id = best.id
JOIN catalog_testbank b ON b.id = p.test_bank_id
JOIN questions_question q ON q.id = p.question_id
JOIN questions_questionversion v ON v.id = q.current_id
WHERE p.is_asked AND p.test_bank_id IN ({banks})
ORDER BY best.score, best.id DESC
"""

SQLITE = """
WITH candidate AS MATERIALIZED (
    SELECT rowid AS id, bm25({table}_fts, {weight}.0, 1.0) AS score FROM {table}_fts
    WHERE {table}_fts MATCH {match} ORDER BY rowid DESC LIMIT {candidates}),
best AS MATERIALIZED (SELECT id, score FROM candidate ORDER BY score, id DESC LIMIT %s OFFSET %s)
"""
POSTGRESQL = """
WITH candidate AS MATERIALIZED (
    SELECT {key} AS id, -ts_rank('{{0.12, 0.2, 0.4, 1}}', vector, to_tsquery('simple', {match})) AS score
    FROM {table} WHERE vector @@ to_tsquery('simple', {match}) LIMIT {candidates}),
best AS MATERIALIZED (SELECT id, score FROM candidate ORDER BY score, id DESC LIMIT %s OFFSET %s)
"""


def scope_word(test_bank_id: int) -> str:
    """The word that stands for a bank among the words of its questions."""
    return f"inbank{test_bank_id}"


@dataclass(frozen=True)
class Searched:
    """A table that is searched: its name, its key, and what is read of the rows found."""

    table: str
    key: str
    found: str


def banks(terms: Sequence[Term], *, every: bool, limit: int, offset: int) -> list[dict[str, Any]]:
    """Rows of banks on sale that have every term, or any, the best first. One statement."""
    searched = Searched("catalog_banktext", "test_bank_id", BANKS_FOUND)
    is_broad = all(term.is_prefix and len(term.folded) <= BROAD for term in terms)
    return _rows(searched, _match(terms, every=every), limit, offset, is_broad=is_broad)


def questions(
    terms: Sequence[Term], *, test_bank_ids: Sequence[int], every: bool, limit: int
) -> list[dict[str, Any]]:
    """Rows of questions in these banks, and in no other, the best first. One statement.

    The words narrow the candidates to the banks; the join decides what may be seen.
    """
    found = QUESTIONS_FOUND.format(banks=", ".join(str(int(pk)) for pk in test_bank_ids))
    searched = Searched("catalog_questiontext", "bank_question_id", found)
    scopes = [Term(scope_word(pk)) for pk in test_bank_ids]
    match = _both(_match(scopes, every=False), _match(terms, every=every))
    return _rows(searched, match, limit, 0)


def _rows(
    searched: Searched, match: str, limit: int, offset: int, *, is_broad: bool = False
) -> list[dict[str, Any]]:
    is_sqlite = connection.vendor == "sqlite"
    # Named in the statement, so that PostgreSQL plans for it: it then reads texts until it
    # has enough, instead of collecting all that its index knows, a third of them.
    is_named = is_broad and not is_sqlite
    ranked = (SQLITE if is_sqlite else POSTGRESQL).format(
        table=searched.table,
        key=searched.key,
        weight=TITLE_WEIGHT,
        candidates=CANDIDATES,
        match=_quoted(match) if is_named else "%s",
    )
    matches = [] if is_named else [match] * (1 if is_sqlite else 2)
    # PostgreSQL searches in a process of its own; SQLite would in this one.
    elsewhere = nullcontext() if is_sqlite else BATON.aside()
    with elsewhere, connection.cursor() as cursor:
        cursor.execute(ranked + searched.found, [*matches, limit, offset])
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _match(terms: Sequence[Term], *, every: bool) -> str:
    """The terms in the database's own query language. Terms are letters and digits only."""
    if connection.vendor == "sqlite":
        words = [f'"{term.folded}"' + "*" * term.is_prefix for term in terms]
        return f"({(' AND ' if every else ' OR ').join(words)})"
    words = [f"'{term.folded}'" + ":*" * term.is_prefix for term in terms]
    return f"({(' & ' if every else ' | ').join(words)})"


def _quoted(match: str) -> str:
    """As a constant of a statement. Terms are letters and digits only."""
    return "'" + match.replace("'", "''") + "'"


def _both(first: str, second: str) -> str:
    return first + (" AND " if connection.vendor == "sqlite" else " & ") + second
