"""The groups "Key" and "Webhook": whether Stripe accepts the key and sends events here.

Makes only GET requests. Only a refused key fails the report: without a webhook, the return page
and reconciliation confirm payments.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.urls import reverse

from operations.doctor.report import Cause, Check, Status
from operations.doctor.setup import Setup
from outbound.diagnosis import diagnose, diagnose_answer
from outbound.redaction import scrub
from outbound.route import Route
from outbound.transport import Answer, CallFailed
from payments.flows.webhook_inbox import SUBSCRIBED_EVENTS
from payments.stripe.client import API_VERSION
from testbank.stripe_settings import LIVE, is_loopback

KEY, WEBHOOK = "Key", "Webhook"
KEYS_PAGE = "https://dashboard.stripe.com/apikeys"
WEBHOOKS_PAGE = "https://dashboard.stripe.com/webhooks"
# The read permissions that a restricted key needs, by their names in Stripe's dashboard.
READ_PATHS = {
    "Checkout Sessions": "/v1/checkout/sessions?limit=1",
    "Events": "/v1/events?limit=1",
    "Charges and Refunds": "/v1/refunds?limit=1",
    "Disputes": "/v1/disputes?limit=1",
    "Webhook Endpoints": "/v1/webhook_endpoints?limit=1",
}

PERMISSIONS_NOTE = (
    "To check whether the key can create sessions, use --create-test-session. The doctor cannot check whether the key "
    "can create refunds."
)


def skipped_account_checks(why: str) -> list[Check]:
    """Return the checks as skipped, if the API was not reached."""
    return [
        _skipped("key.accepted", KEY, "Key", why),
        _skipped("key.mode", KEY, "Mode", why),
        _skipped("key.permissions", KEY, "Permissions", why),
        _skipped("webhook.endpoint", WEBHOOK, "Endpoint", why),
    ]


def account_checks(setup: Setup, route: Route) -> list[Check]:
    """Check the key, its mode and permissions, and the webhook endpoint. Two calls at once."""
    account = _Account(setup, route)
    with ThreadPoolExecutor(max_workers=2) as pool:
        key = pool.submit(lambda: list(account.key_checks()))
        webhook = pool.submit(lambda: list(account.webhook_checks()))
        return [*key.result(), *webhook.result()]


class _Account:
    """Calls the API with the site's key over one route."""

    def __init__(self, setup: Setup, route: Route) -> None:
        self._setup = setup
        self._route = route

    def _ask(self, path: str) -> Answer:
        """Raises: CallFailed."""
        client = self._setup.client()
        headers = {
            "Accept": "application/json",
            "Authorization": f"Bearer {self._setup.secret_key}",
            "Stripe-Version": API_VERSION,
        }
        try:
            return client.request(
                "GET",
                f"{self._setup.api_base}{path}",
                headers=headers,
                body=None,
                route=self._route,
            )
        finally:
            client.close()

    def key_checks(self) -> Iterator[Check]:
        """Yield whether the key is accepted, its mode and its permissions."""
        try:
            answer = self._ask("/v1/balance")
            if answer.status == 403:
                # A restricted key may lack access to the balance, but needs sessions.
                answer = self._ask(READ_PATHS["Checkout Sessions"])
        except CallFailed as failure:
            diagnosis = diagnose(failure)
            yield _refused(Cause.of(diagnosis), diagnosis.fix)
            yield from _skipped_key_checks("unknown")
            return
        accepted = _accepted(answer, self._setup)
        yield accepted
        if accepted.cause:
            yield from _skipped_key_checks("unknown")
            return
        yield _mode(_content(answer), self._setup)
        yield self._permissions()

    def _permissions(self) -> Check:
        if not self._setup.secret_key.startswith("rk_"):
            summary = "A secret key has full access. A restricted key (rk_) is safer."
            return _key("permissions", "Permissions", Status.OK, summary)
        with ThreadPoolExecutor(max_workers=len(READ_PATHS)) as pool:
            refused = [name for name in pool.map(self._name_if_refused, READ_PATHS) if name]
        if not refused:
            summary = f"can read {', '.join(READ_PATHS)}"
            return _key("permissions", "Permissions", Status.OK, summary, detail=PERMISSIONS_NOTE)
        names = "; ".join(refused)
        wanted = names if len(refused) == 1 else f"these resources: {names}"
        fix = f"At {KEYS_PAGE}, give the key read access to {wanted}."
        return _key("permissions", "Permissions", Status.WARN, f"cannot read {names}", fix=fix)

    def _name_if_refused(self, name: str) -> str:
        try:
            return name if self._ask(READ_PATHS[name]).status == 403 else ""
        except CallFailed:
            return ""

    def webhook_checks(self) -> Iterator[Check]:
        """Yield the checks of this site's webhook endpoint, as registered at Stripe."""
        try:
            answer = self._ask("/v1/webhook_endpoints?limit=100")
        except CallFailed as failure:
            yield _endpoint(Status.SKIP, f"unknown: {diagnose(failure).id}")
            return
        if answer.status != 200:
            words = (
                "the key cannot read webhook endpoints"
                if answer.status == 403
                else f"Stripe responded with status {answer.status}"
            )
            yield _endpoint(Status.SKIP, f"unknown: {words}")
            return
        yield from endpoint_checks(_listed(answer), expected=webhook_address())


