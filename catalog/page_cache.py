"""Cache the catalog's pages for visitors without a session.

Each process keeps its pages in its own memory (the cache `pages`). Their keys contain a
generation that all processes share (in the cache `default`), so that `clear` empties the page
caches of every process, and a page that was rendered from older rows can never be stored
under a newer generation.
"""

import hashlib
import re
import uuid
from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, TypeVar

from django.conf import settings
from django.core.cache import caches
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.urls import get_script_prefix
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language

View = Callable[..., HttpResponse]
Value = TypeVar("Value")

GENERATION = "catalog:generation"
TOKEN = re.compile(rb'(?<=name="csrfmiddlewaretoken" value=")[^"]+(?=")')

# Extra functions whose values become part of the cache key. Apps above this one add theirs.
key_functions: list[Callable[[], Hashable]] = []


def add_key_function(function: Callable[[], Hashable]) -> None:
    """Make the value of a function a part of every key. Idempotent."""
    if function not in key_functions:
        key_functions.append(function)


def cache_anonymous_page(view: View) -> View:
    """Decorate a view whose page is the same for everybody who has no session.

    Visitors with a session or a waiting message get a page of their own, and every form gets
    its visitor's CSRF token. Only pages with status 200 that set no cookie are cached, for
    `PAGE_CACHE_SECONDS`; 0 turns the cache off.
    """

    @wraps(view)
    def cached(request: HttpRequest, *arguments: Any, **keywords: Any) -> HttpResponse:
        if not _is_cacheable(request):
            return view(request, *arguments, **keywords)
        key = _key(request)
        parts = caches["pages"].get(key)
        if parts is None:
            response = view(request, *arguments, **keywords)
            if response.status_code != 200 or response.cookies:
                return response
            parts = TOKEN.split(response.content)
            caches["pages"].set(key, parts, settings.PAGE_CACHE_SECONDS)
        return _page(request, parts)

    return cached


def get_or_set(name: str, compute: Callable[[], Value], *, seconds: int) -> Value:
    """Return a value computed from what is on sale, cached until the next `clear`."""
    key = f"{name}:{_generation()}"
    value: Value | None = caches["pages"].get(key)
    if value is None:
        value = compute()
        caches["pages"].set(key, value, seconds)
    return value


def fragment_key(request: HttpRequest) -> str:
    """The key of a part of a page that is the same for every visitor, until the next `clear`.

    For `{% cache cache_seconds NAME cache_key … using="pages" %}`. One statement; none while
    the page cache is off.
    """
    if not settings.PAGE_CACHE_SECONDS:
        return ""
    made_of = (get_language(), request.scheme, request.get_host(), get_script_prefix())
    return ":".join((_generation(), *map(str, made_of)))


def clear() -> None:
    """Empty the page caches of all processes."""
    caches["default"].set(GENERATION, uuid.uuid4().hex, timeout=None)


def clear_on_commit() -> None:
    """Empty the page caches as soon as other connections can see this transaction's changes."""
    transaction.on_commit(clear, robust=True)


def _is_cacheable(request: HttpRequest) -> bool:
    personal = {settings.SESSION_COOKIE_NAME, "messages"} & request.COOKIES.keys()
    return settings.PAGE_CACHE_SECONDS > 0 and not personal


def _key(request: HttpRequest) -> str:
    """Hash everything that a page depends on: keys of some caches are limited to 250 characters."""
    parts = (
        _generation(),
        get_language(),
        request.scheme,
        request.get_host(),
        get_script_prefix(),
        request.get_full_path(),
        [function() for function in key_functions],
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _generation() -> str:
    generation: str = caches["default"].get(GENERATION, "")
    return generation


def _page(request: HttpRequest, parts: list[bytes]) -> HttpResponse:
    """Join a page with the CSRF token of its visitor, who gets the cookie only if it has one."""
    separator = get_token(request).encode() if len(parts) > 1 else b""
    response = HttpResponse(separator.join(parts))
    patch_vary_headers(response, ["Cookie"])
    return response
