"""Incidents in the admin."""

import re

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts.admin import ReadOnlyAdmin
from payments.models import Incident


@admin.register(Incident)
class IncidentAdmin(ReadOnlyAdmin):
    """Errors by the code that a buyer reads out: cause, route, stages and log line."""

    list_display = ("at", "code", "cause", "subject", "order")
    list_display_links = ("at", "code")
    list_filter = ("cause",)
    list_select_related = ("order",)
    search_fields = ("=code", "cause", "subject", "=order__id", "=order__number", "order__email")
    search_help_text = _("Code, cause, order, or email")
    ordering = ("-at", "-pk")
    date_hierarchy = "at"
    fields = ("code", "at", "cause", "subject", "order", "lines")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Incident], search_term: str
    ) -> tuple[QuerySet[Incident], bool]:
        """Ignore spaces around the code."""
        found: tuple[QuerySet[Incident], bool] = super().get_search_results(
            request, queryset, search_term.strip()
        )
        return found

    @display(description=_("log lines"))
    def lines(self, incident: Incident) -> SafeString:
        """Show the log line, one fact on each line."""
        facts = re.sub(r" (?=[a-z_]+=|Fix: )", "\n", incident.report)
        return format_html('<pre class="bo-pre">{}</pre>', facts)
