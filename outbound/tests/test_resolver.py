"""Name lookups: absolute names, search domains, the hosts file and overrides."""

import socket
from dataclasses import dataclass, field

import pytest

from outbound.tests.servers import far_side
from outbound.transport import Override, OverrideError, Stage, parse_resolve, resolver


@pytest.mark.parametrize(
    ("text", "overrides"),
    [
        ("", ()),
        (" , ", ()),
        ("api.stripe.com:443:127.0.0.1:8443", [("api.stripe.com", 443, "127.0.0.1", 8443)]),
        ("API.Stripe.com.:443:[::1]:8443", [("api.stripe.com", 443, "::1", 8443)]),
        ("a:1:127.0.0.1:2, b:3:[::1]:4", [("a", 1, "127.0.0.1", 2), ("b", 3, "::1", 4)]),
    ],
)
def test_reads_overrides(text, overrides):
    assert parse_resolve(text) == tuple(Override(*override) for override in overrides)


@pytest.mark.parametrize(
    "text",
    [
        "api.stripe.com:443:127.0.0.1",
        "api.stripe.com:443:localhost:8443",
        "api.stripe.com:443:::1:8443",
        "api.stripe.com:443:[127.0.0.1]:8443",
        "api.stripe.com:x:127.0.0.1:8443",
        "api.stripe.com:443:127.0.0.1:0",
        ":443:127.0.0.1:1",
        "nonsense",
        "a:1:127.0.0.1:2,nonsense",
    ],
)
def test_invalid_override(text):
    with pytest.raises(OverrideError, match=r"^Use host:port:address:port, such as "):
        parse_resolve(text)


def test_an_override_is_shown_as_it_is_written():
    text = "api.stripe.com:443:[::1]:8443"
    assert str(parse_resolve(text)[0]) == text


WILDCARD = "127.77.0.9"


@dataclass
class Network:
    """A network whose search domain answers for every name that is not a whole one."""

    known: set[str]
    asked: list[str] = field(default_factory=list)

    def look_up(self, name, port, *_):
        self.asked.append(name)
        if name in self.known:
            return [(socket.AF_INET, 0, 0, "", ("127.0.0.1", port))]
        if name.endswith("."):
            raise socket.gaierror(socket.EAI_NONAME, "not known")
        return [(socket.AF_INET, 0, 0, "", (WILDCARD, port))]


@pytest.fixture
def stripe(as_stripe):
    with far_side(as_stripe) as side:
        yield side


def test_wildcard_search_domain_is_not_used(stripe, caller):
    network = Network({"api.stripe.com."})
    answer = caller.call(url=f"https://api.stripe.com:{stripe.port}/", look_up=network.look_up)
    assert [attempt.address for attempt in answer.record.attempts] == ["127.0.0.1"]
    assert network.asked == ["api.stripe.com."]


def test_wildcard_search_domain_with_unknown_name(caller):
    network = Network(set())
    diagnosis = caller.diagnosis(look_up=network.look_up)
    assert (diagnosis.id, network.asked) == ("NET-DNS", ["api.stripe.com."])


@pytest.mark.parametrize(
    ("host", "known", "asked", "searched"),
    [
        ("proxy.example", {"proxy.example."}, ["proxy.example."], False),
        # A name of this network: the whole name comes first, then the search domains.
        ("proxy.tools", {"proxy.tools"}, ["proxy.tools.", "proxy.tools"], True),
        ("proxy", {"proxy"}, ["proxy"], False),
    ],
)
def test_proxy_name_with_search_domain(stripe, caller, host, known, asked, searched):
    network = Network(known)
    failure = caller.failure(proxy=f"http://{host}:{stripe.port}", look_up=network.look_up)
    assert failure.record.stage is Stage.TUNNEL
    assert (network.asked, failure.record.searched) == (asked, searched)


def test_a_resolver_that_is_down_is_not_asked_twice(caller):
    asked = []

    def look_up(name, *_):
        asked.append(name)
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    assert caller.diagnosis(proxy="http://proxy.example:1", look_up=look_up).id == "NET-PROXY-DNS"
    assert asked == ["proxy.example."]


def test_the_hosts_file_stays_in_force(stripe, caller, tmp_path, monkeypatch):
    hosts = tmp_path / "hosts"
    hosts.write_text("# 10.0.0.1 other.example\n127.0.0.1\tgateway API.stripe.com # ours\n")
    monkeypatch.setattr(resolver, "HOSTS_FILE", hosts)
    network = Network({"api.stripe.com"})
    caller.call(url=f"https://api.stripe.com:{stripe.port}/", look_up=network.look_up)
    assert network.asked == ["api.stripe.com"]
