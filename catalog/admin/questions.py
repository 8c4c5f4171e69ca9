"""Questions in their banks, in the admin."""

from typing import Any, cast

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from accounts.admin import ReadOnlyAdmin
from catalog.indexing.banks import reindex_bank
from catalog.models import BankQuestion
from questions.kinds import DIFFICULTIES, kind_name
from questions.models import QuestionVersion
from questions.rendering import excerpt


@admin.register(BankQuestion)
class BankQuestionAdmin(ReadOnlyAdmin):
    """Questions in their banks, with a preview as the learner sees each.

    Content comes by import; what may be changed here is whether it is a sample.
    """

    list_display = ("stem", "test_bank", "position", "kind", "domain", "is_sample", "is_asked")
    list_filter = (
        "test_bank",
        "is_sample",
        "is_asked",
        ("question__current__kind", admin.AllValuesFieldListFilter),
        ("question__current__difficulty", admin.AllValuesFieldListFilter),
    )
    list_select_related = ("test_bank", "question__current")
    search_fields = ("question__current__content", "question__current__domain")
    search_help_text = _("Words in the question, choices or explanation")
    ordering = ("test_bank__title", "position")
    list_per_page = 50
    fields = (
        "test_bank",
        "position",
        "is_sample",
        "is_asked",
        "stem",
        "kind",
        "domain",
        "difficulty",
        "version",
        "preview_link",
    )
    readonly_fields = tuple(name for name in fields if name != "is_sample")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whether it is a sample may be changed, nothing else."""
        return bool(ModelAdmin.has_change_permission(self, request, obj))

    def save_model(self, request: HttpRequest, obj: BankQuestion, form: Any, change: bool) -> None:
        """Count the bank's samples anew."""
        super().save_model(request, obj, form, change)
        reindex_bank(test_bank=obj.test_bank, at=timezone.now())

    @display(description=_("question"), ordering="position")
    def stem(self, place: BankQuestion) -> str:
        """The beginning of its text."""
        return excerpt(_version(place).item)

    @display(description=_("type"), ordering="question__current__kind")
    def kind(self, place: BankQuestion) -> str:
        """Single choice, …"""
        return kind_name(_version(place).kind)

    @display(description=_("domain"), ordering="question__current__domain")
    def domain(self, place: BankQuestion) -> str:
        """Its part of the exam's subject."""
        return _version(place).domain

    @display(description=_("difficulty"))
    def difficulty(self, place: BankQuestion) -> str:
        """Easy, medium, hard, or nothing."""
        return str(DIFFICULTIES.get(_version(place).difficulty, ""))

    @display(description=_("version"))
    def version(self, place: BankQuestion) -> int:
        """Counted from 1; answers keep the version they were given to."""
        return _version(place).number

    @display(description=_("preview"))
    def preview_link(self, place: BankQuestion) -> SafeString:
        """A link to the question as the learner sees it."""
        return format_html(
            '<a class="bo-link" href="{}">{}</a>',
            reverse("catalog:preview", args=[place.question.public_id]),
            _("Try it as a learner"),
        )


def _version(place: BankQuestion) -> QuestionVersion:
    return cast(QuestionVersion, place.question.current)
