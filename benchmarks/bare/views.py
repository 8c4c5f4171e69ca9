"""The least work behind each page: one statement, and a template where there is a page."""

import hashlib
import hmac
import json
import uuid

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone

from benchmarks.bare.models import Answer, Bank, Event

INSERT = f"""
    INSERT INTO {Event._meta.db_table} (event_id, kind, body, received_at)
    VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING
"""  # noqa: S608 - a table's name, no one's input


FTS5 = """
    SELECT b.slug, b.title FROM catalog_banktext_fts f JOIN catalog_testbank b ON b.id = f.rowid
    WHERE catalog_banktext_fts MATCH %s ORDER BY f.rank LIMIT 20
"""
VECTORS = """
    SELECT b.slug, b.title FROM catalog_banktext t JOIN catalog_testbank b ON b.id = t.test_bank_id
    WHERE t.vector @@ to_tsquery('simple', %s)
    ORDER BY ts_rank(t.vector, to_tsquery('simple', %s)) DESC LIMIT 20
"""


def detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One bank: one query by an index, and a page of 6 KB."""
    return _page("bare/detail.html", {"bank": Bank.objects.get(slug=slug)})


def listing(request: HttpRequest) -> HttpResponse:
    """Twenty banks by title: one query, and a page with a row for each."""
    banks = Bank.objects.filter(status="published").order_by("title")[:20]
    return _page("bare/list.html", {"banks": banks})


def search(request: HttpRequest) -> HttpResponse:
    """Twenty banks that have the words, the best first: one statement that ranks them all."""
    is_sqlite = connection.vendor == "sqlite"
    words = request.GET["q"].split()
    match = " AND ".join(f'"{word}"' for word in words) if is_sqlite else " & ".join(words)
    with connection.cursor() as cursor:
        cursor.execute(FTS5 if is_sqlite else VECTORS, [match] if is_sqlite else [match, match])
        banks = [{"slug": slug, "title": title} for slug, title in cursor.fetchall()]
    return _page("bare/search.html", {"banks": banks, "words": request.GET["q"]})


def answer(request: HttpRequest, attempt: uuid.UUID, position: int) -> HttpResponse:
    """Keep an answer: one insert in a transaction."""
    with transaction.atomic():
        Answer.objects.create(
            attempt=attempt,
            position=position,
            version=position,
            response={"choice": request.POST["choice"]},
            answered_at=timezone.now(),
        )
    return HttpResponse(status=303, headers={"Location": request.path, "Content-Length": "0"})


def webhook(request: HttpRequest) -> HttpResponse:
    """Verify and insert: one HMAC, one JSON, one statement."""
    signature = dict(part.split("=", 1) for part in request.headers["Stripe-Signature"].split(","))
    signed = signature["t"].encode() + b"." + request.body
    secret = settings.STRIPE_WEBHOOK_SECRETS[0].encode()
    expected = hmac.new(secret, signed, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, signature["v1"]):
        return _words("refused", status=400)
    event = json.loads(request.body)
    with connection.cursor() as cursor:
        values = (event["id"], event["type"], request.body.decode(), timezone.now())
        cursor.execute(INSERT, values)
    return _words("kept", status=200)


def _page(template: str, context: dict[str, object]) -> HttpResponse:
    return _words(render_to_string(template, context), status=200)


def _words(text: str, *, status: int) -> HttpResponse:
    """With its length, which a middleware would add, so that a connection can be kept."""
    response = HttpResponse(text, status=status)
    response["Content-Length"] = str(len(response.content))
    return response
