"""The pages that the law asks for, in the seller's words."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class LegalPage(models.Model):
    """One of the site's legal pages, written in Markdown.

    `html` is rendered and sanitized when the text is stored (`catalog.services.legal`).
    """

    class Kind(models.TextChoices):
        IMPRINT = "imprint", _("Legal notice")
        TERMS = "terms", _("Terms")
        PRIVACY = "privacy", _("Privacy")
        REFUNDS = "refunds", _("Refunds")

    kind = models.CharField(_("page"), max_length=10, choices=Kind.choices, unique=True)
    text = models.TextField(_("text"), help_text=_("In Markdown."))
    html = models.TextField(editable=False)
    updated_at = models.DateTimeField(_("last changed"), editable=False)

    class Meta:
        verbose_name = _("legal page")
        verbose_name_plural = _("legal pages")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=["imprint", "terms", "privacy", "refunds"]),
                name="catalog_legal_page_kind_known",
            )
        ]

    def __str__(self) -> str:
        return str(self.get_kind_display())
