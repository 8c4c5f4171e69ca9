"""Parts that the admin pages of payments share."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline

from payments.models import Order

SHOWN_OF_ID = 20


class ShownInline(TabularInline):
    """A read-only inline."""

    extra = 0
    can_delete = False
    tab = True

    def has_add_permission(self, *_args: Any) -> bool:
        return False

    def has_change_permission(self, *_args: Any) -> bool:
        return False


class ModeFilter(admin.SimpleListFilter):
    """One mode at a time, so that tests and money are never in one list."""

    title = _("mode")
    parameter_name = "mode"
    field = "mode"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        return list(Order.Mode.choices)

    @property
    def chosen(self) -> str:
        """The mode that is shown: the API key's, unless another is chosen."""
        mode: str = self.value() or settings.STRIPE_MODE
        return mode

    def choices(self, changelist: Any) -> Iterator[Any]:
        """Yield the modes, without a choice for all of them."""
        for mode, title in self.lookup_choices:
            query = changelist.get_query_string({self.parameter_name: mode})
            yield {"selected": mode == self.chosen, "query_string": query, "display": title}

    def queryset(self, _request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.filter(**{self.field: self.chosen})


def indented_json(text: str) -> SafeString:
    """Return JSON indented, in a `<pre>`; other text unchanged."""
    with suppress(ValueError):
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    return format_html('<pre class="bo-pre">{}</pre>', text)


def shortened(stripe_id: str) -> str:
    """Return an ID of Stripe's, cut in the middle if it is long: `cs_test_a1…ZvkBsT`."""
    return stripe_id if len(stripe_id) <= SHOWN_OF_ID else f"{stripe_id[:10]}…{stripe_id[-6:]}"


def order_page(order: Order) -> str:
    """Return the URL of an order's page."""
    return reverse("admin:payments_order_change", args=[order.pk])
