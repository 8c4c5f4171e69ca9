"""HTTP requests and responses, as every part of the sandbox takes and returns them."""

import json
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

JSON_TYPE = "application/json"
HTML_TYPE = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Request:
    """One whole request. `path` excludes the query string."""

    method: str
    path: str
    query: str
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        """The body as text, with bytes that are not UTF-8 replaced."""
        return self.body.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Response:
    """One whole response. If `cut` is true, the server closes the connection instead."""

    status: int
    body: bytes
    content_type: str = JSON_TYPE
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


def json_response(value: Any, status: int = 200) -> Response:
    """Return indented JSON, for people who read it."""
    return Response(status, json.dumps(value, ensure_ascii=False, indent=2).encode())
