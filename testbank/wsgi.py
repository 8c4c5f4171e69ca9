"""The WSGI application, for `manage.py serve`, `runserver` and any other WSGI server."""

import os
import sys

from django.core.wsgi import get_wsgi_application

from testbank.environment import SettingError

# gunicorn starts a worker that failed again for ever, unless it ended with this code.
BOOT_ERROR = 3

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "testbank.settings")

try:
    application = get_wsgi_application()
except SettingError as error:
    sys.stderr.write(f"The site cannot start.\n{error}\n")
    raise SystemExit(BOOT_ERROR) from None

from django.utils import timezone  # noqa: E402 - needs the settings

from operations.processes import WEB, note_process  # noqa: E402 - as above

note_process(WEB, at=timezone.now())
