"""The request log: counts by route, and the latest API requests with their responses.

It lives in memory and is bounded. It holds no secrets, and nothing from the hosted page, where
people type card numbers.
"""

import threading
from collections import Counter
from dataclasses import asdict, dataclass
from itertools import count
from typing import Any

from sandbox.http.messages import Request, Response

MAX_CHARACTERS = 20_000_000
SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})


@dataclass(slots=True)
class Entry:
    """One API request. `status` and `response` are None until there is a response.

    `response_sent` is false if the connection was closed instead of responding.
    """

    number: int
    operation: str
    method: str
    path: str
    query: str
    body: str
    headers: dict[str, str]
    status: int | None = None
    response: str | None = None
    response_sent: bool = False


class RequestLog:
    """The latest requests, and how many there were of each operation. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = count(1)
        self._counts: Counter[str] = Counter()
        self._entries: dict[int, Entry] = {}
        self._characters = 0

    def start(self, request: Request, operation: str) -> Entry:
        """Log a request. `operation` is its method and path, with `{id}` for ids."""
        with self._lock:
            self._counts[operation] += 1
            entry = Entry(
                number=next(self._numbers),
                operation=operation,
                method=request.method,
                path=request.path,
                query=request.query,
                body=request.text,
                headers=redacted_headers(request),
            )
            self._entries[entry.number] = entry
            self._characters += len(entry.body)
            return entry

    def finish(self, entry: Entry, response: Response) -> None:
        """Log the response, unless the log was cleared in between."""
        with self._lock:
            if entry.number not in self._entries:
                return
            entry.status = response.status
            entry.response = response.body.decode("utf-8", "replace")
            entry.response_sent = not response.cut
            self._characters += len(entry.response)
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        while self._characters > MAX_CHARACTERS:
            oldest = self._entries.pop(next(iter(self._entries)))
            self._characters -= len(oldest.body) + len(oldest.response or "")

    def as_json(self) -> dict[str, Any]:
        """Return counts and requests, oldest first."""
        with self._lock:
            return {
                "counts": dict(self._counts),
                "requests": [asdict(entry) for entry in self._entries.values()],
            }

    def clear(self) -> None:
        with self._lock:
            self._counts.clear()
            self._entries.clear()
            self._characters = 0


def redacted_headers(request: Request) -> dict[str, str]:
    return {
        name: "(redacted)" if name.lower() in SECRET_HEADERS else value
        for name, value in request.headers.items()
    }
