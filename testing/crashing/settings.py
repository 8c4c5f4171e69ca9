"""The shop's settings, on a backend that can be told to die, with mails in a folder."""

import os
from pathlib import Path

from testbank.settings import *  # noqa: F403 - all of them, but for what stands below
from testbank.settings import DATABASES

DATABASES["default"]["ENGINE"] = {
    "testbank.sqlite": "testing.crashing.sqlite",
    "testbank.postgresql": "testing.crashing.postgresql",
}[DATABASES["default"]["ENGINE"]]
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = Path(os.environ["CRASHING"]) / "mails"
