import pytest
from django.test import modify_settings


@pytest.fixture(autouse=True, scope="package")
def demo_is_installed():
    """Install the app, as TESTBANK_DEMO=1 does, for its commands and templates."""
    with modify_settings(INSTALLED_APPS={"append": "demo"}):
        yield
