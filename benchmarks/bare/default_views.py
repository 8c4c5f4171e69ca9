"""The same work as the bare views, with a number of ORM statements, each for one row."""

import uuid

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from benchmarks.bare import views
from benchmarks.bare.models import Answer, Bank


@login_required
def page(request: HttpRequest, slug: str, reads: int) -> HttpResponse:
    """A page of 6 KB for a signed-in user."""
    for _number in range(reads):
        bank = Bank.objects.get(slug=slug)
    return render(request, "bare/detail.html", {"bank": bank})


@login_required
def answer(request: HttpRequest, slug: str, reads: int, inserts: int) -> HttpResponse:
    """A form of a signed-in user, stored in one transaction."""
    _store(slug, reads, inserts)
    return HttpResponse(status=303, headers={"Location": request.path})


@csrf_exempt
def webhook(request: HttpRequest, slug: str, reads: int, inserts: int) -> HttpResponse:
    """An event: verified, inserted, and handled in two transactions, as the shop does."""
    response = views.webhook(request)
    _store(slug, reads, inserts)
    return response


@transaction.atomic
def _store(slug: str, reads: int, inserts: int) -> None:
    for _number in range(reads):
        Bank.objects.get(slug=slug)
    for number in range(inserts):
        Answer.objects.create(
            attempt=uuid.uuid4(),
            position=number,
            version=number,
            response={"choice": "b"},
            answered_at=timezone.now(),
        )
