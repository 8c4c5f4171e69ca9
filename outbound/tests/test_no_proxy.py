"""NO_PROXY as people write it, compared with how curl and requests read it.

The two are asked themselves: the table does not stand on anybody's memory of them.
"""

import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.utils import should_bypass_proxies

from outbound.route import ProxyEnvironment, decide, judge, read_entries
from outbound.route.no_proxy import Target
from outbound.tests.curl import Curl, running_curl

STRIPE = "https://api.stripe.com"
PROXY = "http://proxy.example:3128"
BYPASSED, PROXIED = True, False
# Who decides differently than we do: measured with curl 7.88.1 and requests 2.34.2.
NOBODY: frozenset[str] = frozenset()
REQUESTS, CURL, BOTH = frozenset({"requests"}), frozenset({"curl"}), frozenset({"requests", "curl"})

CASES = [
    ("", STRIPE, PROXIED, NOBODY),
    ("api.stripe.com", STRIPE, BYPASSED, NOBODY),
    ("stripe.com", STRIPE, BYPASSED, NOBODY),
    (".stripe.com", STRIPE, BYPASSED, NOBODY),
    ("*.stripe.com", STRIPE, BYPASSED, BOTH),
    ("*", STRIPE, BYPASSED, NOBODY),
    ("com", STRIPE, BYPASSED, NOBODY),
    (".com", STRIPE, BYPASSED, NOBODY),
    ("*.com", STRIPE, BYPASSED, BOTH),
    ("API.Stripe.COM", STRIPE, BYPASSED, NOBODY),
    (".STRIPE.com", STRIPE, BYPASSED, NOBODY),
    ("*.Stripe.com", STRIPE, BYPASSED, BOTH),
    ("*stripe.com", STRIPE, BYPASSED, BOTH),
    ("tripe.com", STRIPE, PROXIED, NOBODY),
    ("pi.stripe.com", STRIPE, PROXIED, NOBODY),
    ("*.pi.stripe.com", STRIPE, PROXIED, NOBODY),
    ("*pi.stripe.com", STRIPE, PROXIED, NOBODY),
    ("checkout.stripe.com", STRIPE, PROXIED, NOBODY),
    ("api.stripe.com.evil.example", STRIPE, PROXIED, NOBODY),
    ("stripe.com", "https://notstripe.com", PROXIED, NOBODY),
    ("*.stripe.com", "https://notstripe.com", PROXIED, NOBODY),
    (".stripe.com", "https://notstripe.com", PROXIED, NOBODY),
    ("stripe.com", "https://stripe.com", BYPASSED, NOBODY),
    (".stripe.com", "https://stripe.com", BYPASSED, NOBODY),
    ("*.stripe.com", "https://stripe.com", PROXIED, NOBODY),
    ("*.stripe.com", "https://a.b.stripe.com", BYPASSED, BOTH),
    (".stripe.com", "https://a.b.stripe.com", BYPASSED, NOBODY),
    ("api.stripe.com.", STRIPE, BYPASSED, REQUESTS),
    (".stripe.com.", STRIPE, BYPASSED, REQUESTS),
    ("stripe.com.", STRIPE, BYPASSED, REQUESTS),
    ("api.stripe.com", "https://API.STRIPE.COM", BYPASSED, NOBODY),
    ("api.stripe.com:443", STRIPE, BYPASSED, BOTH),
    ("api.stripe.com:443", "https://api.stripe.com:443", BYPASSED, CURL),
    ("api.stripe.com:8443", STRIPE, PROXIED, NOBODY),
    ("api.stripe.com:8443", "https://api.stripe.com:8443", BYPASSED, CURL),
    ("stripe.com:443", STRIPE, BYPASSED, BOTH),
    (".stripe.com:443", STRIPE, BYPASSED, BOTH),
    ("*.stripe.com:443", STRIPE, BYPASSED, BOTH),
    ("*:443", STRIPE, BYPASSED, BOTH),
    ("api.stripe.com:", STRIPE, BYPASSED, BOTH),
    (".stripe.com:", STRIPE, BYPASSED, BOTH),
    ("api.stripe.com:https", STRIPE, PROXIED, NOBODY),
    ("api.stripe.com:80", "http://api.stripe.com", BYPASSED, BOTH),
    ("localhost,api.stripe.com", STRIPE, BYPASSED, NOBODY),
    ("localhost, api.stripe.com", STRIPE, BYPASSED, NOBODY),
    (" api.stripe.com ", STRIPE, BYPASSED, NOBODY),
    ("localhost , .stripe.com , x", STRIPE, BYPASSED, NOBODY),
    ("localhost api.stripe.com", STRIPE, BYPASSED, REQUESTS),
    ("localhost  .stripe.com", STRIPE, BYPASSED, REQUESTS),
    ("localhost\tapi.stripe.com", STRIPE, BYPASSED, REQUESTS),
    ("localhost;api.stripe.com", STRIPE, BYPASSED, BOTH),
    ("localhost;.stripe.com", STRIPE, BYPASSED, BOTH),
    ("localhost|api.stripe.com", STRIPE, BYPASSED, BOTH),
    ("localhost，.stripe.com", STRIPE, BYPASSED, BOTH),
    ("api.stripe.com/", STRIPE, BYPASSED, BOTH),
    ("api.stripe.com/v1/balance", STRIPE, BYPASSED, BOTH),
    (".stripe.com/", STRIPE, BYPASSED, BOTH),
    ("api.stripe.com:443/v1", STRIPE, BYPASSED, BOTH),
    ("192.0.2.7/", "https://192.0.2.7", BYPASSED, REQUESTS),
    ("user@api.stripe.com", STRIPE, BYPASSED, BOTH),
    ("user:secret@api.stripe.com", STRIPE, BYPASSED, BOTH),
    ("https://user:secret@api.stripe.com/", STRIPE, BYPASSED, BOTH),
    ("“api.stripe.com”", STRIPE, BYPASSED, BOTH),
    ("‘.stripe.com’", STRIPE, BYPASSED, BOTH),
    ("„localhost,.stripe.com“", STRIPE, BYPASSED, BOTH),
    ("«.stripe.com»", STRIPE, BYPASSED, BOTH),
    ("\u200b.stripe.com", STRIPE, BYPASSED, BOTH),
    ("\ufeffapi.stripe.com", STRIPE, BYPASSED, BOTH),
    ("export NO_PROXY=.stripe.com", STRIPE, BYPASSED, BOTH),
    ("export no_proxy=.stripe.com,localhost", STRIPE, BYPASSED, BOTH),
    ("NO_PROXY='localhost,.stripe.com'", STRIPE, BYPASSED, BOTH),
    ("set NO_PROXY=.stripe.com", STRIPE, BYPASSED, BOTH),
    ("api.stripe.com\n", STRIPE, BYPASSED, CURL),
    ("localhost\napi.stripe.com", STRIPE, BYPASSED, BOTH),
    ("localhost,\napi.stripe.com", STRIPE, BYPASSED, CURL),
    ("api.stripe.com\r\n", STRIPE, BYPASSED, CURL),
    (",,api.stripe.com,,", STRIPE, BYPASSED, NOBODY),
    (",", STRIPE, PROXIED, NOBODY),
    (" , ,", STRIPE, PROXIED, NOBODY),
    ("localhost,", STRIPE, PROXIED, NOBODY),
    (",*", STRIPE, BYPASSED, BOTH),
    ("localhost,*", STRIPE, BYPASSED, BOTH),
    ("*,localhost", STRIPE, BYPASSED, BOTH),
    ("localhost *", STRIPE, BYPASSED, BOTH),
    ("**", STRIPE, PROXIED, NOBODY),
    ("*.*", STRIPE, PROXIED, NOBODY),
    ("*.", STRIPE, PROXIED, NOBODY),
    (".", STRIPE, PROXIED, NOBODY),
    ("..stripe.com", STRIPE, BYPASSED, CURL),
    ("api.*.com", STRIPE, PROXIED, NOBODY),
    ("api.*", STRIPE, PROXIED, NOBODY),
    ("?pi.stripe.com", STRIPE, PROXIED, NOBODY),
    ('"api.stripe.com"', STRIPE, BYPASSED, BOTH),
    ("'api.stripe.com'", STRIPE, BYPASSED, BOTH),
    ('"localhost,.stripe.com"', STRIPE, BYPASSED, BOTH),
    ('"*"', STRIPE, BYPASSED, BOTH),
    ('".stripe.com', STRIPE, BYPASSED, BOTH),
    ("https://api.stripe.com", STRIPE, BYPASSED, BOTH),
    ("https://api.stripe.com/", STRIPE, BYPASSED, BOTH),
    ("http://api.stripe.com", STRIPE, BYPASSED, BOTH),
    ("https://stripe.com/v1", STRIPE, BYPASSED, BOTH),
    ("//api.stripe.com", STRIPE, PROXIED, NOBODY),
    ("192.0.2.7", "https://192.0.2.7", BYPASSED, NOBODY),
    ("192.0.2.8", "https://192.0.2.7", PROXIED, NOBODY),
    ("192.0.2.0/24", "https://192.0.2.7", BYPASSED, NOBODY),
    ("192.0.3.0/24", "https://192.0.2.7", PROXIED, NOBODY),
    ("192.0.2.7/24", "https://192.0.2.7", BYPASSED, NOBODY),
    ("192.0.2.7/32", "https://192.0.2.7", BYPASSED, NOBODY),
    ("192.0.2.0/255.255.255.0", "https://192.0.2.7", BYPASSED, BOTH),
    ("0.0.0.0/0", "https://192.0.2.7", BYPASSED, BOTH),
    ("0.0.0.0/0", STRIPE, PROXIED, NOBODY),
    ("192.0.2.7:443", "https://192.0.2.7", BYPASSED, BOTH),
    ("192.0.2.", "https://192.0.2.7", PROXIED, NOBODY),
    ("192.0.2.*", "https://192.0.2.7", PROXIED, NOBODY),
    ("2.7", "https://192.0.2.7", PROXIED, REQUESTS),
    (".2.7", "https://192.0.2.7", PROXIED, REQUESTS),
    ("192.0.2.0/33", "https://192.0.2.7", PROXIED, NOBODY),
    ("192.0.2.0/", "https://192.0.2.7", PROXIED, NOBODY),
    ("2001:db8::7", "https://[2001:db8::7]", BYPASSED, NOBODY),
    ("[2001:db8::7]", "https://[2001:db8::7]", BYPASSED, BOTH),
    ("2001:0db8:0::0007", "https://[2001:db8::7]", BYPASSED, BOTH),
    ("2001:DB8::7", "https://[2001:db8::7]", BYPASSED, NOBODY),
    ("[2001:db8::7]:443", "https://[2001:db8::7]", BYPASSED, BOTH),
    ("[2001:db8::7]:444", "https://[2001:db8::7]", PROXIED, NOBODY),
    ("2001:db8::/32", "https://[2001:db8::7]", BYPASSED, BOTH),
    ("[2001:db8::]/32", "https://[2001:db8::7]", BYPASSED, BOTH),
    ("fd00::/8", "https://[2001:db8::7]", PROXIED, NOBODY),
    ("fd00::/8,api.stripe.com", STRIPE, BYPASSED, NOBODY),
    ("::ffff:192.0.2.7", "https://192.0.2.7", BYPASSED, BOTH),
    ("münchen.example", "https://xn--mnchen-3ya.example", BYPASSED, BOTH),
    ("*:80", STRIPE, PROXIED, NOBODY),
    ("*:x", STRIPE, PROXIED, NOBODY),
    ("my_host.example", "https://my_host.example", BYPASSED, NOBODY),
    ("-stripe.com", STRIPE, PROXIED, NOBODY),
    ("stripe.com-", STRIPE, PROXIED, NOBODY),
    ("localhost,127.0.0.1,::1", STRIPE, PROXIED, NOBODY),
    ("localhost,127.0.0.1,.stripe.com,10.0.0.0/8", STRIPE, BYPASSED, NOBODY),
    ("api.stripe.com,*.stripe.com", STRIPE, BYPASSED, NOBODY),
    ("api.stripe.com,*.stripe.com", "https://files.stripe.com", BYPASSED, BOTH),
    ("192.0.2.0/24x", "https://192.0.2.7", PROXIED, CURL),
    ("localhost,\t192.0.2.0/24", "https://192.0.2.7", BYPASSED, REQUESTS),
    ("." * 290 + "stripe.com" + "x" * 20, STRIPE, PROXIED, NOBODY),
]
# Both spellings in one process: what stands in no_proxy, and what in NO_PROXY.
BOTH_SPELLINGS = [
    ("localhost", ".stripe.com", BYPASSED, BOTH),
    ("localhost", "api.stripe.com,*.stripe.com", BYPASSED, BOTH),
    (".stripe.com", "localhost", BYPASSED, NOBODY),
    (".stripe.com", "api.stripe.com", BYPASSED, NOBODY),
    ("*.stripe.com", "stripe.com", BYPASSED, BOTH),
    ("localhost", "x.example", PROXIED, NOBODY),
    ("", ".stripe.com", BYPASSED, NOBODY),
    (" ", ".stripe.com", BYPASSED, BOTH),
    (".stripe.com", "", BYPASSED, NOBODY),
    ("*", "localhost", BYPASSED, NOBODY),
    ("localhost", "*", BYPASSED, BOTH),
]
# What no line of the tables says is found by putting pieces of them together.
PIECES = [
    "api.stripe.com", ".stripe.com", "stripe.com", "com", "*.stripe.com", "*", "stripe", "x",
    "192.0.2.7", "192.0.2.0/24", "192.0.2.0/0", "[2001:db8::7]", "2001:db8::7", "2001:db8::/32",
    "::1", "localhost", ":443", ",", ", ", " ", "\n", "\t", "\r", '"', "'", ".", "..", "/", "-",
    "https://", "/24", "API.STRIPE.COM", "api.stripe.com.", "0", "é", ";",
]  # fmt: skip
URLS = [STRIPE, "https://stripe.com", "https://192.0.2.7", "https://[2001:db8::7]"]


