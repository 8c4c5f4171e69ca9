"""The WSGI application of the bare site with the default middleware."""

import os

from django.core.wsgi import get_wsgi_application

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.bare.default_settings"
application = get_wsgi_application()
