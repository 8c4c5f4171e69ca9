"""The shop's settings, with a watch on commits and mails in a folder."""

import os
from pathlib import Path

from testbank.settings import *  # noqa: F403 - all of them, but for what stands below
from testbank.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "testing.crashing.apps.CrashingConfig"]
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = Path(os.environ["CRASHING"]) / "mails"
