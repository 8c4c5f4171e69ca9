"""The manual's recipes, each without it and with it, and what the often advised lines do.

The lines are read from docs/network.md and run as they stand there.
"""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from requests.utils import should_bypass_proxies

from e2e.manual import code_in, recipes, table
from e2e.proxied_site import PURCHASE, SESSION, ProxiedSite, running_proxied_site
from outbound.route import ProxyEnvironment, decide
from outbound.tests.curl import Curl, running_curl
from outbound.transport.ca_bundle import CABundleError
from outbound.transport.trust import system_store
from testbank import stripe_settings
from testbank.environment import Environment
from testing.mitmproxy import RunningInterceptor, running_mitmproxy
from testing.proxies import running_microsocks, running_squid
from testing.site import free_port

pytestmark = [pytest.mark.proof, pytest.mark.squid, pytest.mark.xdist_group("recipes")]

RECIPES = recipes()
REFUSED, UNTRUSTED = "NET-PROXY-403", "NET-TLS-UNTRUSTED"
# What the tables of advice say, and what it comes to.
NOTHING, WORKS, FAILS = "nothing", "works", "fails: "
WORDS_OF_CRON = {"HOME": "/srv/testbank", "LOGNAME": "testbank", "SHELL": "/bin/sh"}
ORDER = """
from payments.models import Order
print("outcome", Order.objects.get(session_id="{session}").status)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProxiedSite]:
    with running_proxied_site(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture(scope="module")
def opening_proxy(site: ProxiedSite) -> Iterator[RunningInterceptor]:
    """A proxy that opens TLS with a company's authority."""
    leads_to, trusts = site.sandbox.tls_port, site.sandbox.ca_path
    with running_mitmproxy(leads_to=leads_to, trusts=trusts) as proxy:
        yield proxy


@pytest.mark.parametrize("name", ["exempt", "exempt as in older guides", "direct"])
def test_line_in_env(site: ProxiedSite, name: str) -> None:
    variables = site.reported_environment()
    with site.env_file_with():
        assert site.purchase(variables) == REFUSED
    with site.env_file_with(RECIPES[name]):
        assert site.purchase(variables) == SESSION
        assert site.purchase(variables | {"no_proxy": "localhost"}) == SESSION


def test_direct_in_code(site: ProxiedSite) -> None:
    variables = site.reported_environment()
    module = site.folder / "campus_settings.py"
    module.write_text(RECIPES["direct in code"])
    with site.env_file_with():
        assert site.purchase(variables) == REFUSED
        chosen = {"DJANGO_SETTINGS_MODULE": module.stem}
        assert site.purchase(variables | chosen) == SESSION


def test_proxy_that_is_kept_is_shown_checked_and_tested(site: ProxiedSite) -> None:
    variables = site.reported_environment()
    recipe = site.localized(RECIPES["credentials"], proxy=site.allowing_proxy.url)
    assert recipe.strip() == f"STRIPE_PROXY={site.allowing_proxy.url_with_credentials}"
    with site.env_file_with():
        assert site.purchase(variables) == REFUSED
        examined = site.run("bash", "-c", RECIPES["test the path"], variables=variables)
        assert (examined.returncode, REFUSED in examined.stdout) == (1, True)
    with site.env_file_with(recipe):
        assert site.purchase(variables) == SESSION
        examined = site.run("bash", "-c", RECIPES["test the path"], variables=variables)
    assert examined.returncode == 0, examined.stdout + examined.stderr
    assert f"http://user:***@127.0.0.1:{site.allowing_proxy.port}" in examined.stdout
    assert "p%40ss" not in examined.stdout + examined.stderr
    with site.env_file_with(recipe.replace("p%40ss", "wrong")):
        examined = site.run("bash", "-c", RECIPES["test the path"], variables=variables)
    assert (examined.returncode, "NET-PROXY-407" in examined.stdout) == (1, True)


def on_port(script: str, port: int) -> str:
    return script.replace("manage.py runserver", f"manage.py runserver --noreload {port}")


