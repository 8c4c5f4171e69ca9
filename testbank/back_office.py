"""Puts our admin site in the place of Django's."""

from django.contrib.admin.apps import AdminConfig


class BackOfficeConfig(AdminConfig):
    """See `testbank/admin_site.py`."""

    default_site = "testbank.admin_site.BackOffice"
