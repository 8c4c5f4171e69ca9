"""Names that people write into pages: words, never addresses."""

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

LINK = re.compile(r"://|\bwww\.|\S@\S", re.IGNORECASE)


def name_without_link(name: str) -> None:
    """Refuse a name that leads elsewhere. Raises: ValidationError."""
    if LINK.search(name):
        raise ValidationError(_("Write the name alone, without an address."))
