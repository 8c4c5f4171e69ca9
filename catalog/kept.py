"""Pages of the shop's front, kept for visitors who are nobody in particular.

Most visitors see the same page, and writing it costs ten times as much as reading the rows
it shows. So a page is kept under those rows: with other rows it is another page. What does
not stand in the rows may be a minute old. Whoever has a session gets a page of their own.

What is searched for hardly repeats. There a template is written once with blanks, which are
filled with the texts of each page.
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from html import escape
from threading import Lock
from time import monotonic

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.encoding import iri_to_uri
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from catalog.models import TestBank

MOST_PAGES = 500
SECONDS = 60
TOKEN = re.compile(rb'(?<=name="csrfmiddlewaretoken" value=")[^"]+(?=")')
# Stands between texts that are escaped together.
BETWEEN = "\0"
# Stands in a page for a text; letters that no escaping and no address changes.
BLANK = re.compile(rb"blank-([a-z_]+)-blank")

# What else a page tells, asked anew for each visitor. Rooms above this one add theirs.
varying: list[Callable[[], Hashable]] = []


@dataclass(frozen=True)
class Kept:
    """A page between its CSRF tokens, which are each visitor's own, and when it was written.

    Of a page with blanks every second part is the name of the text that belongs there.
    """

    parts: tuple[bytes, ...]
    written: float

    @cached_property
    def names(self) -> list[str]:
        """What the blanks are for, from the first to the last."""
        return [name.decode() for name in self.parts[1::2]]

    @cached_property
    def pattern(self) -> str:
        """The page for `%`, in the order of `names`."""
        return "%s".join(part.decode().replace("%", "%%") for part in self.parts[::2])

    def filled(self, texts: Mapping[str, str]) -> bytes:
        """The page with the texts in its blanks, escaped where they are not safe."""
        parts = list(self.parts)
        parts[1::2] = [_safe(texts[name]).encode() for name in self.names]
        return b"".join(parts)


class KeptPages:
    """The newest pages of this process. Safe for threads."""

    def __init__(self) -> None:
        self._pages: OrderedDict[Hashable, Kept] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable) -> Kept | None:
        """The page, if it is there and young enough."""
        with self._lock:
            kept = self._pages.get(key)
        return kept if kept and monotonic() - kept.written < SECONDS else None

    def put(self, key: Hashable, kept: Kept) -> None:
        """Keep a page, and let the oldest go."""
        with self._lock:
            self._pages[key] = kept
            self._pages.move_to_end(key)
            if len(self._pages) > MOST_PAGES:
                self._pages.popitem(last=False)

    def clear(self) -> None:
        """Keep nothing."""
        with self._lock:
            self._pages.clear()


PAGES = KeptPages()


def kept_page(
    request: HttpRequest, rows: Hashable, write: Callable[[], HttpResponse]
) -> HttpResponse:
    """The page that `write` makes, or the same from before.

    `rows` are the values that the page shows. Guarantees: nobody sees what was written for a
    person who is signed in or has a message waiting, and every form has its visitor's token.
    """
    if not _may_share(request):
        return write()
    key = (*_place(request), request.get_full_path(), rows)
    kept = PAGES.get(key)
    if kept is None:
        response = write()
        if response.status_code != 200 or response.cookies:
            return response
        kept = Kept(tuple(TOKEN.split(response.content)), monotonic())
        PAGES.put(key, kept)
    return _handed_out(request, kept)


def filled_page(
    request: HttpRequest, template: str, context: Mapping[str, object], texts: Mapping[str, str]
) -> HttpResponse:
    """The page that the template makes of the context and these texts.

    It is written once for all texts, so of a text the template may only ask whether it is
    empty; and anew when the context, whose values are told apart by `==`, differs. It may hold
    no CSRF token, which is one visitor's own. Guarantees: as `kept_page`. Raises: ValueError.
    """
    if not _may_share(request):
        return render(request, template, {**context, **texts})
    key = (*_place(request), request.path, tuple(context.items()), _given(texts))
    kept = PAGES.get(key)
    if kept is None:
        response = render(_without_query(request), template, {**context, **_blanks(texts)})
        if TOKEN.search(response.content):
            raise ValueError(f"{template} holds a CSRF token")
        kept = Kept(tuple(BLANK.split(response.content)), monotonic())
        PAGES.put(key, kept)
    values = {"address_query": iri_to_uri(request.META.get("QUERY_STRING", "")), **texts}
    return HttpResponse(kept.filled(values))


def filled_parts(template: str, names: Sequence[str], rows: Iterable[Sequence[str]]) -> SafeString:
    """What the template makes of each row of texts, which have these names, one after the other.

    It is written once for all of them, so of a text it may only ask whether it is empty.
    """
    written: dict[tuple[bool, ...], tuple[str, list[int]]] = {}
    parts = []
    columns = [_safe_column(column) for column in zip(*rows, strict=True)]
    for row in zip(*columns, strict=True):
        given = tuple(map(bool, row))
        if given not in written:
            kept = _part(template, dict(zip(names, row, strict=True)))
            written[given] = kept.pattern, [names.index(name) for name in kept.names]
        pattern, places = written[given]
        parts.append(pattern % tuple([row[place] for place in places]))
    return mark_safe("".join(parts))  # noqa: S308 - written by the template


def rows_of(test_banks: Iterable[TestBank]) -> Hashable:
    """Every value of these banks and the names of their categories."""
    return tuple(
        (test_bank.category.title, *tuple(test_bank.__dict__.values())[1:])
        for test_bank in test_banks
    )


def _part(template: str, texts: Mapping[str, str]) -> Kept:
    key = (template, get_language(), _given(texts))
    kept = PAGES.get(key)
    if kept is None or settings.DEBUG:
        text = render_to_string(template, _blanks(texts))
        kept = Kept(tuple(BLANK.split(text.encode())), monotonic())
        PAGES.put(key, kept)
    return kept


def _safe(text: str) -> str:
    """Escaped where it is not safe. A page has a hundred texts: Django's way costs five times this."""
    return text if type(text) is SafeString else escape(text)


