"""Responses in place of the API's: sign-in pages, redirects and second proxies."""

import pytest

from outbound.diagnosis import diagnose_answer
from outbound.tests.servers import answer_with, far_side, hang_up, tls_in_front_of
from outbound.transport.http_answer import location_of, title_of
from testing.proxies import raw_server, running_squid

PAGE = b"<html><head><title>Guest Wi-Fi\n sign-in</title></head><body>Please</body></html>"
TITLED = "titled “Guest Wi-Fi sign-in”"
OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"


def answer(status, *headers, body=PAGE):
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def says(*pieces, then=hang_up):
    """Hears CONNECT, says this, and for each piece but the first hears something before."""

    def talk(connection):
        for piece in pieces:
            connection.recv(65536)
            connection.sendall(piece)
        then(connection)

    return talk


def keeps_open(connection):
    while connection.recv(65536):
        pass


def through(caller, talk, scheme="http"):
    with raw_server(talk) as port:
        return caller.diagnosis(proxy=f"{scheme}://127.0.0.1:{port}", deadline_seconds=3)


@pytest.mark.parametrize("then", [hang_up, keeps_open])
@pytest.mark.parametrize(
    ("said", "words"),
    [
        # 200 with a page, with and without a length.
        ([answer("200 OK", "Content-Type: text/html")], f"status 200 and a page {TITLED}"),
        ([b"HTTP/1.1 200 OK\r\n\r\n" + PAGE], f"status 200 and a page {TITLED}"),
        # The page comes only once TLS has begun.
        ([b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", PAGE], f"a page {TITLED}"),
        ([OPEN, answer("302 Found", "Location: http://portal.example/login?token=x", body=b"")],
         "status 302 and a redirect to http://portal.example/login"),
        ([OPEN, answer("400 Bad Request")], f"status 400 and a page {TITLED}"),
        # Redirects and 511 to CONNECT.
        ([answer("302 Found", "Location: https://portal.example/?u=1", body=b"")],
         "status 302 and a redirect to https://portal.example/"),
        ([answer("303 See Other")], f"status 303 and a page {TITLED}"),
        ([answer("307 Temporary Redirect", body=b"")], "status 307"),
        ([answer("511 Network Authentication Required")], f"status 511 and a page {TITLED}"),
    ],
)  # fmt: skip
def test_portal_cause_with_page_title(caller, said, words, then):
    diagnosis = through(caller, says(*said, then=then))
    assert (diagnosis.id, diagnosis.acted.value) == ("NET-CAPTIVE", "no")
    assert diagnosis.operator.endswith(f", with {words}.")


@pytest.mark.parametrize("said", [[answer("302 Found")], [OPEN, PAGE]])
def test_portal_at_proxy_allows_fallback(caller, said):
    assert through(caller, says(*said)).proxy_failed
    with raw_server(says(PAGE)) as port:
        assert not caller.diagnosis(port, deadline_seconds=3).proxy_failed


@pytest.mark.parametrize("said", [answer("200 OK"), answer("511 Sign in"), PAGE])
def test_a_portal_on_the_far_sides_own_port(caller, said):
    with raw_server(says(said)) as port:
        diagnosis = caller.diagnosis(port, deadline_seconds=3)
    assert diagnosis.id == "NET-CAPTIVE"
    assert TITLED in diagnosis.operator


def test_a_portal_inside_an_https_proxys_tls(caller, as_stripe):
    with (
        raw_server(says(OPEN, answer("200 OK"))) as plain,
        tls_in_front_of(plain, as_stripe) as port,
    ):
        diagnosis = caller.diagnosis(proxy=f"https://127.0.0.1:{port}", deadline_seconds=3)
    assert diagnosis.id == "NET-CAPTIVE"
    assert TITLED in diagnosis.operator


def test_511_within_tls_is_a_portal_too(caller, as_stripe):
    behave = answer_with(PAGE, "511 Network Authentication Required", ())
    with far_side(as_stripe, behave) as side:
        diagnosis = diagnose_answer(caller.call(side.port))
    assert diagnosis and diagnosis.id == "NET-CAPTIVE"


def test_a_silent_portal_is_not_waited_for(caller):
    half = answer("302 Found")[:-40]
    with raw_server(says(half, then=keeps_open)) as port:
        failure = caller.failure(proxy=f"http://127.0.0.1:{port}", deadline_seconds=10)
    assert failure.record.elapsed_seconds < 3


VIA = "Via: 1.1 parent.example (squid/5.7), 1.1 child.example (squid/5.7)"
BASIC = 'Proxy-Authenticate: Basic realm="parent"'


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ([answer("407 Proxy Authentication Required", VIA, BASIC)], " (parent.example)"),
        (
            [answer("407 No", "Via: 1.1 parent.example", "Via: 1.0 child", BASIC)],
            " (parent.example)",
        ),
        ([answer("401 Unauthorized", VIA)], " (parent.example)"),
        # The first proxy opens a tunnel, at whose end the second one answers.
        ([OPEN, answer("407 Proxy Authentication Required", BASIC)], ""),
    ],
)
def test_second_proxy_requires_credentials(caller, said, named):
    diagnosis = through(caller, says(*said))
    assert diagnosis.id == "NET-PROXY-407"
    assert diagnosis.operator.startswith(
        f"A second proxy{named} behind the proxy http://127.0.0.1:"
    )
    assert diagnosis.fix.startswith("Ask the administrator of the proxy 127.0.0.1:")


