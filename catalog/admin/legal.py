"""Legal pages in the admin."""

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import ModelAdmin

from catalog.models import LegalPage
from catalog.services.legal import forget_legal_pages, store_legal_page


@admin.register(LegalPage)
class LegalPageAdmin(ModelAdmin):
    """Legal notice, terms, privacy and refunds: each is linked in the footer once it exists."""

    list_display = ("kind", "updated_at")
    fields = ("kind", "text", "updated_at")
    readonly_fields = ("updated_at",)
    ordering = ("kind",)

    def save_model(self, _request: HttpRequest, obj: LegalPage, _form: Any, _change: bool) -> None:
        """Render the text before it is stored."""
        store_legal_page(obj, at=timezone.now())

    def delete_model(self, request: HttpRequest, obj: LegalPage) -> None:
        """Take the page's link out of the footer."""
        super().delete_model(request, obj)
        transaction.on_commit(forget_legal_pages)
