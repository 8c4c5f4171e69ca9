"""The route of a call: the order of the rules, and the only error that is raised."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from outbound.route import ProxyAddressError, ProxyEnvironment, RouteError, decide

STRIPE = "https://api.stripe.com/v1/checkout/sessions"
A, B, C, D = (f"http://{name}.example:3128" for name in "abcd")


def route(url=STRIPE, *, setting="environment", dotenv=None, **process):
    return decide(url, setting=setting, environment=ProxyEnvironment(process, dotenv or {}))


@pytest.mark.parametrize(
    ("process", "dotenv", "winner"),
    [
        ({"HTTPS_PROXY": A}, {}, "HTTPS_PROXY in the environment"),
        ({"https_proxy": A}, {}, "https_proxy in the environment"),
        ({"ALL_PROXY": A}, {}, "ALL_PROXY in the environment"),
        ({"all_proxy": A}, {}, "all_proxy in the environment"),
        ({"https_proxy": A, "HTTPS_PROXY": B}, {}, "https_proxy in the environment"),
        ({"HTTPS_PROXY": A}, {"https_proxy": B}, "HTTPS_PROXY in the environment"),
        ({"HTTPS_PROXY": A, "all_proxy": B}, {}, "HTTPS_PROXY in the environment"),
        ({"all_proxy": B}, {"HTTPS_PROXY": A}, "HTTPS_PROXY in .env"),
        ({"https_proxy": "", "HTTPS_PROXY": A}, {}, "HTTPS_PROXY in the environment"),
        ({"https_proxy": " ", "HTTPS_PROXY": ""}, {"ALL_PROXY": A}, "ALL_PROXY in .env"),
    ],
)
def test_the_winning_variable_is_named(process, dotenv, winner):
    decided = route(dotenv=dotenv, **process)
    assert (str(decided.proxy), decided.rule) == (A, winner)


@pytest.mark.parametrize(
    "value",
    [
        f'$env:HTTPS_PROXY="{A}"',
        f"$Env:https_proxy = '{A}'",
        f"setx HTTPS_PROXY {A}",
        f'setenv HTTPS_PROXY "{A}"',
    ],
)
def test_command_of_another_shell_in_the_value(value):
    decided = route(HTTPS_PROXY=value)
    assert (str(decided.proxy), len(decided.warnings)) == (A, 1)


def test_direct_without_variables():
    assert route().describe() == "api.stripe.com:443 directly (no proxy set)"


def test_a_route_told_masks_the_password():
    decided = route(HTTPS_PROXY="http://user:secret@proxy.example:3128")
    assert decided.describe() == (
        "api.stripe.com:443 through http://user:***@proxy.example:3128 (HTTPS_PROXY in the environment)"
    )
    assert "secret" not in repr(decided)


def test_http_proxy_does_not_govern_https_and_is_warned_of():
    decided = route(HTTP_PROXY=A)
    assert decided.is_direct
    assert [warning.split(",")[0] for warning in decided.warnings] == [
        "HTTP_PROXY in the environment does not apply to https addresses"
    ]


def test_http_proxy_governs_http():
    assert str(route("http://api.example/", HTTP_PROXY=A, HTTPS_PROXY=B).proxy) == A


def test_under_cgi_a_request_header_is_no_proxy():
    decided = route("http://api.example/", HTTP_PROXY=A, REQUEST_METHOD="GET")
    assert decided.is_direct


def test_contradicting_variables_are_warned_of():
    decided = route(https_proxy=A, HTTPS_PROXY=B, ALL_PROXY=A)
    assert decided.warnings == (
        "HTTPS_PROXY in the environment names another proxy and is not used, "
        "because https_proxy in the environment takes precedence. Remove one of them, or set the proxy to "
        f"use: STRIPE_PROXY={A}",
    )


def test_quotes_around_a_proxy_are_taken_off_and_warned_of():
    decided = route(HTTPS_PROXY=f'"{A}"')
    assert str(decided.proxy) == A
    assert len(decided.warnings) == 1


def test_warning_for_socks5_name_lookup():
    assert "socks5h://" in route(HTTPS_PROXY="socks5://a.example:1080").warnings[0]


@pytest.mark.parametrize("setting", ["direct", "DIRECT", " direct "])
def test_direct_wins_over_all_variables(setting):
    decided = route(setting=setting, HTTPS_PROXY=A, ALL_PROXY=B)
    assert (decided.proxy, decided.rule) == (None, "STRIPE_PROXY=direct")


def test_an_address_as_setting_wins_over_no_proxy():
    decided = route(setting=C, HTTPS_PROXY=A, NO_PROXY="*")
    assert (str(decided.proxy), decided.rule) == (C, "STRIPE_PROXY")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:12111",
        "https://localhost",
        "http://[::1]:1",
        "http://127.9.9.9",
        "http://a.localhost",
    ],
)
def test_loopback_is_direct(url):
    decided = route(url, HTTP_PROXY=A, HTTPS_PROXY=A, ALL_PROXY=A)
    assert (decided.proxy, decided.rule) == (None, "loopback")


def test_loopback_goes_through_an_address_as_setting():
    assert str(route("http://127.0.0.1:12111", setting=D).proxy) == D


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_malformed_address_is_named_by_its_variable(name):
    with pytest.raises(ProxyAddressError) as refused:
        route(**{name: "http://user:hun@ter2@proxy:3128"})
    assert str(refused.value).startswith(
        f"{name} in the environment is not a valid proxy address. "
    )
    assert "hun" not in str(refused.value)


def test_a_malformed_address_that_is_not_in_force_does_no_harm():
    assert route(HTTPS_PROXY="ftp://x", NO_PROXY=".stripe.com").is_direct


@pytest.mark.parametrize(
    "url",
    ["", "api.stripe.com", "ftp://api.stripe.com", "https://", "https://[::1", "https://a:99999",
     "https://user:secret@api.stripe.com", "https://a b", "\x00"],
)  # fmt: skip
def test_invalid_url_has_no_route(url):
    with pytest.raises(RouteError) as refused:
        route(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("https://API.Stripe.com.", "api.stripe.com:443"),
        ("http://[2001:DB8::1]", "[2001:db8::1]:80"),
        ("https://bücher.example:8443/x", "xn--bcher-kva.example:8443"),
    ],
)
def test_endpoint_is_normalized(url, endpoint):
    assert route(url).endpoint == endpoint


def test_process_environment_is_read_at_each_call(monkeypatch):
    assert decide(STRIPE, environment=ProxyEnvironment.of_process({})).is_direct
    monkeypatch.setenv("HTTPS_PROXY", A)
    assert str(decide(STRIPE, environment=ProxyEnvironment.of_process({})).proxy) == A


NAMES = st.sampled_from(
    [f"{name}_{end}" for name in ("HTTPS", "HTTP", "ALL", "NO") for end in ("PROXY",)]
    + ["https_proxy", "http_proxy", "all_proxy", "no_proxy", "REQUEST_METHOD"]
)
SCRAPS = st.lists(
    st.sampled_from(
        ["http://", "https://", "socks5h://", "user", ":", "@", "%", "[", "]", "::1", "/", ".",
         "*", ",", " ", "\n", '"', "'", "127.0.0.1", "/8", "api.stripe.com", "²", "é", "\ud800"]
    ),
    max_size=12,
).map("".join)  # fmt: skip
TEXTS = st.text(max_size=40) | SCRAPS
VARIABLES = st.dictionaries(NAMES, TEXTS, max_size=6)


@given(url=TEXTS | st.just(STRIPE), setting=TEXTS, process=VARIABLES, dotenv=VARIABLES)
@example(url=STRIPE, setting="", process={"NO_PROXY": "1" * 5000 + "/" + "9" * 5000}, dotenv={})
@example(url=STRIPE, setting="http://[fe80::1%25x]:1", process={}, dotenv={})
def test_decide_raises_only_route_errors(url, setting, process, dotenv):
    try:
        decided = decide(url, setting=setting, environment=ProxyEnvironment(process, dotenv))
    except RouteError as error:
        assert str(error)
    else:
        assert decided.describe()


@pytest.mark.slow
def test_the_cost_is_linear_in_the_entries():
    """Twenty times the entries may take eighty times as long on a busy machine, not 400."""
    few, many = (
        ProxyEnvironment({"NO_PROXY": f"{'host.example, ' * count}\n"}, {})
        for count in (500, 10_000)
    )
    assert seconds(many) < 80 * seconds(few)


def seconds(environment):
    began_at = time.process_time()
    decide(STRIPE, environment=environment)
    return time.process_time() - began_at


def test_an_environment_shown_hide_their_values():
    environment = ProxyEnvironment(
        {"HTTPS_PROXY": "http://u:secret@p"}, {"STRIPE_SECRET_KEY": "sk"}
    )
    (variable,) = environment.settings_of("HTTPS_PROXY")
    assert "secret" not in repr((environment, variable))
    assert variable.masked == "http://u:***@p"
