"""The doctor with real proxies and the sandbox: its causes, and that its fixes work."""

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from operations.doctor import console
from operations.doctor.path import clock_check
from operations.doctor.report import Status
from outbound.transport import parse_resolve
from testing.faults import dropping_address, resolver_with, says
from testing.proxies import (
    banner_server,
    black_hole,
    raw_server,
    refusing_port,
    running_squid,
    running_tinyproxy,
)
from testing.sandbox import running_sandbox
from testing.site import ROOT, Site

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

KEY = "sk_test_51DoctorTestsDoctorTests"
PUBLIC_KEY = "pk_test_51DoctorTestsDoctorTests"
WEBHOOK_SECRET = "whsec_DoctorTestsDoctorTests"
PUT = "Add this line to .env ("


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    """One sandbox for all tests of this process, at the address of Stripe's name."""
    with running_sandbox(tmp_path_factory.mktemp("doctor"), secret_keys=(KEY,)) as running:
        yield running


@dataclass
class DoctorOutput:
    """The doctor's output and exit code."""

    text: str
    code: int

    @property
    def lines(self):
        return self.text.splitlines()

    @property
    def data(self):
        return json.loads(self.text)

    @property
    def checks(self):
        return {check["id"]: check for check in self.data["checks"]}

    @property
    def line_to_paste(self):
        """The line after the one that says where to put it; None where there is none."""
        for said, line in zip(self.lines, self.lines[1:], strict=False):
            if said.startswith(PUT):
                return line
        return None


@dataclass
class Shop:
    """The site's settings as the doctor sees them, and its `.env` in memory."""

    settings: Any
    dotenv: dict[str, str] = field(default_factory=dict)

    def lead_to(self, port):
        self.settings.STRIPE_RESOLVE = parse_resolve(f"api.stripe.com:443:127.0.0.1:{port}")

    def write(self, line):
        """Do as an operator does: put a line into `.env`, and start again."""
        name, _equals, value = line.partition("=")
        self.dotenv[name] = value
        self.settings.OUTBOUND_DOTENV = dict(self.dotenv)
        if name.startswith("STRIPE_"):
            setattr(self.settings, name, value)

    def doctor(self, *arguments, **options):
        printed = StringIO()
        code = 0
        try:
            call_command("doctor", *arguments, stdout=printed, **options)
        except SystemExit as ended:
            code = int(str(ended.code))
        output = DoctorOutput(printed.getvalue(), code)
        assert_no_secret_in(output.text)
        return output

    def json(self, *arguments):
        return self.doctor("--json", *arguments)


def assert_no_secret_in(text):
    for secret in (KEY, PUBLIC_KEY, WEBHOOK_SECRET, "p@ss:w/rd", "p%40ss%3Aw", "hunter2"):
        assert secret not in text


@pytest.fixture
def shop(settings, sandbox, monkeypatch, tmp_path):
    """A site with test keys whose calls to api.stripe.com go to the sandbox."""
    monkeypatch.setenv("HOME", str(tmp_path))
    settings.STRIPE_SECRET_KEY = KEY
    settings.STRIPE_PUBLIC_KEY = PUBLIC_KEY
    settings.STRIPE_MODE = "test"
    settings.STRIPE_WEBHOOK_SECRETS = [WEBHOOK_SECRET]
    settings.STRIPE_API_BASE = "https://api.stripe.com"
    settings.STRIPE_CA_BUNDLE = sandbox.ca_path
    settings.OUTBOUND_DOTENV = {}
    sandbox.control.clear_faults()
    sandbox.control.forget_requests()
    shop = Shop(settings)
    shop.lead_to(sandbox.tls_port)
    return shop


def test_doctor_of_working_connection(shop):
    output = shop.doctor()
    assert output.code == 0
    assert output.lines[-1] == (
        "Payments are working: api.stripe.com responds and accepts the key (4 warnings)."
    )
    assert output.line_to_paste is None


def test_doctor_makes_only_get_requests(shop, sandbox):
    shop.doctor()
    asked = {(entry["method"], entry["path"]) for entry in sandbox.control.requests()}
    assert asked == {("GET", "/v1/balance"), ("GET", "/v1/webhook_endpoints")}