def route_for(url, no_proxy, *, lower=""):
    process = {"HTTPS_PROXY": PROXY, "HTTP_PROXY": PROXY, "NO_PROXY": no_proxy, "no_proxy": lower}
    return decide(url, environment=ProxyEnvironment(process, {}))


@pytest.fixture(scope="module")
def curl() -> Iterator[Curl]:
    with running_curl() as curl:
        yield curl


def test_cases_are_unique_and_at_least_eighty():
    assert len({case[:2] for case in CASES}) == len(CASES) >= 80


@pytest.mark.parametrize(("no_proxy", "url", "bypassed", "others"), CASES)
def test_decides_as_meant(no_proxy, url, bypassed, others):
    assert route_for(url, no_proxy).is_direct is bypassed


@pytest.mark.parametrize(("no_proxy", "url", "bypassed", "others"), CASES)
def test_note_names_clients_that_differ(no_proxy, url, bypassed, others):
    notes = " ".join(verdict.note for verdict in route_for(url, no_proxy).verdicts)
    assert others <= set(notes.split())


@pytest.mark.parametrize(("no_proxy", "url", "bypassed", "others"), CASES)
def test_the_table_is_right_about_requests(no_proxy, url, bypassed, others, monkeypatch):
    monkeypatch.setenv("no_proxy", no_proxy)
    assert should_bypass_proxies(url, None) is (bypassed ^ ("requests" in others))


