"""The group "Mail": whether the SMTP server can be reached. Sign-up needs it for its code."""

import smtplib
import socket
import ssl
import threading
import time
from concurrent.futures import Future

from django.conf import settings
from django.core.mail import send_mail

from operations.doctor.report import Check, Status
from operations.doctor.setup import Setup
from outbound.diagnosis.probe import StepStatus, probe
from outbound.route import RouteError, decide
from outbound.route.hosts import with_port
from outbound.transport import Stage

GROUP = "Mail"
NO_PROXY_CARRIES_IT = (
    "Email uses a separate route: HTTP proxies do not forward SMTP, and the Stripe settings do not "
    "affect email. Sign-up codes are sent by email."
)

CORRECT_SERVER = "Correct EMAIL_HOST or EMAIL_PORT."
NO_STARTTLS = (
    "{server} does not support STARTTLS",
    "Use a server and port that support STARTTLS. Alternatively, set EMAIL_USE_TLS=0, but then the "
    "connection is not encrypted.",
)
NO_AUTHENTICATION = (
    "{server} does not support authentication",
    "Use a server and port that support authentication, or leave EMAIL_HOST_USER empty.",
)
# Subclasses first: TLS errors and timeouts are OSErrors too. {server} is its host and port.
REASONS: dict[type[Exception], tuple[str, str]] = {
    socket.gaierror: ("{server}: the name was not found", "Correct EMAIL_HOST."),
    ssl.SSLCertVerificationError: (
        "{server}: the TLS certificate is not trusted",
        CORRECT_SERVER,
    ),
    ssl.SSLError: (
        "{server}: the TLS handshake failed",
        "Check EMAIL_PORT, EMAIL_USE_TLS, and EMAIL_USE_SSL.",
    ),
    ConnectionRefusedError: ("{server}: nothing is listening on this port", CORRECT_SERVER),
    TimeoutError: (
        "{server} does not respond",
        "Ask your network administrator to allow the connection, or to provide an internal mail server.",
    ),
    # Raised by Django before it calls the server.
    ValueError: ("the address is not valid", "Correct the address after --test-mail."),
}


def skipped_mail_checks(why: str) -> list[Check]:
    """Return the mail settings' check as skipped, without calling the server."""
    if nothing_to_call := _check_without_server():
        return [nothing_to_call]
    if settings.EMAIL_PROVIDER_URL:
        return [_check(Status.SKIP, f"{settings.EMAIL_PROVIDER_URL}: {why}")]
    return [_check(Status.SKIP, f"{_server()}: {why}", detail=NO_PROXY_CARRIES_IT)]


def mail_checks(setup: Setup) -> list[Check]:
    """Check that the server responds, supports TLS and accepts the account. Sends no mail."""
    if nothing_to_call := _check_without_server():
        return [nothing_to_call]
    if settings.EMAIL_PROVIDER_URL:
        return [_provider_check(setup)]
    began_at = time.monotonic()
    try:
        _call_server(setup.time_left())
    except (OSError, smtplib.SMTPException, TimeoutError) as error:
        return [_failed(error)]
    milliseconds = (time.monotonic() - began_at) * 1000
    return [_check(Status.OK, f"{_server()} {_describe_success()}", milliseconds=milliseconds)]


def send_test_mail(address: str) -> list[Check]:
    """Send an email to this address as the site does, and say what is wrong if it fails."""
    began_at = time.monotonic()
    try:
        send_mail(
            f"Test email from {settings.SITE_NAME}",
            f"{settings.SITE_URL} can send email.",
            settings.DEFAULT_FROM_EMAIL,
            [address],
        )
    except (OSError, smtplib.SMTPException, ValueError) as error:
        summary, fix = _reason(error)
        return [Check("mail.test", GROUP, "Test email", Status.WARN, summary, fix=fix)]
    milliseconds = (time.monotonic() - began_at) * 1000
    summary = f"was accepted for {address}"
    return [Check("mail.test", GROUP, "Test email", Status.OK, summary, milliseconds=milliseconds)]


def _check_without_server() -> Check | None:
    if settings.DEMO:
        return _check(Status.OK, "emails are shown on a page in the demo")
    if not (settings.EMAIL_HOST or settings.EMAIL_PROVIDER_URL):
        return _check(
            Status.WARN,
            "EMAIL_HOST is not set: sign-up codes appear only in the server's output, so buyers cannot sign up",
            fix="EMAIL_HOST=smtp.example.org",
        )
    return None