def test_doctor_shows_time_of_each_stage(shop):
    checks = shop.json().checks
    reached = ["resolve", "connect", "tls", "sent", "answered"]
    assert [checks[f"path.{stage}"]["milliseconds"] >= 0 for stage in reached] == [True] * 5
    titles = [checks[f"path.{stage}"]["title"] for stage in reached]
    assert titles == ["Name lookup", "Connection", "TLS", "Request", "Response"]
    assert checks["path.tunnel"]["status"] == "skip"
    assert "Request-Id req_" in checks["path.answered"]["summary"]


def test_doctor_with_sandbox_on_loopback(settings, shop, sandbox, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    settings.STRIPE_API_BASE = sandbox.url
    settings.STRIPE_RESOLVE = ()
    output = shop.json()
    assert (output.code, output.data["cause"]) == (0, None)
    assert output.checks["path.tls"]["summary"] == "not used over http"


def test_doctor_with_refused_key(settings, shop):
    settings.STRIPE_SECRET_KEY = "sk_test_51AnotherKeyAnotherKey"
    output = shop.json()
    assert (output.code, output.data["cause"]["id"]) == (1, "API-401")
    assert output.data["fix"]["line"] == ""
    assert output.data["fix"]["example"] == "STRIPE_SECRET_KEY=sk_test_..."


def test_doctor_accepts_restricted_key_without_balance(settings, shop, sandbox):
    # The call without a key comes first and uses the first fault up.
    sandbox.control.fault("status", method="GET", path="/v1/balance", status=403, times=2)
    output = shop.json()
    assert (output.code, output.checks["key.accepted"]["status"]) == (0, "ok")


def test_doctor_with_key_without_permissions(shop, sandbox):
    sandbox.control.fault("status", method="GET", status=403, times=3)
    output = shop.json()
    assert (output.code, output.data["cause"]["id"]) == (1, "API-403")


def test_doctor_with_response_of_other_mode(settings, shop):
    settings.STRIPE_MODE = "live"
    output = shop.json()
    assert (output.code, output.data["cause"]["id"]) == (1, "API-MODE")


@pytest.mark.squid
def test_doctor_fixes_refusing_proxy(shop, monkeypatch):
    with running_squid("deny") as squid:
        for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, squid.url)
        monkeypatch.setenv("no_proxy", "localhost")
        output = shop.doctor()
        assert (output.code, output.line_to_paste) == (1, "NO_PROXY=.stripe.com")
        assert "Payments are not working: NET-PROXY-403" in output.lines
        shop.write(output.line_to_paste)
        assert shop.doctor().code == 0


@pytest.mark.squid
def test_doctor_appends_to_no_proxy(shop, monkeypatch):
    with running_squid("deny") as squid:
        monkeypatch.setenv("HTTPS_PROXY", squid.url)
        shop.write("NO_PROXY=localhost,.intranet.example")
        fix = shop.json().data["fix"]
    assert fix["line"] == "NO_PROXY=localhost,.intranet.example,.stripe.com"
    assert fix["tested"] is True


@pytest.mark.proof
@pytest.mark.squid
def test_doctor_shows_proxy_response(shop, monkeypatch):
    with running_squid("deny") as squid:
        monkeypatch.setenv("HTTPS_PROXY", squid.url)
        checks = shop.json().checks
    assert checks["path.tunnel"]["status"] == "fail"
    assert checks["path.tunnel"]["detail"].startswith("403 Forbidden; ERR_ACCESS_DENIED")
    assert "squid" in checks["path.tunnel"]["detail"]
    assert [checks[f"path.{stage}"]["summary"] for stage in ("tls", "sent", "answered")] == [
        "not reached"
    ] * 3


@pytest.mark.proof
@pytest.mark.squid
def test_doctor_fixes_proxy_in_stripe_proxy(shop):
    with running_squid("deny") as squid:
        shop.write(f"STRIPE_PROXY={squid.url}")
        output = shop.doctor()
        assert output.line_to_paste == "STRIPE_PROXY=direct"
        shop.write(output.line_to_paste)
        assert shop.doctor().code == 0


@pytest.mark.proof
@pytest.mark.squid
def test_doctor_says_if_setting_is_in_process(shop, monkeypatch):
    with running_squid("deny") as squid:
        monkeypatch.setenv("STRIPE_PROXY", squid.url)
        shop.settings.STRIPE_PROXY = squid.url
        output = shop.doctor()
    assert output.line_to_paste is None
    before = output.lines.index("STRIPE_PROXY=direct") - 1
    assert output.lines[before].startswith("STRIPE_PROXY is set in the environment")


