"""The site's settings in a version to come, which has two more migrations."""

from testbank.settings import *  # noqa: F403 - extended below

MIGRATION_MODULES = {"outbox": "testing.drills.next_version"}
