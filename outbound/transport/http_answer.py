"""Read the head of an HTTP answer from a socket, and the title of the page behind it.

http.client drops the headers of a refused CONNECT, takes one interim answer only, and stops
at a hundred headers. Source: RFC 9112 sections 2 to 6, RFC 9110 section 15.2.
"""

import html
import http.client
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from outbound.transport.trace import short

HEAD_BYTES = 256 * 1024
PAGE_BYTES = 64 * 1024
PIECE_BYTES = 16 * 1024
STATUS_LINE = re.compile(rb"HTTP/\d(?:\.\d)?[ \t]+(\d{3})(?:[ \t]+([^\r\n]*))?")
END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
TITLE = re.compile(rb"<title[^>]{0,200}>([^<]{0,200})", re.IGNORECASE)
CHARSET = re.compile(rb"charset\s*=\s*[\"']?([\w-]{1,40})", re.IGNORECASE)
MARKUP = re.compile(rb"<(?:!doctype|html|head|body|title|meta|script|h1|p)\b", re.IGNORECASE)
MARKUP_BYTES = 2000


class Readable(Protocol):
    """Anything with `recv()`."""

    def recv(self, count: int, /) -> bytes:
        """Return the next bytes; none at the end."""


class NotHTTPError(Exception):
    """The peer did not respond with HTTP."""


@dataclass(frozen=True, slots=True)
class Head:
    """Status, headers, and the bytes that came after them. `status` is 0 for a bare page."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    rest: bytes

    def all(self, name: str) -> list[str]:
        """Return every value of a header, in any case."""
        return [value for each, value in self.headers if each == name.lower()]

    def first(self, name: str) -> str:
        """Return the first value of a header; empty where there is none."""
        return next(iter(self.all(name)), "")


@dataclass(frozen=True, slots=True)
class PlainAnswer:
    """An answer of somebody who is not meant: what can be told of it."""

    status: int
    reason: str
    title: str
    location: str


def read_head(connection: Readable, heard: bytes = b"") -> Head:
    """Read up to the end of the headers, past any number of interim answers (1xx).

    `heard` is what was read before. Raises: NotHTTPError, RemoteDisconnected, OSError.
    """
    while True:
        head = _parsed(*_until_end_of_head(connection, heard.lstrip(b"\r\n")))
        if not 100 <= head.status < 200:
            return head
        heard = head.rest


def _until_end_of_head(connection: Readable, heard: bytes) -> tuple[bytes, bytes]:
    """Return the head and what came after it.

    Raises: NotHTTPError as soon as that is clear, so that nobody waits for the end of a line.
    """
    while True:
        if not b"HTTP/".startswith(heard[:5]):
            raise NotHTTPError("the first bytes are no status line")
        end = END_OF_HEAD.search(heard)
        if end:
            return heard[: end.start()], heard[end.end() :]
        if len(heard) > HEAD_BYTES:
            raise NotHTTPError(f"the headers do not end within {HEAD_BYTES} bytes")
        piece = connection.recv(PIECE_BYTES)
        if not piece:
            raise http.client.RemoteDisconnected("the connection ended before the headers did")
        heard = (heard + piece).lstrip(b"\r\n")


def _parsed(head: bytes, rest: bytes) -> Head:
    first, *lines = re.split(rb"\r?\n", head)
    status_line = STATUS_LINE.match(first)
    if status_line is None:
        raise NotHTTPError("the status line cannot be read")
    pairs = (line.partition(b":") for line in lines)
    return Head(
        status=int(status_line[1]),
        reason=_text(status_line[2] or b""),
        headers=tuple((_text(name).lower(), _text(value)) for name, colon, value in pairs if colon),
        rest=rest,
    )


def plain_answer_in(connection: Readable, lost: bytes, heard: bytes) -> PlainAnswer | None:
    """Read an answer that came where TLS was expected; None where it is neither HTTP nor a page.

    `heard` is what was read before, but for the first bytes, which are `lost` where it is
    HTTP. Raises nothing for what ends too early.
    """
    if STATUS_LINE.match(lost + heard):
        try:
            return plain_answer(connection, read_head(connection, lost + heard))
        except (NotHTTPError, http.client.HTTPException, OSError):
            return PlainAnswer(0, "", title_of(heard), "")
    if MARKUP.search(heard[:MARKUP_BYTES]):
        return PlainAnswer(0, "", title_of(read_page(connection, heard)), "")
    return None


def plain_answer(connection: Readable, head: Head) -> PlainAnswer:
    """Read the title of the page that follows a head. Raises nothing for what ends too early."""
    page = read_page(connection, head.rest, length=_length_of(head))
    return PlainAnswer(
        head.status, head.reason, title_of(page), location_of(head.first("Location"))
    )


def read_page(connection: Readable, heard: bytes, *, length: int | None = None) -> bytes:
    """Read on until the title is there, or the page ends, or the far side is silent."""
    most = PAGE_BYTES if length is None else min(length, PAGE_BYTES)
    with suppress(OSError):
        while len(heard) < most and not TITLE.search(heard):
            piece = connection.recv(PIECE_BYTES)
            if not piece:
                break
            heard += piece
    return heard


def title_of(page: bytes) -> str:
    """Return the title of an HTML page on one line, masked; empty where it has none."""
    title = TITLE.search(page)
    if title is None:
        return ""
    charset = CHARSET.search(page)
    try:
        text = title[1].decode(charset[1].decode() if charset else "utf-8")
    except (LookupError, UnicodeDecodeError):
        text = title[1].decode("latin-1")
    return short(html.unescape(text))


def location_of(header: str) -> str:
    """Return where a redirect leads, without its query, which may hold a token."""
    try:
        parts = urlsplit(header.strip())
    except ValueError:
        return ""
    return short(f"{parts.scheme}://{parts.hostname or ''}{parts.path}") if parts.hostname else ""


def _length_of(head: Head) -> int | None:
    text = head.first("Content-Length")
    return int(text) if text.isascii() and text.isdigit() else None


def _text(value: bytes) -> str:
    return value.strip().decode("latin-1")
