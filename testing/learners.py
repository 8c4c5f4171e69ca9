"""Learners who are signed in already, created through `manage.py shell` of a site under test.

Signing in through the pages hashes a password, which takes a quarter of a second each.
"""

import re

from testing.site import Site

CREATE_LEARNERS = """
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from accounts.models import User
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
LOAD_DEMO_BANKS = """
from demo.banks import load_demo_banks
load_demo_banks()
"""


def signed_in_learners(site: Site, count: int) -> list[str]:
    """Create learner0@example.org and so on; return the keys of their sessions."""
    created = site.manage("shell", stdin=CREATE_LEARNERS.format(count=count))
    sessions = re.findall(r"^session (\w+)", created.stdout, re.MULTILINE)
    assert len(sessions) == count, created.stderr
    return sessions


def load_demo_banks(site: Site) -> None:
    """Put the demo's banks on sale."""
    loaded = site.manage("shell", stdin=LOAD_DEMO_BANKS)
    assert loaded.returncode == 0, loaded.stderr