@pytest.mark.slow
def test_the_table_is_right_about_curl(curl):
    for no_proxy, url, bypassed, others in CASES:
        found = curl.bypasses(url, {"no_proxy": no_proxy})
        assert found is (bypassed ^ ("curl" in others)), (no_proxy, url)


@pytest.mark.parametrize(("lower", "upper", "bypassed", "others"), BOTH_SPELLINGS)
def test_lowercase_and_uppercase_no_proxy(lower, upper, bypassed, others, monkeypatch):
    route = route_for(STRIPE, upper, lower=lower)
    assert (route.is_direct, bool(route.warnings)) == (bypassed, bool(others))
    monkeypatch.setenv("no_proxy", lower)
    monkeypatch.setenv("NO_PROXY", upper)
    assert should_bypass_proxies(STRIPE, None) is (bypassed ^ ("requests" in others))


def test_the_table_of_both_spellings_is_right_about_curl(curl):
    for lower, upper, bypassed, others in BOTH_SPELLINGS:
        found = curl.bypasses(STRIPE, {"no_proxy": lower, "NO_PROXY": upper})
        assert found is (bypassed ^ ("curl" in others)), (lower, upper)


def assert_differences_are_told(route, *, requests=None, curl=None):
    """Who would go another way than the route is named: by its warning, or by some entry's note."""
    told = " ".join(route.warnings if route.is_direct else (v.note for v in route.verdicts))
    for name, bypasses in (("requests", requests), ("curl", curl)):
        assert bypasses in {None, route.is_direct} or name in told.split(), name


