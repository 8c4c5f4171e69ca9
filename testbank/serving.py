"""How the site is served, as far as more than the server must know it. See `gunicorn.conf.py`."""

from collections.abc import Callable, Iterable
from typing import Any

SQLITE = "sqlite:"

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def processes_and_threads(database_url: str) -> tuple[int, int]:
    """How many processes the server has, and threads in each.

    SQLite lets one write at a time, so one process serves it best; PostgreSQL gets two.
    """
    return (1, 8) if database_url.startswith(SQLITE) else (2, 4)