@pytest.mark.parametrize("name", ["development", "shell"])
def test_lines_of_a_shell(site: ProxiedSite, name: str) -> None:
    port, variables = free_port(), site.reported_environment()
    script = on_port(RECIPES[name], port)
    without = "\n".join(line for line in script.splitlines() if "PROXY" not in line)
    with site.env_file_with():
        refused = site.purchase_in_web_server(without, port, variables)
        assert (refused.status, log_names(site, REFUSED)) == (503, True)
        passed = site.purchase_in_web_server(script, port, variables)
    assert (passed.status, "/c/pay/cs_" in passed.location) == (303, True)


def log_names(site: ProxiedSite, cause: str) -> bool:
    return f"cause={cause}" in (site.folder / "web.log").read_text()


def unit(site: ProxiedSite, name: str) -> tuple[dict[str, str], str]:
    """The variables that systemd gives to a unit of the manual, and the command it starts."""
    text = RECIPES[name]
    (file,) = re.findall(r"^EnvironmentFile=-?(.+)$", text, re.MULTILINE)
    assert file == "/etc/testbank/proxy.env"
    assert "WorkingDirectory=/srv/testbank\n" in text
    lines = site.localized(RECIPES["file for systemd"]).splitlines()
    for quoted in re.findall(r"^Environment=(.+)$", text, re.MULTILINE):
        lines += shlex.split(quoted)
    variables = dict(line.split("=", 1) for line in lines)
    (command,) = re.findall(r"^ExecStart=(.+)$", text, re.MULTILINE)
    return variables, site.localized(command)


def test_unit_of_systemd(site: ProxiedSite) -> None:
    port = free_port()
    variables, command = unit(site, "systemd")
    variables |= {"BIND": f"127.0.0.1:{port}", "PYTHONUNBUFFERED": "1"}
    exempt = {"NO_PROXY": variables.pop("NO_PROXY")}
    with site.env_file_with():
        refused = site.purchase_in_web_server(f"exec {command}", port, variables)
        assert (refused.status, log_names(site, REFUSED)) == (503, True)
        passed = site.purchase_in_web_server(f"exec {command}", port, variables | exempt)
    assert (passed.status, "/c/pay/cs_" in passed.location) == (303, True)


@pytest.fixture
def paid_session(site: ProxiedSite) -> str:
    """A session that was paid while nobody told the shop."""
    with site.env_file_with():
        made = site.run("python", "manage.py", "shell", variables={}, stdin=PURCHASE)
    found = re.search(r"^outcome session (\w+)$", made.stdout, re.MULTILINE)
    assert found, made.stderr
    site.sandbox.control.pay(found.group(1))
    return found.group(1)


def status_of(site: ProxiedSite, session: str) -> str:
    ask = ORDER.format(session=session)
    return site.outcome("python manage.py shell", {}, stdin=ask)


def test_worker(site: ProxiedSite, paid_session: str) -> None:
    variables, command = unit(site, "worker")
    exempt = {"NO_PROXY": variables.pop("NO_PROXY")}
    with site.env_file_with():
        worked = site.run(*shlex.split(command), "--once", variables=variables)
        assert f"reconciliation could not reach Stripe: {REFUSED}" in worked.stderr
        assert status_of(site, paid_session) == "open"
        site.run(*shlex.split(command), "--once", variables=variables | exempt)
        assert status_of(site, paid_session) == "paid"


def test_cron(site: ProxiedSite, paid_session: str) -> None:
    """Only `.env` is there for it, with the proxy and its exemption."""
    command = RECIPES["cron"].split(maxsplit=5)[5]
    bare = {name: site.localized(value) for name, value in WORDS_OF_CRON.items()}
    bare["PATH"] = "/usr/bin:/bin"

    def started_by_cron() -> int:
        given = [f"{name}={value}" for name, value in bare.items()]
        ran = site.run(
            "/usr/bin/env", "-i", *given, "/bin/sh", "-c", site.localized(command), variables={}
        )
        return ran.returncode

    proxy = site.localized(RECIPES["file for systemd"])
    with site.env_file_with(proxy):
        assert started_by_cron() == 2
        assert status_of(site, paid_session) == "open"
    with site.env_file_with(proxy + RECIPES["exempt"]):
        assert started_by_cron() == 0
        assert status_of(site, paid_session) == "paid"


