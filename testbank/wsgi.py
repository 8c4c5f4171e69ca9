"""The WSGI application for a production server."""

import os
import sys

from testbank.pasted_lines import stop_at_pasted_lines

# gunicorn starts a dead worker again for ever, unless it ended with this code.
BOOT_ERROR = 3

# Before anything that a pasted line may stop.
stop_at_pasted_lines(os.environ, exit_code=BOOT_ERROR)

from django.conf import settings
from django.core.cache import close_caches
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, reset_queries
from django.utils import timezone

from testbank.environment import SettingError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "testbank.settings")

try:
    site = get_wsgi_application()
except SettingError as error:
    sys.stderr.write(f"The site cannot start.\n{error}\n")
    raise SystemExit(BOOT_ERROR) from None

# These need the settings.
from testbank.machines import machines_first
from testbank.processes import WEB, note_process

if not settings.DEBUG:
    # Connections are looked after when a request begins; nobody reads a list of statements, and
    # no cache of this site (the database, this process's memory) has a connection of its own.
    request_finished.disconnect(close_old_connections)
    request_finished.disconnect(close_caches)
    request_started.disconnect(reset_queries)
application = machines_first(site, names=["payments:webhook"])
note_process(WEB, at=timezone.now())