@pytest.mark.proof
@pytest.mark.squid
def test_doctor_finds_proxy_if_direct_route_fails(shop, sandbox, monkeypatch):
    with running_squid(leads_to=sandbox.tls_port) as squid, refusing_port() as closed:
        monkeypatch.setenv("HTTPS_PROXY", squid.url)
        monkeypatch.setenv("NO_PROXY", ".stripe.com")
        shop.lead_to(closed)
        output = shop.doctor()
        assert "Payments are not working: NET-REFUSED" in output.lines
        assert output.line_to_paste == f"STRIPE_PROXY={squid.url}"
        shop.write(output.line_to_paste)
        assert shop.doctor().code == 0


@pytest.mark.proof
@pytest.mark.squid
def test_doctor_suggests_environment_setting(shop, sandbox, monkeypatch):
    with (
        running_squid("credentials", leads_to=sandbox.tls_port) as squid,
        refusing_port() as closed,
    ):
        monkeypatch.setenv("HTTPS_PROXY", squid.url_with_credentials)
        shop.write("STRIPE_PROXY=direct")
        shop.lead_to(closed)
        output = shop.doctor()
        assert output.line_to_paste == "STRIPE_PROXY=environment"
        shop.write(output.line_to_paste)
        assert shop.doctor().code == 0


@pytest.mark.proof
@pytest.mark.squid
@pytest.mark.parametrize("wrong", ["https", "socks5h"])
def test_doctor_finds_proxy_scheme(shop, sandbox, monkeypatch, wrong):
    with running_squid(leads_to=sandbox.tls_port) as squid:
        monkeypatch.setenv("HTTPS_PROXY", squid.url.replace("http", wrong))
        output = shop.doctor("--timeout=3")
        assert output.line_to_paste == f"STRIPE_PROXY={squid.url}"
        shop.write(output.line_to_paste)
        assert shop.doctor().code == 0


@pytest.mark.proof
@pytest.mark.squid
def test_doctor_finds_proxy_scheme_without_printing_password(shop, sandbox, monkeypatch):
    with running_squid("credentials", leads_to=sandbox.tls_port) as squid:
        monkeypatch.setenv("HTTPS_PROXY", squid.url_with_credentials.replace("http", "https"))
        fix = shop.json().data["fix"]
    assert (fix["line"], fix["tested"]) == ("", True)
    assert fix["instruction"] == (
        "Use http:// instead of https:// in the proxy's address (HTTPS_PROXY in the environment)."
    )


@pytest.mark.proof
@pytest.mark.squid
def test_doctor_says_what_to_copy_instead_of_password(shop, sandbox, monkeypatch):
    with (
        running_squid("credentials", leads_to=sandbox.tls_port) as squid,
        refusing_port() as closed,
    ):
        monkeypatch.setenv("HTTPS_PROXY", squid.url_with_credentials)
        monkeypatch.setenv("NO_PROXY", ".stripe.com")
        shop.lead_to(closed)
        fix = shop.json().data["fix"]
    assert (fix["line"], fix["tested"]) == ("", True)
    assert fix["instruction"].startswith("Copy the value of HTTPS_PROXY in the environment to")


@pytest.mark.proof
@pytest.mark.squid
def test_doctor_through_proxy_with_credentials(shop, sandbox):
    with running_squid("credentials", leads_to=sandbox.tls_port) as squid:
        shop.write(f"STRIPE_PROXY={squid.url_with_credentials}")
        output = shop.json()
    assert output.code == 0
    assert output.checks["path.tunnel"]["status"] == "ok"
    masked = f"http://user:***@127.0.0.1:{squid.port}"
    assert output.checks["settings.proxy"]["summary"] == f"{masked} (in .env)"


@pytest.mark.proof
@pytest.mark.squid
def test_doctor_with_proxy_that_requires_credentials(shop, monkeypatch):
    with running_squid("credentials") as squid, refusing_port() as closed:
        monkeypatch.setenv("HTTPS_PROXY", squid.url_for("user", "hunter2"))
        shop.lead_to(closed)
        output = shop.json()
    assert (output.code, output.data["cause"]["id"]) == (1, "NET-PROXY-407")
    assert output.data["fix"]["example"] == (f"STRIPE_PROXY=http://user:***@127.0.0.1:{squid.port}")
    assert "offers Basic" in output.checks["path.tunnel"]["detail"]


