"""Parts that the admin pages of this room share."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline

from payments.models import Order


class ShownInline(TabularInline):
    """Rows that belong to the page's row, shown only."""

    extra = 0
    can_delete = False
    tab = True

    def has_add_permission(self, *_args: Any) -> bool:
        """Never."""
        return False

    def has_change_permission(self, *_args: Any) -> bool:
        """Never."""
        return False


class ModeFilter(admin.SimpleListFilter):
    """One mode at a time, so that trials and money never stand in one list."""

    title = _("mode")
    parameter_name = "mode"
    field = "mode"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        """The three modes."""
        return list(Order.Mode.choices)

    @property
    def chosen(self) -> str:
        """The mode that is shown: that of the key in use, unless another is chosen."""
        mode: str = self.value() or settings.STRIPE_MODE
        return mode

    def choices(self, changelist: Any) -> Iterator[Any]:
        """The modes, without one for all of them."""
        for mode, title in self.lookup_choices:
            query = changelist.get_query_string({self.parameter_name: mode})
            yield {"selected": mode == self.chosen, "query_string": query, "display": title}

    def queryset(self, _request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Those of the mode."""
        return rows.filter(**{self.field: self.chosen})