@given(st.lists(st.sampled_from(PIECES), max_size=7).map("".join), st.sampled_from(URLS))
def test_warning_if_requests_differs(no_proxy, url):
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("no_proxy", no_proxy)
        bypassed = should_bypass_proxies(url, None)
    assert_differences_are_told(route_for(url, no_proxy), requests=bypassed)


@pytest.mark.slow
def test_warning_if_curl_differs(curl):
    chosen = random.Random(20261125)
    for _sample in range(200):
        no_proxy = "".join(chosen.choices(PIECES, k=chosen.randint(1, 6)))
        url = chosen.choice(URLS)
        bypassed = curl.bypasses(url, {"no_proxy": no_proxy})
        assert_differences_are_told(route_for(url, no_proxy), curl=bypassed)


@pytest.mark.parametrize(
    ("no_proxy", "url"), [case[:2] for case in CASES if case[2] and not case[3]]
)
def test_no_warning_if_clients_agree(no_proxy, url):
    assert route_for(url, no_proxy).warnings == ()


@pytest.mark.parametrize(("no_proxy", "url"), [case[:2] for case in CASES if case[2] and case[3]])
def test_warning_for_entry_that_clients_read_differently(no_proxy, url):
    (warning,) = route_for(url, no_proxy).warnings
    assert warning.startswith("Entry ")


