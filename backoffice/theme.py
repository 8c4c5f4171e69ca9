"""Unfold's settings: the admin's theme, with the site's colors, and its menu."""

from typing import Any

from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

# The colors of static/css: light steps are the light scheme's, dark steps the dark scheme's.
BASE = {
    "50": "oklch(97.6% .009 88)",
    "100": "oklch(94.8% .013 88)",
    "200": "oklch(88% .016 84)",
    "300": "oklch(80% .018 88)",
    "400": "oklch(70% .022 268)",
    "500": "oklch(52% .032 268)",
    "600": "oklch(43% .038 268)",
    "700": "oklch(36% .03 268)",
    "800": "oklch(29% .028 268)",
    "900": "oklch(22.5% .024 268)",
    "950": "oklch(18.5% .02 268)",
}
PRIMARY = {
    "50": "oklch(96.5% .014 265)",
    "100": "oklch(94% .024 265)",
    "200": "oklch(88% .05 265)",
    "300": "oklch(82% .08 264)",
    "400": "oklch(74% .11 264)",
    "500": "oklch(58% .16 265)",
    "600": "oklch(43.5% .17 265)",
    "700": "oklch(38% .16 266)",
    "800": "oklch(34% .15 266)",
    "900": "oklch(29.5% .1 265)",
    "950": "oklch(24% .07 265)",
}
MODES = {
    "sandbox": (_("Local sandbox"), "info"),
    "test": (_("Stripe test mode"), "warning"),
    "live": (pgettext_lazy("payments", "Live"), "success"),
}


def unfold_settings(*, site_name: str, mode: str) -> dict[str, Any]:
    """Return the setting UNFOLD; `mode` is the Stripe key's."""
    return {
        "SITE_TITLE": site_name,
        "SITE_HEADER": site_name,
        "SITE_ICON": lambda _request: static("img/favicon.svg"),
        "STYLES": [lambda _request: static("css/back-office.css")],
        "SITE_FAVICONS": [
            {
                "rel": "icon",
                "type": "image/svg+xml",
                "href": lambda _request: static("img/favicon.svg"),
            }
        ],
        "BORDER_RADIUS": "6px",
        "COLORS": {"base": BASE, "primary": PRIMARY},
        "ENVIRONMENT": lambda _request: MODES[mode],
        "DASHBOARD_CALLBACK": "backoffice.dashboard.back_office_index",
        "SIDEBAR": {"show_search": False, "navigation": _menu()},
    }


def _menu() -> list[dict[str, Any]]:
    return [
        _group(
            _("Shop"),
            _entry(_("Test banks"), "library_books", "catalog", "testbank"),
            _entry(_("Questions"), "quiz", "catalog", "bankquestion"),
            _entry(_("Categories"), "shelves", "catalog", "category"),
            _entry(_("Reviews"), "reviews", "catalog", "review"),
            _entry(_("Legal pages"), "gavel", "catalog", "legalpage"),
        ),
        _group(
            _("Learners"),
            _entry(_("Access records"), "key", "catalog", "access"),
            _entry(_("People"), "group", "accounts", "user"),
            _entry(_("Security log"), "shield", "safety", "securityevent"),
        ),
        _group(
            _("Money"),
            {
                "title": _("Payment health"),
                "icon": "monitor_heart",
                "link": reverse_lazy("operations:payment_health"),
                "permission": lambda request: request.user.has_perm("payments.view_stripeevent"),
            },
            _entry(_("Orders"), "receipt_long", "payments", "order"),
            _entry(_("Refunds"), "undo", "payments", "refund"),
            _entry(_("Disputes"), "gavel", "payments", "dispute"),
            _entry(_("Incidents"), "emergency_home", "payments", "incident"),
            _entry(_("Stripe events"), "webhook", "payments", "stripeevent"),
        ),
    ]


def _group(title: Any, *entries: dict[str, Any]) -> dict[str, Any]:
    return {"title": title, "items": list(entries)}


def _entry(title: Any, icon: str, app_label: str, model: str) -> dict[str, Any]:
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app_label}_{model}_changelist"),
        "permission": lambda request: request.user.has_perm(f"{app_label}.view_{model}"),
    }