def test_file_for_docker(site: ProxiedSite) -> None:
    """Docker gives each line to the process as it stands, quotes included."""
    lines = site.localized(RECIPES["file for docker"]).splitlines()
    variables = dict(line.split("=", 1) for line in lines)
    with site.env_file_with():
        assert site.purchase(variables | {"NO_PROXY": "localhost"}) == REFUSED
        assert site.purchase(variables) == SESSION
        quoted = {name: f'"{value}"' for name, value in variables.items()}
        assert site.purchase(quoted) == SESSION


def test_defaults_for_docker(site: ProxiedSite) -> None:
    """Docker gives both spellings of each to every new container."""
    chosen = json.loads(site.localized(RECIPES["defaults for docker"]))["proxies"]["default"]
    names = {"httpsProxy": "https_proxy", "noProxy": "no_proxy"}
    lower = {names[key]: value for key, value in chosen.items()}
    variables = lower | {name.upper(): value for name, value in lower.items()}
    with site.env_file_with():
        unexempt = {name: value for name, value in variables.items() if name.lower() != "no_proxy"}
        assert site.purchase(unexempt) == REFUSED
        assert site.purchase(variables) == SESSION


def test_companys_authority(site: ProxiedSite, opening_proxy: RunningInterceptor) -> None:
    bundle = site.folder / "company-ca.pem"
    bundle.write_bytes(opening_proxy.authority.read_bytes())
    variables = {"HTTPS_PROXY": opening_proxy.url}
    with site.env_file_with():
        assert site.purchase(variables) == UNTRUSTED
    with site.env_file_with(site.localized(RECIPES["company's CA"], ca_bundle=bundle)):
        assert site.purchase(variables) == SESSION


def test_systems_store() -> None:
    name, _equals, value = RECIPES["system's store"].strip().partition("=")
    settings = Environment(process={}, dotenv={name: value})
    try:
        store = system_store()
    except CABundleError:
        pytest.skip("this machine keeps no store of authorities")
    assert stripe_settings.ca_bundle(settings) == store


def test_password_is_encoded_and_written(site: ProxiedSite) -> None:
    proxy = site.allowing_proxy
    encoded = site.run("bash", "-c", RECIPES["encode"], variables={}, stdin=f"{proxy.password}\n")
    recipe = site.localized(RECIPES["password"], proxy=proxy.url)
    assert f":{encoded.stdout.strip()}@" in recipe
    with site.env_file_with(f"HTTPS_PROXY={proxy.url}\n"):
        assert site.purchase({}) == "NET-PROXY-407"
    with site.env_file_with(recipe):
        assert site.purchase({}) == SESSION


def test_relay(site: ProxiedSite) -> None:
    """A relay is an open proxy on this machine, whatever it speaks to the company's."""
    variables = site.reported_environment()
    with running_squid(leads_to=site.sandbox.tls_port) as relay:
        with site.env_file_with():
            assert site.purchase(variables) == REFUSED
        with site.env_file_with(site.localized(RECIPES["relay"], proxy=relay.url)):
            assert site.purchase(variables) == SESSION


def test_socks(site: ProxiedSite) -> None:
    """microsocks cannot be told where a name leads, so the name is looked up on this side."""
    variables = site.reported_environment()
    with running_microsocks(credentials=True) as proxy:
        recipe = site.localized(RECIPES["socks"], proxy=proxy.url)
        with site.env_file_with():
            assert site.purchase(variables) == REFUSED
        with site.env_file_with(recipe.replace("socks5h://", "socks5://")):
            assert site.purchase(variables) == SESSION