def webhook_address() -> str:
    """Return the URL that should be registered for webhooks."""
    return f"{settings.SITE_URL}{reverse('payments:webhook')}"


def endpoint_checks(endpoints: list[dict[str, Any]], *, expected: str) -> Iterator[Check]:
    """Yield the checks of the endpoints listed by Stripe; `expected` is this site's URL."""
    ours = [each for each in endpoints if _is_same(_url(each), urlsplit(expected))]
    if not ours:
        yield _not_registered(endpoints, expected)
        return
    enabled = [each for each in ours if each.get("status") == "enabled"]
    endpoint = (enabled or ours)[0]
    yield _registered(expected, len(enabled))
    yield _enabled(endpoint)
    yield _events(endpoint)
    yield _version(endpoint)


def _url(endpoint: dict[str, Any]) -> SplitResult:
    try:
        return urlsplit(str(endpoint.get("url", "")))
    except ValueError:
        return urlsplit("")


def _is_same(url: SplitResult, expected: SplitResult) -> bool:
    """Compare two addresses of the webhook, which answers with and without its last slash."""
    return (url.scheme, url.netloc.lower(), url.path.rstrip("/")) == (
        expected.scheme,
        expected.netloc.lower(),
        expected.path.rstrip("/"),
    )


def _not_registered(endpoints: list[dict[str, Any]], expected: str) -> Check:
    """Name the other host if events go there: orders would otherwise wait without a reason."""
    path = urlsplit(expected).path
    elsewhere = sorted({_url(each).netloc for each in endpoints if _url(each).path == path})
    if elsewhere:
        return _endpoint(
            Status.WARN,
            f"on another host: {', '.join(elsewhere)}",
            detail=f"Stripe sends events to {', '.join(elsewhere)} instead of {expected}.",
            fix=f"Set the endpoint's URL to {expected} at {WEBHOOKS_PAGE}, or correct SITE_URL.",
        )
    if is_loopback(urlsplit(expected).hostname or ""):
        return _endpoint(
            Status.SKIP,
            "none for this machine, because Stripe cannot reach it",
            detail="The return page confirms payments. To forward events to this machine, use `stripe listen`.",
        )
    return _endpoint(
        Status.WARN,
        "not registered",
        detail="Stripe does not notify this site of payments. The site detects them when buyers return from Stripe's page, and during reconciliation.",
        fix=f"Add the endpoint {expected} at {WEBHOOKS_PAGE}.",
    )


def _registered(expected: str, count: int) -> Check:
    if count > 1:
        fix = f"Remove all but one endpoint for {expected} at {WEBHOOKS_PAGE}."
        return _endpoint(
            Status.WARN, f"registered {count} times, so each event is sent {count} times", fix
        )
    return _endpoint(Status.OK, f"{expected} is registered")


def _enabled(endpoint: dict[str, Any]) -> Check:
    if endpoint.get("status") == "enabled":
        return _webhook("enabled", "Enabled", Status.OK, "yes")
    return _webhook(
        "enabled",
        "Enabled",
        Status.WARN,
        "no: Stripe sends no events, and does not send missed events later",
        fix=f"Enable the endpoint at {WEBHOOKS_PAGE}, and then run `manage.py reconcile_payments`.",
    )


