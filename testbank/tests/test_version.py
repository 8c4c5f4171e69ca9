"""Pages, the doctor and metrics say which version runs."""

import pytest

from operations.doctor.configuration import settings_checks
from operations.doctor.setup import Setup
from testbank import __version__

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/", "/banks/", "/accounts/login/"])
def test_page_names_the_version(client, path):
    page = client.get(path).content.decode()
    assert f'<meta name="generator" content="Testbank {__version__}">' in page


def test_doctor_names_the_version(client):
    checks = settings_checks(Setup.of_site(route_override=None, seconds=1))
    (summary,) = [check.summary for check in checks if check.id == "settings.version"]
    assert summary.startswith(f"{__version__}, Django ")


def test_metrics_name_the_version(client, settings):
    settings.METRICS_TOKEN = "a-long-token"
    shown = client.get("/metrics", headers={"Authorization": "Bearer a-long-token"})
    assert f'version="{__version__}"' in shown.content.decode()
