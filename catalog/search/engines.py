"""How each database is asked: SQLite by FTS5, PostgreSQL by its text vectors.

Ranking is what search costs (a word in a quarter of 100,000 texts takes 25 to 35 ms to
rank and under 5 ms to match: facts measured on both). So at most `CANDIDATES` texts, the
newest, are ranked, whatever the word.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.db import connection

from catalog.search.words import Term
from delivery.reading import Row, rows_of

CANDIDATES = 1000
TITLE_WEIGHT = 8
# A beginning of so few letters may be that of a third of all texts.
BROAD = 3

NUMBER_AND_REST = re.compile(r"\d+e\d")

BANKS_FOUND = """
SELECT b.slug, b.title, b.summary, b.description, b.price_minor, b.currency, c.title
FROM best JOIN catalog_testbank b ON b.id = best.id JOIN catalog_category c ON c.id = b.category_id
WHERE b.status = 'published'
ORDER BY best.score, best.id DESC
"""
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
WITH candidate AS (
    SELECT rowid AS id, bm25({table}_fts, {weight}.0, 1.0) AS score FROM {table}_fts
    WHERE {table}_fts MATCH {match} ORDER BY rowid DESC LIMIT {candidates}),
best AS (SELECT id, score FROM candidate ORDER BY score, id DESC LIMIT %s OFFSET %s)
"""
POSTGRESQL = """
WITH candidate AS MATERIALIZED (
    SELECT {key} AS id, -ts_rank('{{0.12, 0.2, 0.4, 1}}', vector, {match}) AS score
    FROM {table} WHERE vector @@ {match} LIMIT {candidates}),
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


def banks(terms: Sequence[Term], *, every: bool, limit: int, offset: int) -> list[Row]:
    """Rows of banks on sale that have every term, or any, the best first. One statement.

    Each has slug, title, summary, description, price, currency and the category's title.
    """
    searched = Searched("catalog_banktext", "test_bank_id", BANKS_FOUND)
    match = _match(terms, every=every)
    # PostgreSQL plans for the words where they stand in the statement: it then reads texts until
    # it has enough, instead of collecting all that its index knows, a third of them.
    if connection.vendor != "sqlite" and all(
        term.is_prefix and len(term.folded) <= BROAD for term in terms
    ):
        statement = _statement(searched, _sought(terms).replace("%s", _quoted(match)))
        return _asked_once(statement, [limit, offset])
    statement = _statement(searched, _sought(terms))
    return rows_of(statement, _values(match, limit, offset))


def questions(
    terms: Sequence[Term], *, test_bank_ids: Sequence[int], every: bool, limit: int
) -> list[Row]:
    """Rows of questions in these banks, and in no other, the best first. One statement.

    Each has the bank's slug and title, the question's public id and its content.
    The words narrow the candidates to the banks; the join decides what may be seen.
    """
    found = QUESTIONS_FOUND.format(banks=", ".join(str(int(pk)) for pk in test_bank_ids))
    searched = Searched("catalog_questiontext", "bank_question_id", found)
    scopes = [Term(scope_word(pk)) for pk in test_bank_ids]
    match = _both(_match(scopes, every=False), _match(terms, every=every))
    statement = _statement(searched, _sought(terms))
    return _asked_once(statement, _values(match, limit, 0))


def _sought(terms: Sequence[Term]) -> str:
    """What the vectors are held against; `%s` stands for the match.

    A word is in a vector as it stands, unless PostgreSQL takes it for a number and a rest.
    """
    if connection.vendor == "sqlite":
        return "%s"
    is_divided = any(NUMBER_AND_REST.match(term.folded) for term in terms)
    return "to_tsquery('simple', %s)" if is_divided else "%s::tsquery"


def _statement(searched: Searched, sought: str) -> str:
    ranked = SQLITE if connection.vendor == "sqlite" else POSTGRESQL
    best = ranked.format(
        table=searched.table,
        key=searched.key,
        weight=TITLE_WEIGHT,
        candidates=CANDIDATES,
        match=sought,
    )
    return best + searched.found


def _values(match: str, limit: int, offset: int) -> list[Any]:
    return [match] * (1 if connection.vendor == "sqlite" else 2) + [limit, offset]


def _asked_once(statement: str, values: Sequence[Any]) -> list[Row]:
    """The rows of a statement whose text is one of many."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cast(list[Row], cursor.fetchall())


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
