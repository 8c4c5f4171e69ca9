"""HTTP responses and look-ups that the views and the admin of several apps share."""

from typing import TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import Http404, HttpResponseRedirect

Row = TypeVar("Row", bound=Model)


class SeeOther(HttpResponseRedirect):
    """303 See Other: the browser follows with GET, so that reloading sends no form again."""

    status_code = 303


def find_row(rows: QuerySet[Row], key: object) -> Row | None:
    """Return the row with a key from an address; None also if it can be no key of the table.

    The admin's addresses take any text as the key of an object.
    """
    try:
        return rows.filter(pk=key).first()
    except (ValueError, ValidationError):
        return None


def row_or_404(rows: QuerySet[Row], key: object) -> Row:
    """Return the row with a key from an address. Raises: Http404."""
    row = find_row(rows, key)
    if row is None:
        raise Http404
    return row
