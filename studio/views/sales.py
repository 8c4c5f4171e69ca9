"""Sales and visits: charts with their tables, sums by bank, the orders, and all of it as CSV."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from catalog.money import format_price
from catalog.services.visits import store_visits
from payments.models import Order
from studio.permissions import VIEW_ORDERS, desk_page
from studio.sales import paid_minor, paid_orders, report, sales_csv
from studio.visits import DayOfBank, visit_report, visits_by_day, visits_csv

PERIODS = {"7": 7, "30": 30, "90": 90, "365": 365}
MONTHS_FROM_DAYS = 90
LONGEST_PERIOD = timedelta(days=3653)
ORDERS_SHOWN = 50
STRIPE = "https://dashboard.stripe.com"


class PeriodForm(forms.Form):
    """The period: one of a few lengths, or two days."""

    days = forms.ChoiceField(
        label=_("Period"),
        required=False,
        choices=[
            ("30", _("30 days")),
            ("7", _("7 days")),
            ("90", _("90 days")),
            ("365", _("12 months")),
            ("", _("Custom range")),
        ],
    )
    first = forms.DateField(
        label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    last = forms.DateField(
        label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def clean(self) -> dict[str, Any]:
        """Refuse two days that are no period, or that make a chart nobody can read."""
        cleaned = super().clean() or self.cleaned_data
        first, last = cleaned.get("first"), cleaned.get("last")
        if cleaned.get("days") or self.errors:
            return cleaned
        if not first or not last:
            self.add_error("last" if first else "first", _("Enter both dates."))
        elif first > last:
            self.add_error("last", _("The end date is before the start date."))
        elif last > timezone.localdate():
            self.add_error("last", _("This date is in the future."))
        elif last - first > LONGEST_PERIOD:
            self.add_error("first", _("Choose a range of at most ten years."))
        return cleaned

    def period(self, now: datetime) -> tuple[datetime, datetime]:
        """Its first and last moment, in the site's time zone; the last 30 days if it is not valid."""
        cleaned = self.cleaned_data if self.is_valid() else {}
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last and not cleaned.get("days"):
            zone = timezone.get_current_timezone()
            since = datetime.combine(first, datetime.min.time(), zone)
            return since, datetime.combine(last + timedelta(days=1), datetime.min.time(), zone)
        days = PERIODS.get(cleaned.get("days", ""), 30)
        midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight - timedelta(days=days - 1), now


@dataclass(frozen=True)
class OrderRow:
    """An order in the list. `stripe_url` is empty where there is no page of Stripe's."""

    order: Order
    titles: list[str]
    amount: str
    stripe_url: str


@desk_page(VIEW_ORDERS)
@require_safe
def sales(request: HttpRequest) -> HttpResponse:
    """Show what was sold in a period."""
    form = PeriodForm(request.GET or {"days": "30"})
    since, until = form.period(timezone.now())
    orders = list(paid_orders(mode=settings.STRIPE_MODE, since=since, until=until))
    by_month = until - since > timedelta(days=MONTHS_FROM_DAYS)
    visits = _visits(orders, since=since, until=until)
    period = {"days": request.GET.get("days", "30" if not request.GET else "")}
    period |= {name: request.GET.get(name, "") for name in ("first", "last")}
    context = {
        "form": form,
        "since": since,
        "until": until,
        "report": report(orders, by_month=by_month, since=since, until=until),
        "visits": visit_report(visits, by_month=by_month, since=since, until=until),
        "by_month": by_month,
        "orders": [_row(order) for order in orders[:ORDERS_SHOWN]],
        "more": max(len(orders) - ORDERS_SHOWN, 0),
        "mode": settings.STRIPE_MODE,
        "csv_query": urlencode(period),
    }
    return render(request, "studio/sales.html", context)


@desk_page(VIEW_ORDERS)
@require_safe
def sales_file(request: HttpRequest) -> HttpResponse:
    """Download the orders and refunds of a period as CSV."""
    form = PeriodForm(request.GET)
    since, until = form.period(timezone.now())
    orders = list(paid_orders(mode=settings.STRIPE_MODE, since=since, until=until))
    return _download("sales", sales_csv(orders), since, until)


@desk_page(VIEW_ORDERS)
@require_safe
def visits_file(request: HttpRequest) -> HttpResponse:
    """Download the page views, sample answers and purchases of a period as CSV."""
    since, until = PeriodForm(request.GET).period(timezone.now())
    orders = list(paid_orders(mode=settings.STRIPE_MODE, since=since, until=until))
    visits = _visits(orders, since=since, until=until)
    return _download("visits", visits_csv(visits), since, until)


def _visits(orders: Sequence[Order], *, since: datetime, until: datetime) -> list[DayOfBank]:
    """The visits of a period. This process's latest are among them if they can be stored now."""
    with suppress(DatabaseError):
        store_visits()
    return visits_by_day(orders, since=since, until=until)


def _download(kind: str, content: str, since: datetime, until: datetime) -> HttpResponse:
    last = until - timedelta.resolution
    name = f"{kind}-{since:%Y-%m-%d}-{last:%Y-%m-%d}-{settings.STRIPE_MODE}.csv"
    return HttpResponse(
        content,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _row(order: Order) -> OrderRow:
    test = "test/" if order.mode == Order.Mode.TEST else ""
    has_page = order.payment_intent_id and order.mode != Order.Mode.SANDBOX
    return OrderRow(
        order=order,
        titles=[line.title for line in order.lines.all()],
        amount=format_price(paid_minor(order), order.paid_currency or order.currency),
        stripe_url=f"{STRIPE}/{test}payments/{order.payment_intent_id}" if has_page else "",
    )
