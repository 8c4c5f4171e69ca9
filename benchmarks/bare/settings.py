"""The bare site's settings: the shop's database, and as little else as Django starts with."""

from typing import Any

from testbank import settings as shop

SECRET_KEY = shop.SECRET_KEY
# The write lock of SQLite reads these two.
SERVER_THREADS = shop.SERVER_THREADS
DATABASE_LOCK_TIMEOUT = shop.DATABASE_LOCK_TIMEOUT
DATABASES: dict[str, dict[str, Any]] = {
    # A connection that is kept is the least; the shop is held against that, whatever it does.
    "default": {**shop.DATABASES["default"], "CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": False}
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = ["benchmarks.bare"]
MIDDLEWARE: list[str] = []
ROOT_URLCONF = "benchmarks.bare.urls"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
USE_TZ = True
STRIPE_WEBHOOK_SECRETS = ["whsec_tests"]
