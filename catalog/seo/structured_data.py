"""What pages say to search engines and to other sites that link here.

Addresses are always those of `SITE_URL`, whatever host a request came to.
"""

import json
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from catalog.models import TestBank
from catalog.models.review import MOST_STARS
from catalog.money import major

# What could end a script element or begin a comment in it, as JSON writes it too.
ESCAPED = {ord(">"): "\\u003E", ord("<"): "\\u003C", ord("&"): "\\u0026"}


def absolute(path: str) -> str:
    """The public address of a path of this site."""
    return f"{settings.SITE_URL}{path}"


def structured_data(test_bank: TestBank) -> SafeString:
    """A bank as search engines read it: a data block, which browsers never execute.

    A product with its offer, its rating only where there are reviews, and the way to it.
    Source: schema.org/Product, schema.org/BreadcrumbList; json-ld.org, "Embedding in HTML".
    """
    graph = [_product(test_bank), _breadcrumb(test_bank)]
    data = json.dumps({"@context": "https://schema.org", "@graph": graph}, ensure_ascii=False)
    return mark_safe(  # noqa: S308 - escaped here
        f'<script type="application/ld+json">{data.translate(ESCAPED)}</script>'
    )


def _product(test_bank: TestBank) -> dict[str, Any]:
    product: dict[str, Any] = {
        "@type": "Product",
        "name": test_bank.title,
        "description": test_bank.summary or test_bank.title,
        "sku": test_bank.slug,
        "url": _page(test_bank),
        "image": absolute(reverse("catalog:card", args=[test_bank.slug])),
        "category": test_bank.category.title,
        "brand": {"@type": "Brand", "name": settings.SITE_NAME},
        "offers": _offer(test_bank),
    }
    if test_bank.review_count:
        product["aggregateRating"] = {
            "@type": "AggregateRating",
            "ratingValue": str(test_bank.average_stars),
            "reviewCount": test_bank.review_count,
            "bestRating": MOST_STARS,
            "worstRating": 1,
        }
    return product


def _offer(test_bank: TestBank) -> dict[str, Any]:
    return {
        "@type": "Offer",
        "url": _page(test_bank),
        "price": str(major(test_bank.price_minor, test_bank.currency)),
        "priceCurrency": test_bank.currency,
        "availability": (
            "https://schema.org/InStock"
            if test_bank.is_on_sale
            else "https://schema.org/Discontinued"
        ),
    }


def _breadcrumb(test_bank: TestBank) -> dict[str, Any]:
    category = test_bank.category
    steps = [
        (gettext("Test banks"), reverse("catalog:list")),
        (category.title, reverse("catalog:category", args=[category.slug])),
        (test_bank.title, reverse("catalog:detail", args=[test_bank.slug])),
    ]
    return {
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": position, "name": name, "item": absolute(path)}
            for position, (name, path) in enumerate(steps, start=1)
        ],
    }


def _page(test_bank: TestBank) -> str:
    return absolute(reverse("catalog:detail", args=[test_bank.slug]))
