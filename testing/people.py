"""People who are signed in already, made through `manage.py shell` of a site under test."""

import re

from testing.site import Site

SCRIPT = """
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from accounts.models import User
from catalog.demo import load_demo_banks
load_demo_banks()
for number in range({count}):
    user = User(email=f"learner{{number}}@example.org")
    user.set_unusable_password()
    user.save()
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    print("session", session.session_key)
"""


def signed_in_learners(site: Site, count: int) -> list[str]:
    """Load the demo's banks, and make learners; the keys of their sessions.

    The learners are learner0@example.org and so on.
    """
    made = site.manage("shell", stdin=SCRIPT.format(count=count))
    sessions = re.findall(r"^session (\w+)", made.stdout, re.MULTILINE)
    assert len(sessions) == count, made.stderr
    return sessions
