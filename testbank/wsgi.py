"""The WSGI application, for `manage.py serve`, `runserver` and any other WSGI server."""

import os
import sys

from testbank.pasted_lines import stop_at_pasted_lines

# gunicorn starts a worker that failed again for ever, unless it ended with this code.
BOOT_ERROR = 3

# Before anything that a pasted line may stop.
stop_at_pasted_lines(os.environ, exit_code=BOOT_ERROR)

from django.core.wsgi import get_wsgi_application

from testbank.environment import SettingError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "testbank.settings")

try:
    application = get_wsgi_application()
except SettingError as error:
    sys.stderr.write(f"The site cannot start.\n{error}\n")
    raise SystemExit(BOOT_ERROR) from None

# These need the settings.
from django.conf import settings
from django.utils import timezone

from operations.maintenance import end_at_restart
from operations.processes import WEB, register_process
from operations.schema import NewerSchema, refuse_newer_schema
from testbank.database_limits import limit_statements
from testbank.security_settings import refuse_uncollected_static

limit_statements()

try:
    refuse_uncollected_static(settings.STATIC_ROOT, is_hashed=settings.HASHED_STATIC)
    refuse_newer_schema()
except (NewerSchema, SettingError) as error:
    sys.stderr.write(f"The site cannot start.\n{error}\n")
    raise SystemExit(BOOT_ERROR) from None
end_at_restart()
register_process(WEB, at=timezone.now())
