"""`gunicorn testbank.wsgi` as an alternative to `manage.py serve`."""

import pytest

from testbank.tests.test_server import asked, site_in
from testing.waiting import wait_until

pytestmark = pytest.mark.proof


def test_gunicorn_serves_the_site(tmp_path):
    site = site_in(tmp_path)
    with site.running("-m", "gunicorn", "testbank.wsgi"):
        wait_until(lambda: "Stripe: sandbox mode" in site.log(), seconds=60)
        assert asked(site.port) == (200, b"alive\n")