@pytest.mark.proof
@pytest.mark.tinyproxy
def test_doctor_without_working_route(shop, monkeypatch):
    with running_tinyproxy("deny") as proxy, refusing_port() as closed:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        shop.lead_to(closed)
        output = shop.json()
    assert output.data["cause"]["id"] == "NET-PROXY-403"
    assert output.data["fix"]["line"] == ""
    assert output.data["fix"]["instruction"] == (
        "No other route works. Ask your network administrator to allow HTTPS connections to "
        f"api.stripe.com:443 through the proxy 127.0.0.1:{proxy.port}, or to allow direct connections to api.stripe.com."
    )


def settings_that_fail_everywhere(closed):
    """Return proxy variables and STRIPE_PROXY values with which no route works."""
    proxy = f"http://127.0.0.1:{closed}"
    return [
        ({"HTTPS_PROXY": proxy}, "direct"),
        ({"HTTPS_PROXY": proxy}, "environment"),
        ({"HTTPS_PROXY": f"https://127.0.0.1:{closed}"}, "environment"),
        ({"ALL_PROXY": f"socks5h://127.0.0.1:{closed}", "NO_PROXY": ".stripe.com"}, "environment"),
        ({"HTTPS_PROXY": proxy}, f"socks5h://127.0.0.1:{closed}"),
    ]


@pytest.mark.parametrize("case", range(5))
def test_doctor_suggests_no_route_that_failed(shop, sandbox, monkeypatch, case):
    with refusing_port() as closed:
        shop.settings.STRIPE_RESOLVE = ()
        variables, setting = settings_that_fail_everywhere(closed)[case]
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        shop.settings.STRIPE_PROXY = setting
        with resolver_with({"api.stripe.com.": ("127.77.0.5",)}):
            data = shop.json("--timeout=2").data
    fix, advice = data["fix"], data["cause"]["advice"]
    assert (fix["line"], fix["example"], fix["tested"]) == ("", "", False)
    assert fix["instruction"].startswith("No other route works. ")
    assert "=" not in fix["instruction"] + advice


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\n\r\n<title>Guest Wi-Fi</title>",
        b"HTTP/1.1 511 Sign in\r\nContent-Length: 26\r\n\r\n<title>Guest Wi-Fi</title>",
    ],
)
def test_doctor_with_captive_portal(shop, monkeypatch, answer):
    with refusing_port() as closed, raw_server(says(answer)) as port:
        shop.lead_to(closed)
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        data = shop.json("--timeout=3").data
    assert data["cause"]["id"] == "NET-CAPTIVE"
    assert "titled “Guest Wi-Fi”" in data["cause"]["operator"]
    assert data["fix"]["instruction"] == (
        "No other route works. Sign in to the network, or ask your network administrator for access."
    )


@pytest.mark.proof
@pytest.mark.squid
def test_doctor_with_unresponsive_address(shop, sandbox, monkeypatch):
    names = {"proxy.example.": ("127.77.0.1", "127.0.0.1")}
    with (
        running_squid(leads_to=sandbox.tls_port) as squid,
        dropping_address("127.77.0.1", squid.port),
        resolver_with(names),
    ):
        monkeypatch.setenv("HTTPS_PROXY", f"http://proxy.example:{squid.port}")
        output = shop.json()
    check = output.checks["path.connect"]
    assert (output.code, check["status"]) == (0, "warn")
    assert check["summary"] == (
        f"127.77.0.1 port {squid.port}: no response, 127.0.0.1 port {squid.port}: connected"
    )
    assert "Each new connection takes 0.25 s longer" in check["detail"]
    assert "DNS records of proxy.example" in check["fix"]


@pytest.mark.proof
@pytest.mark.squid
def test_doctor_mentions_search_domain(shop, sandbox, monkeypatch):
    with (
        running_squid(leads_to=sandbox.tls_port) as squid,
        resolver_with({"proxy.tools": ("127.0.0.1",)}),
    ):
        monkeypatch.setenv("HTTPS_PROXY", f"http://proxy.tools:{squid.port}")
        check = shop.json().checks["path.resolve"]
    assert check["summary"] == "127.0.0.1 (found with this machine's search domains)"


