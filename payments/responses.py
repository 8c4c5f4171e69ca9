"""Answers that the views of this room share."""

from django.http import HttpResponseRedirect

SEE_OTHER = 303


class SeeOther(HttpResponseRedirect):
    """303: the browser fetches the next page with GET, whatever it sent before."""

    status_code = SEE_OTHER
