"""Questions in their banks, in the admin."""

from typing import cast

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from accounts.admin import ReadOnlyAdmin
from catalog.http import SeeOther, row_or_404
from catalog.models import BankQuestion
from questions.kinds import DIFFICULTIES, kind_name
from questions.models import QuestionVersion
from questions.rendering import excerpt
from questions.text import plain_words


@admin.register(BankQuestion)
class BankQuestionAdmin(ReadOnlyAdmin):
    """Questions of all banks, to be searched, with a preview as the learner sees each.

    They are written, imported and edited in the studio.
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
    search_help_text = _("Words in the question")
    ordering = ("test_bank__title", "position")
    list_per_page = 50
    fields = (
        "test_bank",
        "position",
        "is_sample",
        "is_asked",
        "words",
        "kind",
        "domain",
        "difficulty",
        "version",
        "preview_link",
    )
    readonly_fields = fields
    actions_detail = ("edit",)

    @action(
        description=_("Edit in the studio"), url_path="studio", icon="edit", permissions=["view"]
    )
    def edit(self, _request: HttpRequest, object_id: int) -> HttpResponse:
        """To its editor."""
        places = BankQuestion.objects.select_related("test_bank", "question")
        place = row_or_404(places, object_id)
        address = [place.test_bank.slug, place.question.public_id]
        return SeeOther(reverse("studio:question", args=address))

    @display(description=_("question"), ordering="position")
    def stem(self, place: BankQuestion) -> str:
        """The beginning of its text."""
        return excerpt(_version(place).item)

    @display(description=_("question"))
    def words(self, place: BankQuestion) -> str:
        """All of its text."""
        return " ".join(plain_words(_version(place).item.stem.html).split())

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
