"""Validators of what sellers and learners type."""

import re

from django.core.exceptions import ValidationError
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

LINK = re.compile(r"://|\bwww\.|\S@\S", re.IGNORECASE)


def name_without_link(name: str) -> None:
    """Refuse a name that contains an address. Raises: ValidationError."""
    if LINK.search(name):
        raise ValidationError(_("Enter a name, not an email address or URL."))


def known_language(code: str) -> None:
    """Refuse anything but a language code. Raises: ValidationError."""
    try:
        get_language_info(code)
    except KeyError as error:
        raise ValidationError(
            _("“%(code)s” is not a valid language code. Enter a code such as en, de, or ar."),
            params={"code": code},
        ) from error
