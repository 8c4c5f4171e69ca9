"""The dashboard on the admin's index page: recent sales, orders and incidents."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, F, Sum
from django.http import HttpRequest
from django.utils import timezone

from catalog.models import TestBank
from catalog.money import format_price
from payments.models import Incident, Order

DAYS = 30
LATEST = 8


@dataclass(frozen=True)
class Sales:
    """Net sales in one currency: `amount` is formatted, after refunds; `orders` were paid."""

    amount: str
    orders: int


def back_office_index(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the figures of the last `DAYS` days to the index page, in the Stripe key's mode."""
    at = timezone.now()
    context.update(days=DAYS, banks_on_sale=TestBank.objects.published().count())
    if request.user.has_perm("payments.view_order"):
        orders = Order.objects.in_mode(settings.STRIPE_MODE).order_by("-created_at", "pk")
        context.update(sales=_sales(at), orders=list(orders[:LATEST]))
    if request.user.has_perm("payments.view_incident"):
        context.update(
            incidents=list(Incident.objects.order_by("-at", "-pk")[:LATEST]),
            incidents_lately=Incident.objects.filter(at__gte=at - timedelta(days=DAYS)).count(),
        )
    return context


def _sales(at: datetime) -> list[Sales]:
    paid = Order.objects.in_mode(settings.STRIPE_MODE).filter(
        status__in=["paid", "partially_refunded"], paid_at__gte=at - timedelta(days=DAYS)
    )
    totals = (
        paid.order_by()
        .values("currency")
        .annotate(total=Sum(F("amount_minor") - F("refunded_minor")), count=Count("pk"))
    )
    return [
        Sales(amount=format_price(row["total"], row["currency"]), orders=row["count"])
        for row in totals.order_by("-total")
    ]