def test_rules_in_their_order() -> None:
    """Beside each rule stand all those below it, which it must win over."""
    stripe, https, everything = "https://api.stripe.com", "http://a:1", "http://b:1"
    below_4 = {"HTTPS_PROXY": https, "ALL_PROXY": everything}
    below_3 = below_4 | {"no_proxy": "*"}
    chosen = [
        decide(url, setting=setting, environment=ProxyEnvironment(process, {}))
        for url, setting, process in (
            (stripe, "direct", below_3),
            (stripe, "http://c:1", below_3),
            ("https://127.0.0.1", "environment", below_4),
            (stripe, "environment", below_3),
            (stripe, "environment", below_4),
            (stripe, "environment", {"ALL_PROXY": everything}),
            (stripe, "environment", {}),
        )
    ]
    proxies = [str(route.proxy) if route.proxy else "" for route in chosen]
    assert proxies == ["", "http://c:1", "", "", https, everything, ""]
    leads = ["through that proxy" if proxy else "directly" for proxy in proxies]
    assert [row[2].partition(",")[0] for row in table("rules")] == leads


def test_every_recipe_is_run() -> None:
    source = Path(__file__).read_text()
    assert [name for name in RECIPES if f'"{name}"' not in source] == []


def advised(name: str) -> list[object]:
    """A row of a table of advice: what the shell has, the line, and what both columns say."""
    rows: list[object] = []
    for what, alone, here, _instead in table(name):
        *shell, line = code_in(what)
        rows.append(pytest.param(shell, line, alone, here, id=what))
    return rows


def assert_comes_to(found: str, said: str, *, otherwise: str) -> None:
    if said.startswith(FAILS):
        assert found == said.removeprefix(FAILS).partition(",")[0]
        return
    assert said.startswith((NOTHING, WORKS)), said
    assert found == (otherwise if said.startswith(NOTHING) else SESSION)


@pytest.mark.parametrize(("shell", "line", "alone", "here"), advised("advice for code"))
def test_advice_for_code(
    site: ProxiedSite, shell: list[str], line: str, alone: str, here: str
) -> None:
    variables = site.reported_environment() | dict(each.split("=") for each in shell)
    with site.env_file_with():
        found = site.purchase_with_stripe_python(variables, code=line)
        assert_comes_to(found, alone, otherwise=REFUSED)
        assert_comes_to(site.purchase(variables, code=line), here, otherwise=REFUSED)


@pytest.mark.parametrize(("shell", "line", "alone", "here"), advised("advice for shells"))
def test_advice_for_shells(
    site: ProxiedSite, shell: list[str], line: str, alone: str, here: str
) -> None:
    assert shell == []
    variables = site.reported_environment()
    with site.env_file_with():
        found = site.purchase_with_stripe_python(variables, shell=line)
        assert_comes_to(found, alone, otherwise=REFUSED)
        assert_comes_to(site.purchase(variables, shell=line), here, otherwise=REFUSED)


@pytest.mark.parametrize("row", table("advice for certificates"), ids=lambda row: row[0])
def test_advice_for_certificates(
    site: ProxiedSite, opening_proxy: RunningInterceptor, row: list[str]
) -> None:
    what, alone, here, _instead = row
    bundle = site.folder / "company-ca.pem"
    bundle.write_bytes(opening_proxy.authority.read_bytes())
    (line,) = code_in(site.localized(what, ca_bundle=bundle))
    kind = "shell" if line.startswith("export ") else "code"
    variables = {"HTTPS_PROXY": opening_proxy.url}
    with site.env_file_with():
        found = site.purchase_with_stripe_python(variables, **{kind: line})
        assert_comes_to(found, alone, otherwise=UNTRUSTED)
        assert_comes_to(site.purchase(variables, **{kind: line}), here, otherwise=UNTRUSTED)


@pytest.fixture(scope="module")
def curl() -> Iterator[Curl]:
    with running_curl() as curl:
        yield curl


@pytest.mark.parametrize("row", table("entries of NO_PROXY"), ids=lambda row: row[0])
def test_entries_of_no_proxy(row: list[str], curl: Curl, monkeypatch: pytest.MonkeyPatch) -> None:
    url, (text,) = "https://api.stripe.com", code_in(row[0])
    monkeypatch.setenv("no_proxy", text)
    process = {"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": text}
    found = (
        decide(url, environment=ProxyEnvironment(process, {})).is_direct,
        curl.bypasses(url, {"no_proxy": text}),
        should_bypass_proxies(url, None),
    )
    assert ["directly" if bypassed else "proxy" for bypassed in found] == row[1:]
