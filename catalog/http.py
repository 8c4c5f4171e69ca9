"""HTTP responses that the views and the admin of several apps share."""

from django.http import HttpResponseRedirect


class SeeOther(HttpResponseRedirect):
    """303 See Other: the browser follows with GET, so that reloading sends no form again."""

    status_code = 303
