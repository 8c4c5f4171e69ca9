"""The site's settings, with instrumented commits, and mails written to a folder."""

import os
from pathlib import Path

from testbank.settings import *  # noqa: F403 - extended below
from testbank.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "testing.crashing.apps.CrashingConfig"]
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = Path(os.environ["CRASHING"]) / "mails"
