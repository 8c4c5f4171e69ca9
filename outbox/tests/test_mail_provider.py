"""Mail over HTTPS where SMTP is blocked: through a proxy that wants a password."""

import json
import re

import pytest
from anymail.signals import AnymailTrackingEvent, EventType
from django.core.mail import send_mail
from django.core.management import call_command
from django.utils import timezone

from operations.doctor.mail import mail_checks, send_test_mail
from operations.doctor.setup import Setup
from outbound.tests.conftest import authority, ca_bundle, serve_as  # noqa: F401 - fixtures
from outbound.tests.servers import answer_with, far_side
from outbox.mail.adapter import MailNotSent
from outbox.mail.backends import MailRefused
from outbox.mail.bounces import record_bounce
from outbox.models import BouncedAddress, OutgoingMail
from outbox.services import send_due_mails
from outbox.tests.test_services import queue
from testbank import mail_settings
from testbank.environment import Environment, SettingError
from testing.proxies import refusing_port, running_squid

SENT = answer_with(json.dumps({"ErrorCode": 0, "Message": "OK", "MessageID": "m1"}).encode())
REFUSED = answer_with(json.dumps({"ErrorCode": 10}).encode(), "401 Unauthorized")
POSTMARK = {"EMAIL_PROVIDER": "postmark", "EMAIL_PROVIDER_KEY": "server-token"}


def use(settings, proxy, bundle, **variables):
    provider = mail_settings.provider(Environment({}, POSTMARK | variables))
    settings.EMAIL_BACKEND = provider.backend
    settings.ANYMAIL, settings.EMAIL_PROVIDER_URL = provider.anymail, provider.api_url
    settings.EMAIL_PROXY, settings.STRIPE_CA_BUNDLE = proxy, bundle


def parts(request):
    """The head of a request, and its body as JSON."""
    head, _empty, body = request.partition(b"\r\n\r\n")
    return head.decode(), json.loads(body)


def provider_check():
    (check,) = mail_checks(Setup.of_site(route_override=None, seconds=5))
    return check.status.value, check.summary


@pytest.fixture
def postmark(settings, ca_bundle, serve_as):  # noqa: F811
    """A provider that only a proxy with a password reaches; yields the provider's server."""
    with (
        far_side(serve_as("api.postmarkapp.com"), SENT) as server,
        running_squid("credentials", leads_to=server.port) as proxy,
    ):
        use(settings, proxy.url_with_credentials, ca_bundle)
        yield server


@pytest.mark.squid
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_sign_up_code_arrives_where_smtp_is_blocked(client, postmark):
    form = {"email": "new@example.org", "password1": "a-long-pass-phrase"}
    client.post("/accounts/signup/", form)
    send_due_mails(at=timezone.now())
    head, body = parts(postmark.requests[0])
    assert "X-Postmark-Server-Token: server-token" in head
    assert body["To"] == "new@example.org"
    assert re.search(r"[A-Z0-9]{4}-[A-Z0-9]{4}", body["TextBody"])


@pytest.mark.squid
@pytest.mark.slow
def test_doctor_reaches_the_provider(postmark):
    status, summary = provider_check()
    assert status == "ok"
    assert summary.startswith("api.postmarkapp.com:443 through http://")
    assert summary.endswith("responds")


@pytest.mark.squid
@pytest.mark.slow
def test_wrong_proxy_password_is_named(settings, ca_bundle):  # noqa: F811
    with running_squid("credentials") as proxy:
        use(settings, proxy.url_for("user", "wrong"), ca_bundle)
        with pytest.raises(MailNotSent, match=r"^NET-PROXY-407"):
            send_mail("Hello", "text", "shop@example.org", ["learner@example.org"])
        status, summary = provider_check()
        assert (status, "tunnel: " in summary, "wrong" in summary) == ("warn", True, False)