def test_first_proxy_requires_credentials(caller):
    via = "Via: 1.1 proxy.example (squid/5.7)"
    diagnosis = through(caller, says(answer("407 Proxy Authentication Required", via, BASIC)))
    assert diagnosis.operator.startswith("The proxy http://127.0.0.1:")


def chain_of(own, second, *, wants=b""):
    """A first proxy that answers so itself, and passes on to the second one what it lets in."""

    def talk(connection):
        request = connection.recv(65536)
        lets_in = request.startswith(b"CONNECT") and wants in request
        connection.sendall(second if lets_in else own)

    return talk


def wants(realm, *headers, status="407 Proxy Authentication Required"):
    return answer(status, f'Proxy-Authenticate: Basic realm="{realm}"', *headers)


BAD = answer("400 Bad Request", "Via: 1.1 child (squid)", "X-Cache-Lookup: NONE from child:1")
PARENT = wants("parent", "Via: 1.1 parent (squid)", "X-Cache-Lookup: NONE from parent:2")


@pytest.mark.parametrize(
    ("own", "second", "user", "named"),
    [
        # As squid passes a parent's refusal on: byte for byte.
        (BAD, PARENT, "", " (parent)"),
        (answer("400 No", "X-Cache-Lookup: NONE from vm:1"),
         wants("x", "X-Cache-Lookup: NONE from vm:2"), "", ""),
        (answer("400 No", "Server: tinyproxy/1.11.1"), wants("x", "Server: squid/5.7"), "", ""),
        # The first one wants a password too, and has accepted it.
        (wants("child", "Server: squid"), wants("parent", "Server: squid"), "user:right@", ""),
        (wants("child"), wants("parent", status="401 Unauthorized"), "user:right@", ""),
    ],
)  # fmt: skip
def test_the_second_proxy_is_found_by_asking_the_first(caller, own, second, user, named):
    wanted = b"Proxy-Authorization" if user else b""
    with raw_server(chain_of(own, second, wants=wanted)) as port:
        diagnosis = caller.diagnosis(proxy=f"http://{user}127.0.0.1:{port}", deadline_seconds=5)
    assert diagnosis.id == "NET-PROXY-407"
    assert diagnosis.operator.startswith(f"A second proxy{named} behind the proxy http://")


@pytest.mark.parametrize(
    ("own", "refusal"),
    [
        (BAD, wants("child", "Via: 1.1 child (squid)", "X-Cache-Lookup: NONE from child:1")),
        (answer("400 No"), wants("child")),
        (wants("child"), wants("child", status="401 Unauthorized")),
        (b"", wants("child")),
    ],
)
def test_single_proxy_is_not_reported_as_second(caller, own, refusal):
    with raw_server(chain_of(own, refusal, wants=b"Proxy-Authorization")) as port:
        diagnosis = caller.diagnosis(proxy=f"http://user:x@127.0.0.1:{port}", deadline_seconds=5)
    assert diagnosis.operator.startswith("The proxy http://user:***@127.0.0.1:")


@pytest.mark.squid
def test_a_chain_of_squids(caller):
    with running_squid("credentials") as parent, running_squid(parent=parent.port) as child:
        diagnosis = caller.diagnosis(proxy=child.url)
    assert diagnosis.operator.startswith("A second proxy")
    assert f"behind the proxy {child.url} (STRIPE_PROXY) requires a username" in diagnosis.operator


@pytest.mark.parametrize(
    ("page", "title"),
    [
        (b"<TITLE lang=de>Anmelden &amp; los</TITLE>", "Anmelden & los"),
        ("<meta charset='shift_jis'><title>ログイン</title>".encode("shift_jis"), "ログイン"),
        ("<title>Café</title>".encode("latin-1"), "Café"),
        (b"<title>sk_test_51Habcdefghijklmnop9xYz</title>", "sk_test_…9xYz"),
        (b"<h1>no title</h1>", ""),
    ],
)
def test_titles_are_read_in_their_own_encoding_and_masked(page, title):
    assert title_of(page) == title


@pytest.mark.parametrize(
    ("header", "shown"),
    [
        ("http://u:p@portal.example:8080/a?b#c", "http://portal.example/a"),
        ("/login", ""),
        ("http://[", ""),
        ("", ""),
    ],
)
def test_portal_redirect_without_query(header, shown):
    assert location_of(header) == shown
