"""HTTP responses that the views and the admin share."""

from django.http import HttpResponseRedirect


class SeeOther(HttpResponseRedirect):
    """303: the browser requests the next page with GET, whatever method it used before."""

    status_code = 303
