"""The doctor's mail check, with a small SMTP server on loopback."""

import socket
import threading
import time
from contextlib import contextmanager

import pytest

from operations.doctor.mail import mail_checks, send_test_mail, skipped_mail_checks
from operations.doctor.setup import Setup
from outbound.tests.conftest import authority, serve_as  # noqa: F401 - fixtures
from outbound.tests.servers import far_side
from testing.proxies import black_hole, raw_server, refusing_port

PASSWORD = "hunter2-of-the-mail"


@contextmanager
def mail_server(answers):
    """Send `220`, then respond to each line by its first word; close if there are no responses."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _ = listening.accept()
        with connection, connection.makefile("rwb") as talk:
            if not answers:
                return
            talk.write(b"220 mail.example ESMTP\r\n")
            talk.flush()
            for line in talk:
                word = line.split()[0].upper().decode()
                talk.write(answers.get(word, "500 what?").encode() + b"\r\n")
                talk.flush()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.close()


def speak_plainly(connection):
    """Send `220` to a client that begins with TLS, and read until it hangs up."""
    connection.sendall(b"220 mail.example ESMTP\r\n")
    while connection.recv(65536):
        pass


@pytest.fixture
def mail(settings):
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 25
    settings.EMAIL_USE_TLS, settings.EMAIL_HOST_USER = False, ""
    settings.EMAIL_HOST_PASSWORD = PASSWORD
    return settings


def check_at(settings, port, seconds=5):
    settings.EMAIL_PORT = port
    (check,) = mail_checks(Setup.of_site(route_override=None, seconds=seconds))
    assert PASSWORD not in f"{check}"
    return check


def test_working_mail_server(mail):
    with mail_server({"EHLO": "250 mail.example", "QUIT": "221 bye"}) as port:
        check = check_at(mail, port)
    assert (check.status, check.summary) == ("ok", f"127.0.0.1:{port} responds")


def test_refused_mail_account(mail):
    mail.EMAIL_HOST_USER = "shop"
    words = {
        "EHLO": "250-mail.example\r\n250 AUTH PLAIN",
        "AUTH": f"535 no {PASSWORD}",
        "QUIT": "221 bye",
    }
    with mail_server(words) as port:
        check = check_at(mail, port)
    assert check.summary == f"127.0.0.1:{port} rejected the username or password (535)"
    assert check.fix == "Correct EMAIL_HOST_USER and EMAIL_HOST_PASSWORD."
    assert "HTTP proxies do not forward SMTP" in check.detail


def test_accepted_mail_account(mail):
    mail.EMAIL_HOST_USER = "shop"
    words = {"EHLO": "250-mail.example\r\n250 AUTH PLAIN", "AUTH": "235 welcome", "QUIT": "221 bye"}
    with mail_server(words) as port:
        assert check_at(mail, port).summary == f"127.0.0.1:{port} accepts the username and password"


def test_mail_server_without_starttls(mail):
    mail.EMAIL_USE_TLS = True
    with mail_server({"EHLO": "250 mail.example", "QUIT": "221 bye"}) as port:
        check = check_at(mail, port)
    assert check.summary == f"127.0.0.1:{port} does not support STARTTLS"
    assert check.fix.startswith("Use a server and port that support STARTTLS.")


def test_mail_server_without_authentication(mail):
    mail.EMAIL_HOST_USER = "shop"
    with mail_server({"EHLO": "250 mail.example", "QUIT": "221 bye"}) as port:
        check = check_at(mail, port)
    assert check.summary == f"127.0.0.1:{port} does not support authentication"
    assert check.fix.endswith("support authentication, or leave EMAIL_HOST_USER empty.")


def test_mail_server_with_untrusted_certificate(mail, serve_as):  # noqa: F811
    mail.EMAIL_USE_SSL = True
    with far_side(serve_as("127.0.0.1")) as server:
        check = check_at(mail, server.port)
    assert check.summary == f"127.0.0.1:{server.port}: the TLS certificate is not trusted"
    assert check.fix == "Correct EMAIL_HOST or EMAIL_PORT."


def test_mail_server_that_does_not_begin_with_tls(mail):
    mail.EMAIL_USE_SSL = True
    with raw_server(speak_plainly) as port:
        check = check_at(mail, port)
    assert check.summary == f"127.0.0.1:{port}: the TLS handshake failed"
    assert check.fix == "Check EMAIL_PORT, EMAIL_USE_TLS, and EMAIL_USE_SSL."


def test_mail_port_without_server(mail):
    with refusing_port() as port:
        check = check_at(mail, port)
    assert (check.status, check.summary) == (
        "warn",
        f"127.0.0.1:{port}: nothing is listening on this port",
    )


def test_unresponsive_mail_server_times_out(mail):
    with black_hole() as port:
        began_at = time.monotonic()
        check = check_at(mail, port, seconds=0.5)
    assert time.monotonic() - began_at < 8
    assert check.summary == f"127.0.0.1:{port} does not respond"


def test_server_that_is_no_mail_server(mail):
    with mail_server({}) as port:
        check = check_at(mail, port)
    assert check.summary == f"127.0.0.1:{port} closed the connection (SMTPServerDisconnected)"


def test_missing_mail_server_is_a_warning(mail):
    mail.EMAIL_HOST = ""
    (check,) = skipped_mail_checks("not tried")
    assert (check.status, check.fix) == ("warn", "EMAIL_HOST=smtp.example.org")


def test_demo_needs_no_mail_server(mail):
    mail.DEMO = True
    assert mail_checks(Setup.of_site(route_override=None, seconds=1))[0].status == "ok"


def test_mail_server_is_not_called_offline(mail):
    (check,) = skipped_mail_checks("not tested (--offline)")
    assert (check.status, check.summary) == ("skip", "127.0.0.1:25: not tested (--offline)")


def test_invalid_address_of_the_test_email_is_named():
    check = send_test_mail("you@example.org\nBcc: me")[0]
    assert (check.summary, check.fix) == (
        "the address is not valid",
        "Correct the address after --test-mail.",
    )