def _events(endpoint: dict[str, Any]) -> Check:
    route_override = {str(kind) for kind in endpoint.get("enabled_events") or []}
    missing = sorted(SUBSCRIBED_EVENTS - route_override) if "*" not in route_override else []
    if not missing:
        return _webhook("events", "Events", Status.OK, "all required events")
    return _webhook(
        "events",
        "Events",
        Status.WARN,
        f"{len(missing)} not sent: {missing[0]}{' …' if len(missing) > 1 else ''}",
        fix=f"Add {', '.join(missing)} to the endpoint at {WEBHOOKS_PAGE}.",
    )


def _version(endpoint: dict[str, Any]) -> Check:
    version = endpoint.get("api_version")
    if version == API_VERSION:
        return _webhook("version", "API version", Status.OK, API_VERSION)
    said = f"version {version}" if version else "the account's default version"
    return _webhook(
        "version",
        "API version",
        Status.WARN,
        f"The endpoint uses {said}. This site uses version {API_VERSION}.",
        detail="An endpoint's API version cannot be changed.",
        fix=f"Add a new endpoint with version {API_VERSION} at {WEBHOOKS_PAGE}, and then remove the old endpoint.",
    )


def _accepted(answer: Answer, setup: Setup) -> Check:
    diagnosis = diagnose_answer(answer)
    if diagnosis is not None:
        return _refused(Cause.of(diagnosis), diagnosis.fix)
    if answer.status != 200:
        words = f"{answer.route.host} responded to a simple request with status {answer.status}."
        return _refused(Cause("UNKNOWN", words), "")
    return Check(
        "key.accepted",
        KEY,
        "Key",
        Status.OK,
        f"{scrub(setup.secret_key)} is accepted",
        milliseconds=answer.record.elapsed_seconds * 1000,
    )


def _refused(cause: Cause, fix: str) -> Check:
    return _key(
        "accepted", "Key", Status.FAIL, cause.id, detail=cause.operator, fix=fix, cause=cause
    )


def _skipped_key_checks(why: str) -> Iterator[Check]:
    yield _skipped("key.mode", KEY, "Mode", why)
    yield _skipped("key.permissions", KEY, "Permissions", why)


def _content(answer: Answer) -> dict[str, Any]:
    content = json.loads(answer.body)
    if not isinstance(content, dict):
        return {}
    listed = content.get("data")
    first = listed[0] if isinstance(listed, list) and listed else {}
    return first if isinstance(first, dict) and "livemode" not in content else content


def _listed(answer: Answer) -> list[dict[str, Any]]:
    try:
        content = json.loads(answer.body)
        return [each for each in content["data"] if isinstance(each, dict)]
    except (ValueError, KeyError, TypeError):
        return []


def _mode(content: dict[str, Any], setup: Setup) -> Check:
    live = content.get("livemode")
    if live is None:
        return _skipped("key.mode", KEY, "Mode", "unknown")
    if live == (setup.mode == LIVE):
        return _key("mode", "Mode", Status.OK, f"{setup.mode}, the same as the key")
    said = "live" if live else "test"
    cause = Cause("API-MODE", f"The key is a {setup.mode} key, but the response is in {said} mode.")
    return _key(
        "mode",
        "Mode",
        Status.FAIL,
        f"{said}, but the key is a {setup.mode} key",
        fix="The response did not come from Stripe. Find out which server sent it.",
        cause=cause,
    )


def _key(name: str, title: str, status: Status, summary: str, **more: Any) -> Check:
    return Check(f"key.{name}", KEY, title, status, summary, **more)


def _endpoint(status: Status, summary: str, fix: str = "", detail: str = "") -> Check:
    return _webhook("endpoint", "Endpoint", status, summary, fix=fix, detail=detail)


def _webhook(name: str, title: str, status: Status, summary: str, **more: Any) -> Check:
    return Check(f"webhook.{name}", WEBHOOK, title, status, summary, **more)


def _skipped(name: str, group: str, title: str, why: str) -> Check:
    return Check(name, group, title, Status.SKIP, why)