@pytest.mark.django_db
def test_unreachable_provider_is_tried_again(settings, at):
    settings.WORKER = True
    with refusing_port() as port:
        use(settings, f"http://127.0.0.1:{port}", None)
        queue(at)
        assert send_due_mails(at=at) == 0
    waiting = OutgoingMail.objects.get()
    assert (waiting.failure, waiting.tries, waiting.given_up_at) == ("MailNotSent", 1, None)


def test_refusal_of_the_provider_is_an_error(settings):
    with far_side(None, REFUSED) as server:
        use(settings, "direct", None, EMAIL_PROVIDER_URL=f"http://127.0.0.1:{server.port}/")
        with pytest.raises(MailRefused):
            send_mail("Hello", "text", "shop@example.org", ["learner@example.org"])
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({"EMAIL_PROVIDER": "pigeon"}, "Use one of mailgun, postmark, brevo"),
        ({"EMAIL_PROVIDER": "brevo"}, "EMAIL_PROVIDER_KEY is not set"),
        ({"EMAIL_USE_SSL": "1", "EMAIL_USE_TLS": "1"}, "Set one of them to 0"),
    ],
)
def test_wrong_settings_are_refused(variables, problem):
    environment = Environment({}, variables)
    with pytest.raises(SettingError, match=problem):
        (mail_settings.security(environment), mail_settings.provider(environment))


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, (True, False)),
        ({"EMAIL_USE_SSL": "1"}, (False, True)),
        ({"EMAIL_USE_TLS": "0"}, (False, False)),
    ],
)
def test_security_of_smtp(variables, expected):
    assert mail_settings.security(Environment({}, variables)) == expected


@pytest.mark.squid
@pytest.mark.slow
def test_doctor_sends_a_test_mail(postmark):
    (check,) = send_test_mail("you@example.org")
    assert (check.status.value, check.summary) == ("ok", "was accepted for you@example.org")
    assert parts(postmark.requests[0])[1]["To"] == "you@example.org"


def test_doctor_names_why_a_test_mail_failed(settings):
    with refusing_port() as port:
        use(settings, f"http://127.0.0.1:{port}", None)
        (check,) = send_test_mail("you@example.org")
    assert check.status.value == "warn"
    assert check.summary.startswith("NET-PROXY-")
    assert check.fix.endswith("If the proxy is the cause, correct EMAIL_PROXY.")


def test_doctor_names_a_refusal_of_the_provider(settings):
    with far_side(None, REFUSED) as server:
        use(settings, "direct", None, EMAIL_PROVIDER_URL=f"http://127.0.0.1:{server.port}/")
        (check,) = send_test_mail("you@example.org")
    assert check.summary == "the provider rejected the email (AnymailRequestsAPIError)"
    assert check.fix.startswith("Check EMAIL_PROVIDER_KEY and the sender address")


@pytest.mark.parametrize("address", ["you@example.org\nBcc: me", "you example.org"])
def test_doctor_names_an_invalid_address_before_the_provider_is_called(settings, address):
    with far_side(None, SENT) as server:
        use(settings, "direct", None, EMAIL_PROVIDER_URL=f"http://127.0.0.1:{server.port}/")
        (check,) = send_test_mail(address)
        assert server.requests == []
    assert check.fix == "Correct the address after --test-mail."


def bounce(kind, at):
    record_bounce(
        AnymailTrackingEvent(
            event_type=kind, recipient="Gone@example.org", description="no such user", timestamp=at
        )
    )


@pytest.mark.django_db
def test_bounced_address_is_known_until_mail_arrives_there(at, capsys):
    for _time in range(2):
        bounce(EventType.BOUNCED, at)
    found = BouncedAddress.objects.get()
    assert (found.address, found.reason, found.at) == ("gone@example.org", "no such user", at)
    call_command("bounces")
    assert capsys.readouterr().out == "2026-11-02 12:00 gone@example.org no such user\n"
    bounce(EventType.DELIVERED, at)
    assert not BouncedAddress.objects.exists()


@pytest.mark.django_db
def test_opened_mail_changes_nothing(at):
    bounce(EventType.OPENED, at)
    assert not BouncedAddress.objects.exists()
