"""What reached the API: counts by address, and the last requests with their answers.

In memory and bounded. No secret is kept, and nothing of the payment page, where people
type card numbers.
"""

import threading
from collections import Counter
from dataclasses import asdict, dataclass
from itertools import count
from typing import Any

from sandbox.wire import Answer, Request

KEPT_CHARACTERS = 20_000_000
SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})


@dataclass(slots=True)
class Entry:
    """One request to the API; status and answer are None until there is one."""

    number: int
    operation: str
    method: str
    path: str
    query: str
    body: str
    headers: dict[str, str]
    status: int | None = None
    answer: str | None = None
    answered: bool = False


class Journal:
    """The last requests, and how many there were of each operation."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = count(1)
        self._counts: Counter[str] = Counter()
        self._entries: dict[int, Entry] = {}
        self._characters = 0

    def came(self, request: Request, operation: str) -> Entry:
        """Note a request; `operation` is its method and path with `{id}` for names."""
        with self._lock:
            self._counts[operation] += 1
            entry = Entry(
                number=next(self._numbers),
                operation=operation,
                method=request.method,
                path=request.path,
                query=request.query,
                body=request.form,
                headers=harmless(request),
            )
            self._entries[entry.number] = entry
            self._characters += len(entry.body)
            return entry

    def went(self, entry: Entry, answer: Answer) -> None:
        """Note the answer; one that was cut off has a status, but was not `answered`."""
        with self._lock:
            if entry.number not in self._entries:
                return
            entry.status = answer.status
            entry.answer = answer.body.decode("utf-8", "replace")
            entry.answered = not answer.cut
            self._characters += len(entry.answer)
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        while self._characters > KEPT_CHARACTERS:
            oldest = self._entries.pop(next(iter(self._entries)))
            self._characters -= len(oldest.body) + len(oldest.answer or "")

    def told(self) -> dict[str, Any]:
        """Counts and requests, oldest first."""
        with self._lock:
            return {
                "counts": dict(self._counts),
                "requests": [asdict(entry) for entry in self._entries.values()],
            }

    def clear(self) -> None:
        """Begin anew."""
        with self._lock:
            self._counts.clear()
            self._entries.clear()
            self._characters = 0


def harmless(request: Request) -> dict[str, str]:
    """The request's headers with secrets hidden."""
    return {
        name: "(hidden)" if name.lower() in SECRET_HEADERS else value
        for name, value in request.headers.items()
    }
