"""Redirect the former addresses of a bank to its present ones."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import reverse

from catalog.models import FormerSlug, TestBank

View = Callable[..., HttpResponse]


def follow_former_slug(view: View) -> View:
    """Decorate a page of a bank: where its slug is a former one, redirect to the present one.

    Only for banks that the visitor may see. Costs nothing where the bank is found.
    """

    @wraps(view)
    def followed(request: HttpRequest, slug: str, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, slug, **kwargs)
        except Http404:
            present = _present_slug(request, slug)
            if present is None or request.method == "POST":
                raise
            name = request.resolver_match.view_name if request.resolver_match else ""
            address = reverse(name, kwargs={**kwargs, "slug": present})
            return HttpResponsePermanentRedirect(address)

    return followed


def _present_slug(request: HttpRequest, slug: str) -> str | None:
    bank = FormerSlug.objects.filter(slug=slug).values("test_bank")
    visible = TestBank.objects.visible_to(request.user).filter(pk__in=bank)
    return visible.values_list("slug", flat=True).first()