def _provider_check(setup: Setup) -> Check:
    """Call the provider without a key, stage by stage as Stripe: any answer will do."""
    url: str = settings.EMAIL_PROVIDER_URL
    try:
        route = decide(url, setting=settings.EMAIL_PROXY, environment=setup.environment)
    except RouteError as error:
        return _check(Status.WARN, str(error), fix="Correct EMAIL_PROXY.")
    report = probe(url, route=route, ca_bundle=setup.ca_bundle, deadline_seconds=setup.time_left())
    failed = next((step for step in report.steps if step.status is StepStatus.FAILED), None)
    if failed is None or failed.stage is Stage.ANSWERED:
        return _check(Status.OK, f"{route.describe()}: responds")
    diagnosis = report.diagnosis
    said = f"{failed.stage.value}: {diagnosis.operator}" if diagnosis else failed.stage.value
    advice = diagnosis.advice if diagnosis else ""
    return _check(Status.WARN, f"{route.describe()}: {said}", fix=advice or "Set EMAIL_PROXY.")


def _call_server(seconds: float) -> None:
    """Sign in within so many seconds. Raises what the call raises, or TimeoutError.

    A DNS lookup cannot be interrupted, so the call runs in a daemon thread.
    """
    outcome: Future[None] = Future()

    def call() -> None:
        try:
            _sign_in(seconds)
        except BaseException as error:  # noqa: BLE001 - raised again in the caller
            outcome.set_exception(error)
        else:
            outcome.set_result(None)

    threading.Thread(target=call, name="mail", daemon=True).start()
    outcome.result(seconds)


def _sign_in(seconds: float) -> None:
    with _server_connection(seconds) as server:
        server.ehlo()
        if settings.EMAIL_USE_TLS:
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
        if settings.EMAIL_HOST_USER:
            server.login(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)


def _server_connection(seconds: float) -> smtplib.SMTP:
    address = (settings.EMAIL_HOST, settings.EMAIL_PORT)
    if settings.EMAIL_USE_SSL:
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(*address, timeout=seconds, context=context)
    return smtplib.SMTP(*address, timeout=seconds)


def _describe_success() -> str:
    secured = " over TLS" if settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL else ""
    return (
        f"accepts the username and password{secured}"
        if settings.EMAIL_HOST_USER
        else f"responds{secured}"
    )


def _failed(error: Exception) -> Check:
    summary, fix = _reason(error)
    return _check(Status.WARN, summary, detail=NO_PROXY_CARRIES_IT, fix=fix)


def _reason(error: Exception) -> tuple[str, str]:
    """Return what failed, and the setting to correct."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        fix = "Correct EMAIL_HOST_USER and EMAIL_HOST_PASSWORD."
        return f"{_server()} rejected the username or password ({error.smtp_code})", fix
    if isinstance(error, smtplib.SMTPServerDisconnected) and isinstance(error.__context__, OSError):
        # smtplib raises the same exception for a timeout and a reset.
        return _reason(error.__context__)
    if settings.EMAIL_PROVIDER_URL and not isinstance(error, ValueError):
        return _reason_of_provider(error)
    closed = f"{{server}} closed the connection ({type(error).__name__})", CORRECT_SERVER
    found = (words for kind, words in REASONS.items() if isinstance(error, kind))
    summary, fix = _reason_if_unsupported(error) or next(found, closed)
    return summary.format(server=_server()), fix


def _reason_if_unsupported(error: Exception) -> tuple[str, str] | None:
    # smtplib raises the same exception for both extensions, and names the one in its message.
    if not isinstance(error, smtplib.SMTPNotSupportedError):
        return None
    return NO_STARTTLS if "STARTTLS" in str(error) else NO_AUTHENTICATION


def _reason_of_provider(error: Exception) -> tuple[str, str]:
    # Its package is optional.
    from outbox.mail.backends import MailRefused  # noqa: PLC0415

    if not isinstance(error, MailRefused):
        fix = (
            "Look up the cause in docs/network.md. If the proxy is the cause, correct EMAIL_PROXY."
        )
        return str(error), fix
    if isinstance(error.__cause__, ValueError):
        return REASONS[ValueError]
    fix = "Check EMAIL_PROVIDER_KEY and the sender address in your provider's settings."
    return f"the provider rejected the email ({error})", fix


def _server() -> str:
    return with_port(settings.EMAIL_HOST, settings.EMAIL_PORT)


def _check(
    status: Status,
    summary: str,
    *,
    detail: str = "",
    fix: str = "",
    milliseconds: float | None = None,
) -> Check:
    return Check(
        "mail.server", GROUP, "Server", status, summary, detail, fix, milliseconds=milliseconds
    )
