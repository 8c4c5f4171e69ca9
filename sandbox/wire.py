"""A request as it came and an answer as it goes: what all parts of the sandbox speak in."""

import json
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

JSON_TYPE = "application/json"
HTML_TYPE = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Request:
    """One request, whole. `path` is without the query."""

    method: str
    path: str
    query: str
    headers: Message
    body: bytes

    @property
    def form(self) -> str:
        """The body as text; bytes that are not UTF-8 are shown as replaced."""
        return self.body.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, whole. Where `cut` is true, the connection is closed instead of sending it."""

    status: int
    body: bytes
    content_type: str = JSON_TYPE
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


def json_answer(value: Any, status: int = 200) -> Answer:
    """A JSON answer of the control address."""
    return Answer(status, json.dumps(value, ensure_ascii=False, indent=2).encode())
