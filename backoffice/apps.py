"""App configs: the back office, and its admin site as Django's default one."""

from django.apps import AppConfig, apps
from django.contrib.admin import apps as admin_apps
from django.db.models.signals import post_migrate


class BackofficeConfig(AppConfig):
    """The frame of the admin: site, theme, dashboard, groups. Models register in their own apps."""

    name = "backoffice"

    def ready(self) -> None:
        """Create the groups after each migration; only apps with models send the signal."""
        from backoffice.groups import create_default_groups  # noqa: PLC0415 - models are loaded only now

        post_migrate.connect(create_default_groups, sender=apps.get_app_config("accounts"))


class BackofficeAdminConfig(admin_apps.AdminConfig):
    """`django.contrib.admin` with our site as `admin.site`."""

    # Without this, Django would choose this class as the config of the app `backoffice`.
    default = False
    default_site = "backoffice.site.BackOffice"