def test_doctor_with_misspelled_setting(shop):
    shop.settings.MISSPELLED_SETTINGS = {"NOPROXY": "NO_PROXY"}
    check = shop.json("--offline").checks["environment.misspelled.NOPROXY"]
    assert (check["status"], check["fix"]) == ("warn", "Use NO_PROXY instead of NOPROXY.")


def test_doctor_with_undecodable_variable(shop, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://us\udce9r:hunter2@127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "caf\udce9.example")
    for output in (shop.doctor("--offline"), shop.json("--timeout=1")):
        assert output.text.encode("utf-8")


def test_doctor_with_dead_proxy(shop, monkeypatch):
    with refusing_port() as dead:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{dead}")
        output = shop.doctor()
    assert "Payments are not working: NET-PROXY-REFUSED" in output.lines
    assert output.line_to_paste == "NO_PROXY=.stripe.com"


def test_doctor_with_server_that_is_no_proxy(shop, monkeypatch):
    with banner_server() as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        output = shop.json()
    assert output.data["cause"]["id"] == "NET-PROXY-NOT-HTTP"


def test_doctor_with_invalid_proxy_address(shop, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://user:p@ss:w/rd@proxy.example:3128")
    output = shop.json()
    assert (output.code, output.data["cause"]["id"]) == (1, "NET-PROXY-ADDRESS")
    assert output.checks["path.connect"]["status"] == "skip"
    assert output.data["fix"]["line"] == "NO_PROXY=.stripe.com"


def test_doctor_tries_proxy_of_http_proxy(shop, monkeypatch):
    with refusing_port() as closed:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed}")
        checks = shop.json().checks
    assert checks["environment.process.HTTP_PROXY"]["summary"].endswith(
        "does not apply to https addresses"
    )
    assert checks["other.1"]["summary"].endswith("NET-PROXY-REFUSED")


def test_doctor_finds_ca_bundle_of_other_programs(settings, shop, monkeypatch):
    bundle = settings.STRIPE_CA_BUNDLE
    settings.STRIPE_CA_BUNDLE = None
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    output = shop.doctor()
    assert "Payments are not working: NET-TLS-UNTRUSTED" in output.lines
    assert output.line_to_paste == f"STRIPE_CA_BUNDLE={bundle}"


def test_doctor_with_unknown_authority(settings, shop):
    settings.STRIPE_CA_BUNDLE = None
    output = shop.json()
    assert output.data["cause"]["id"] == "NET-TLS-UNTRUSTED"
    assert output.data["fix"]["example"] == "STRIPE_CA_BUNDLE=/path/to/company-ca.pem"
    assert output.data["fix"]["tested"] is False
    assert "SHA-256" in output.checks["path.tls"]["detail"]


def test_doctor_with_invalid_ca_bundle(settings, shop, tmp_path):
    settings.STRIPE_CA_BUNDLE = tmp_path / "empty.pem"
    settings.STRIPE_CA_BUNDLE.write_text("no certificate")
    output = shop.json()
    assert (output.code, output.data["cause"]["id"]) == (1, "NET-CA-BUNDLE")


def test_doctor_with_dead_stripe_resolve(shop):
    with refusing_port() as closed:
        shop.lead_to(closed)
        output = shop.json()
    assert output.data["cause"]["id"] == "NET-REFUSED"
    assert output.data["fix"]["instruction"] == (
        f"STRIPE_RESOLVE maps api.stripe.com:443 to 127.0.0.1:{closed}. Remove this setting, or "
        "start the server that should respond at that address."
    )


def test_doctor_without_running_sandbox(settings, shop):
    with refusing_port() as closed:
        settings.STRIPE_API_BASE = f"http://127.0.0.1:{closed}"
        output = shop.json()
    assert output.data["fix"]["instruction"].startswith(
        f"Start the sandbox at http://127.0.0.1:{closed}"
    )


def test_doctor_with_unresponsive_proxy(shop, monkeypatch):
    with black_hole() as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        shop.lead_to(port)
        began_at = time.monotonic()
        output = shop.json("--timeout", "1")
    assert time.monotonic() - began_at < 15
    assert output.data["cause"]["id"] == "NET-PROXY-SILENT"


@pytest.mark.parametrize(
    ("seconds", "status", "code"), [(0, "ok", 0), (-120, "warn", 0), (400, "fail", 1)]
)
def test_doctor_checks_clock(seconds, status, code):
    check = clock_check(float(seconds))
    assert (check.status, check.cause is not None) == (status, bool(code))


@pytest.mark.parametrize(("seconds", "direction"), [(-400, "behind"), (400, "ahead of")])
@pytest.mark.parametrize("whose", ["Stripe's", "the responding server's"])
def test_doctor_says_whose_clock_differs(seconds, direction, whose):
    check = clock_check(float(seconds), whose=whose)
    assert check.summary == f"400 s {direction} {whose}"
    assert check.cause
    assert check.cause.operator == (
        f"This machine's clock is 400 s {direction} {whose}. Valid webhooks may be rejected, and old "
        "webhooks may be accepted."
    )


def test_doctor_offline_makes_no_call(shop, sandbox, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://user:hunter2@proxy.example:3128")
    output = shop.json("--offline")
    assert sandbox.control.requests() == []
    assert (output.code, output.data["offline"]) == (0, True)
    assert output.checks["environment.process.HTTPS_PROXY"]["summary"] == (
        "http://user:***@proxy.example:3128 (environment): determines the route"
    )
    assert output.checks["path.connect"]["summary"] == "not tested (--offline)"


def test_doctor_without_webhook_secret(settings, shop):
    settings.STRIPE_WEBHOOK_SECRETS = []
    check = shop.json("--offline").checks["settings.webhook_secret"]
    assert (check["status"], check["summary"]) == ("warn", "not set, so webhooks are rejected")


def test_doctor_offline_with_invalid_proxy_address(shop, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "ftp://proxy.example")
    assert shop.json("--offline").code == 1


def test_doctor_lists_proxy_variables_and_winner(shop, monkeypatch):
    shop.write("HTTPS_PROXY=http://dotenv.example:1")
    monkeypatch.setenv("https_proxy", "http://lower.example:1")
    monkeypatch.setenv("ALL_PROXY", "http://all.example:1")
    checks = shop.json("--offline").checks
    assert checks["environment.process.https_proxy"]["summary"].endswith("determines the route")
    for other in ("dotenv.HTTPS_PROXY", "process.ALL_PROXY"):
        assert checks[f"environment.{other}"]["summary"].endswith(
            "not used, because https_proxy in the environment takes precedence"
        )


def test_doctor_explains_each_no_proxy_entry(shop, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "localhost,*.stripe.com,api.stripe.com:x")
    checks = shop.json("--offline").checks
    entries = [checks[f"environment.no_proxy.{number}"] for number in (1, 2, 3)]
    assert [entry["status"] for entry in entries] == ["skip", "warn", "warn"]
    assert "use .stripe.com" in entries[1]["detail"]


def test_doctor_lists_unused_ca_variables(settings, shop, monkeypatch):
    bundle = settings.STRIPE_CA_BUNDLE
    settings.STRIPE_CA_BUNDLE = None
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    check = shop.json("--offline").checks["environment.process.SSL_CERT_FILE"]
    assert check["summary"] == f"{bundle} (environment): not used by this site"
    assert check["fix"] == f"STRIPE_CA_BUNDLE={bundle}"


def test_doctor_mentions_netrc_without_credentials(shop, tmp_path):
    (tmp_path / ".netrc").write_text("machine api.stripe.com login me password hunter2\n")
    check = shop.json("--offline").checks["environment.netrc"]
    assert "has an entry for api.stripe.com" in check["summary"]


def test_doctor_route_option_is_temporary(shop, monkeypatch):
    with refusing_port() as dead:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{dead}")
        output = shop.json("--route", "direct")
    assert (output.code, output.data["cause"]) == (0, None)
    assert output.data["fix"]["line"] == "STRIPE_PROXY=direct"
    assert output.checks["other.1"]["title"] == "as set"


def test_doctor_route_option_that_fails(shop):
    with refusing_port() as dead:
        output = shop.json("--route", f"http://127.0.0.1:{dead}")
    assert output.code == 1
    assert output.data["fix"]["instruction"].startswith("No change needed")


@pytest.mark.parametrize("route", ["ftp://proxy.example", "http://user:p@ss:w/rd@proxy", ""])
def test_doctor_rejects_invalid_route(shop, route):
    with pytest.raises(CommandError, match="--route must be") as refused:
        shop.doctor("--route", route)
    assert refused.value.returncode == 2
    assert_no_secret_in(str(refused.value))


@pytest.mark.parametrize("timeout", ["0", "99", "nan", "soon"])
def test_doctor_rejects_invalid_timeout(shop, timeout):
    with pytest.raises(CommandError, match=r"not a number of seconds from 0\.5 to 25"):
        shop.doctor("--timeout", timeout)


def test_doctor_json_format(shop):
    output = shop.json()
    assert output.data["schema_version"] == 1
    assert output.data.keys() == {
        "schema_version", "ok", "warnings", "api_base", "env_file", "offline", "cause", "fix", "curl", "checks",
    }  # fmt: skip
    assert output.data["checks"][0].keys() == {
        "id", "group", "title", "status", "summary", "detail", "fix", "milliseconds", "cause",
    }  # fmt: skip
    ids = [check["id"] for check in output.data["checks"]]
    assert len(ids) == len(set(ids))


def test_doctor_in_pipe_is_plain_and_aligned(shop):
    output = shop.doctor()
    assert "\x1b[" not in output.text
    timed = [line for line in output.lines if line.endswith(" ms")]
    assert len({len(line) for line in timed}) == 1
    assert "\n\n\n" not in output.text


def test_doctor_force_color(shop):
    assert "\x1b[" in shop.doctor("--offline", force_color=True).text


@pytest.fixture
def installation(tmp_path, sandbox):
    """An installation whose database cannot be opened."""
    site = Site(folder=tmp_path)
    broken = tmp_path / "broken.sqlite3"
    broken.write_bytes(os.urandom(512))
    site.write_env(
        DATABASE_URL=f"sqlite:///{broken}",
        SECRET_KEY="only-for-tests",
        STRIPE_PUBLIC_KEY=PUBLIC_KEY,
        STRIPE_SECRET_KEY=KEY,
        STRIPE_WEBHOOK_SECRET=WEBHOOK_SECRET,
        STRIPE_RESOLVE=f"api.stripe.com:443:127.0.0.1:{sandbox.tls_port}",
        STRIPE_CA_BUNDLE=str(sandbox.ca_path),
    )
    return site


def on_a_terminal(site, *arguments):
    """Return the doctor's output on a terminal, with escape sequences."""
    reading, writing = os.openpty()
    command = [sys.executable, "manage.py", "doctor", "--offline", *arguments]
    environment = site.environment() | {"TERM": "xterm-256color"}
    with os.fdopen(reading, "rb", buffering=0) as terminal:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=writing)
        os.close(writing)
        printed = b""
        # Linux ends a terminal that nobody writes to any more with an error.
        with suppress(OSError):
            while piece := terminal.read(65536):
                printed += piece
        assert process.wait() == 0
    return printed.decode()


def test_doctor_on_terminal_has_colors(installation):
    assert "\x1b[" in on_a_terminal(installation)


@pytest.mark.proof
def test_doctor_with_no_color_variable(installation):
    installation.process = {"NO_COLOR": "1"}
    assert "\x1b[" not in on_a_terminal(installation)


@pytest.mark.proof
def test_doctor_with_no_color_option(installation):
    assert "\x1b[" not in on_a_terminal(installation, "--no-color")


@pytest.mark.proof
def test_doctor_with_broken_database(installation):
    ended = installation.manage("doctor")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert_no_secret_in(ended.stdout)


def test_doctor_fixes_installation(installation):
    with ExitStack() as stack:
        dead = stack.enter_context(refusing_port())
        installation.process = {"ALL_PROXY": f"http://user:hunter2@127.0.0.1:{dead}"}
        ended = installation.manage("doctor")
        assert ended.returncode == 1
        assert_no_secret_in(ended.stdout + ended.stderr)
        line = DoctorOutput(ended.stdout, 1).line_to_paste
        with installation.env_file.open("a") as env_file:
            env_file.write(f"{line}\n")
        assert installation.manage("doctor").returncode == 0


@pytest.mark.proof
def test_doctor_usage_error_exit_code(installation):
    assert installation.manage("doctor", "--route", "ftp://x", "--offline").returncode == 2


@pytest.mark.proof
def test_doctor_on_ascii_terminal(installation):
    installation.process = {"PYTHONIOENCODING": "ascii"}
    ended = installation.manage("doctor", "--offline")
    assert (ended.returncode, ended.stdout.isascii()) == (0, True)


def test_plain_marks_cover_every_status():
    assert console.MARKS.keys() == console.PLAIN_MARKS.keys() == set(Status)
