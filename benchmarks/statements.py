"""Count the statements of requests, in one process of the site.

Imported inside `manage.py shell` only, since it needs the site's settings.
"""

from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection
from django.test import Client

from benchmarks.load import Request

TRANSACTION_WORDS = {"BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE"}


def count_statements(requests: Sequence[Request]) -> list[int]:
    """The statements of each request, without those that begin and end transactions."""
    client = Client(SERVER_NAME="127.0.0.1")
    return [_count(client, request) for request in requests]


def _count(client: Client, request: Request) -> int:
    count = 0

    def note(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        nonlocal count
        count += sql.split(None, 1)[0].upper() not in TRANSACTION_WORDS
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        client.generic(
            request.method,
            request.path,
            request.body,
            content_type=request.headers.get("Content-Type", ""),
            headers=dict(request.headers),
        )
    return count