def _safe_column(texts: Sequence[str]) -> Sequence[str]:
    """As `_safe` for each, with one call for all where they are of one kind."""
    kinds = set(map(type, texts))
    if kinds == {SafeString}:
        return texts
    whole = BETWEEN.join(texts)
    if SafeString in kinds or whole.count(BETWEEN) >= len(texts):
        return [_safe(text) for text in texts]
    return escape(whole).split(BETWEEN)


def _blanks(texts: Mapping[str, str]) -> dict[str, str]:
    return {name: _blank(name) if text else "" for name, text in texts.items()}


def _blank(name: str) -> str:
    return f"blank-{name}-blank"


def _given(texts: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(name for name, text in texts.items() if text)


def _without_query(request: HttpRequest) -> HttpRequest:
    """The same request with a blank for what stands behind the question mark."""
    same = copy(request)
    same.META = {**request.META, "QUERY_STRING": _blank("address_query")}
    return same


def _place(request: HttpRequest) -> tuple[Hashable, ...]:
    """What every page differs by."""
    return (
        request.scheme,
        request.get_host(),
        get_language(),
        tuple(vary() for vary in varying),
    )


def _may_share(request: HttpRequest) -> bool:
    """For visitors without a session and without messages; never while templates change."""
    named = {settings.SESSION_COOKIE_NAME, "messages"} & request.COOKIES.keys()
    return not (named or settings.DEBUG)


def _handed_out(request: HttpRequest, kept: Kept) -> HttpResponse:
    if len(kept.parts) == 1:
        return HttpResponse(kept.parts[0])
    return HttpResponse(get_token(request).encode().join(kept.parts))
