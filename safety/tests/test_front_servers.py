"""The limits count visitors, not the reverse proxy, behind the samples of `deploy/`."""

import json
import time
from http.client import HTTPConnection
from urllib.parse import urlencode

import pytest

from benchmarks.slow_clients import BODY, HEAD, idle, trickling
from safety.rate_limits import SIGN_IN_BY_ADDRESS
from testbank.tests.test_server import KEYS, asked, quick, served
from testing.front_servers import FRONT_SERVERS, SAMPLES, front_server
from testing.site import Site, new_site
from testing.waiting import wait_until

ADA, BEN = "127.0.0.2", "127.0.0.3"
TOO_MANY = "Too many failed sign-in attempts"

pytestmark = pytest.mark.slow


def sign_in(port, *, source):
    """Post a wrong password from an address of this machine; return the page."""
    connection = HTTPConnection("127.0.0.1", port, timeout=20, source_address=(source, 0))
    form = {"login": "ada@example.org", "password": "wrong", "csrfmiddlewaretoken": "x" * 32}
    headers = {
        "Host": "127.0.0.1",
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": f"testbank_csrf={'x' * 32}",
        "X-Forwarded-For": "198.51.100.1",
    }
    connection.request("POST", "/accounts/login/", urlencode(form), headers)
    page = connection.getresponse().read().decode()
    connection.close()
    return page


@pytest.mark.proof
@pytest.mark.parametrize("name", FRONT_SERVERS)
def test_failed_sign_ins_of_one_visitor_do_not_limit_another(tmp_path, name):
    trusted = {"TRUSTED_PROXIES": "127.0.0.1/32"}
    site = new_site(tmp_path, KEYS | trusted, {})
    site.write_env(ALLOWED_HOSTS="127.0.0.1,shop.example.org")
    with site.serving(), front_server(name, backend=site.port) as port:
        # The limit counts in fixed windows of five minutes; all sign-ins fall into one.
        wait_until(lambda: time.time() % SIGN_IN_BY_ADDRESS.period_seconds < 270, seconds=60)
        pages = [sign_in(port, source=ADA) for _time in range(6)]
        other = sign_in(port, source=BEN)
    assert [TOO_MANY in page for page in pages] == [False] * 5 + [True]
    assert TOO_MANY not in other


@pytest.mark.parametrize("name", FRONT_SERVERS)
def test_header_of_the_visitor_comes_before_that_of_the_front_server(name):
    with served(quick) as (backend, _process), front_server(name, backend=backend) as port:
        told = json.loads(asked(port, headers={"X-Forwarded-For": "198.51.100.1"})[1])
    *_forged, last = told["HTTP_X_FORWARDED_FOR"].replace(" ", "").split(",")
    assert (last, told["REMOTE_ADDR"]) == ("127.0.0.1", "127.0.0.1")


@pytest.mark.proof
@pytest.mark.parametrize("name", FRONT_SERVERS)
@pytest.mark.parametrize(
    "attack",
    [
        lambda site: trickling(site, start=HEAD, count=40),
        lambda site: trickling(site, start=BODY, count=40),
        lambda site: idle(site, count=300),
    ],
    ids=["heads", "bodies", "idle"],
)
def test_20_of_20_requests_are_answered_under_attack(tmp_path, name, attack):
    with (
        served(quick) as (backend, _process),
        front_server(name, backend=backend) as port,
        attack(Site(folder=tmp_path, port=port)),
    ):
        statuses = [asked(port, within_seconds=5)[0] for _request in range(20)]
    assert statuses == [200] * 20


def test_every_sample_limits_bodies_and_buffers_requests():
    words = {
        "nginx.conf": ("client_max_body_size 64m", "proxy_request_buffering on"),
        "haproxy.cfg": ("gt 67108864", "option http-buffer-request"),
        "Caddyfile": ("max_size 64MB", "Requests are buffered by the site"),
    }
    texts = {name: (SAMPLES / name).read_text() for name in words}
    assert {name: [word in texts[name] for word in words[name]] for name in words} == {
        name: [True, True] for name in words
    }