def test_entries_of_both_spellings_and_both_sources_are_united():
    environment = ProxyEnvironment(
        process={"no_proxy": "localhost", "NO_PROXY": "a.example"},
        dotenv={"NO_PROXY": "b.example,*.stripe.com", "no_proxy": "c.example"},
    )
    entries = [entry.describe() for entry in read_entries(environment)]
    assert entries == [
        "Entry 1 of no_proxy in the environment (localhost)",
        "Entry 1 of NO_PROXY in the environment (a.example)",
        "Entry 1 of no_proxy in .env (c.example)",
        "Entry 1 of NO_PROXY in .env (b.example)",
        "Entry 2 of NO_PROXY in .env (*.stripe.com)",
    ]


def test_a_shells_no_proxy_does_not_defeat_the_operators():
    environment = ProxyEnvironment(
        process={"HTTPS_PROXY": PROXY, "no_proxy": "localhost"},
        dotenv={"NO_PROXY": "api.stripe.com,*.stripe.com"},
    )
    route = decide(STRIPE, environment=environment)
    assert (route.proxy, route.rule) == (None, "NO_PROXY: api.stripe.com")
    assert route.warnings == (
        "Entry 1 of NO_PROXY in .env (api.stripe.com): curl and requests read only no_proxy "
        "in the environment, which is also set.",
    )


def test_each_entry_has_a_verdict_of_its_own():
    entries = read_entries(ProxyEnvironment({"NO_PROXY": "x.example, .stripe.com, fd00::/8"}, {}))
    verdicts = judge(entries, Target("api.stripe.com", 443))
    assert [(verdict.matches, verdict.differs) for verdict in verdicts] == [
        (False, False),
        (True, False),
        (False, True),
    ]
