"""Fixtures of the catalog's tests."""

import pytest


@pytest.fixture
def uncached(settings):
    """Turns the page cache off, to count what a page itself costs."""
    settings.PAGE_CACHE_SECONDS = 0


@pytest.fixture
def commit(django_capture_on_commit_callbacks):
    """Runs a change as if its transaction were committed."""

    def commit(change):
        with django_capture_on_commit_callbacks(execute=True):
            return change()

    return commit
