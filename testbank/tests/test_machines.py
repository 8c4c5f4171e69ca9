"""Stripe's events past what browsers need: the same view, and the same answers."""

import json
from typing import Any

import pytest
from django.test import RequestFactory
from django.urls import reverse
from django.utils.translation import override

from catalog.models import Access
from delivery.models import OutgoingMail
from payments.models import StripeEvent
from payments.tests.conftest import facts, order  # noqa: F401 - fixtures
from payments.tests.stripe_events import SECRET, event_of, signature_of
from testbank.machines import machines_first

WEBHOOK = reverse("payments:webhook")


def the_site(environment, start):
    start("200 OK", [])
    return [b"the site"]


@pytest.fixture
def ask(settings):
    """The answer to a request of a server: its status, its headers, its body."""
    settings.WORKER = True
    application = machines_first(the_site, names=["payments:webhook"])

    def send(method="POST", path=WEBHOOK, body=b"", signature=""):
        told: list[Any] = []
        request = RequestFactory().generic(
            method, path, body, content_type="application/json", HTTP_STRIPE_SIGNATURE=signature
        )
        answer = application(request.environ, lambda *head: told.extend(head))
        content = b"".join(answer)
        getattr(answer, "close", lambda: None)()
        return int(told[0][:3]), dict(told[1]), content

    return send


def tell(ask, event, secret=SECRET):
    body = json.dumps(event).encode()
    return ask(body=body, signature=signature_of(body, secret))


@pytest.mark.django_db(transaction=True)
def test_a_paid_event_gives_access(ask, order):  # noqa: F811 - the fixture
    status, headers, body = tell(ask, event_of(order))
    assert (status, body, headers["Content-Length"]) == (200, b"kept", "4")
    assert "Set-Cookie" not in headers
    assert (Access.objects.count(), StripeEvent.objects.get().status) == (1, "done")


@pytest.mark.django_db(transaction=True)
def test_a_mail_is_in_the_language_of_the_site(ask, order):  # noqa: F811 - the fixture
    with override("de"):
        tell(ask, event_of(order))
    assert OutgoingMail.objects.get().language == "en"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("method", "status"), [("POST", 400), ("GET", 405), ("DELETE", 405)])
def test_what_is_no_event_is_refused(ask, method, status):
    assert ask(method)[0] == status
    assert not StripeEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_fault_answers_500_and_keeps_the_event(ask, order, monkeypatch):  # noqa: F811 - as above
    def broken(*_arguments, **_named):
        raise RuntimeError("the mails cannot be queued")

    monkeypatch.setattr("payments.domain.fulfillment.queue_receipt", broken)
    status, _headers, body = tell(ask, event_of(order))
    assert (status, StripeEvent.objects.get().status) == (500, "failed")
    assert b"cannot be queued" not in body
    monkeypatch.undo()
    assert tell(ask, event_of(order))[0] == 200
    assert Access.objects.count() == 1


def test_every_other_address_is_the_sites(ask):
    assert ask("GET", "/banks/")[2] == b"the site"
