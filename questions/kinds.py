"""The names of the kinds and difficulties of questions, for people."""

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

NAMES = {
    "single_choice": _("Single choice"),
    "multiple_choice": _("Multiple choice"),
    "true_false": _("True or false"),
    "numeric": _("Numeric"),
    "short_answer": _("Short answer"),
    "matching": _("Matching"),
    "essay": _("Essay"),
    "passage": _("Passage"),
}

DIFFICULTIES = {"easy": _("Easy"), "middling": _("Medium"), "hard": _("Hard")}


def kind_name(kind: str) -> str:
    """Return the kind's name in the active language."""
    return str(NAMES.get(kind, gettext("Other")))
