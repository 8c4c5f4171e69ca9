"""Carry the calls of `requests` out through `outbound`: its route, its trust, its deadline."""

import io
import logging
from typing import Any

import requests
from django.conf import settings
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from outbound.diagnosis import diagnose
from outbound.route import ProxyEnvironment, Route, RouteError, decide
from outbound.transport import Answer, CallFailed, Client

logger = logging.getLogger("outbox.mail")


class MailNotSent(requests.RequestException):
    """The provider could not be reached. The message begins with an id of docs/network.md."""


class OutboundAdapter(BaseAdapter):
    """A transport for `requests.Session`. Proxy variables and CA variables are read by no one else."""

    def send(
        self, request: requests.PreparedRequest, *_args: Any, **_options: Any
    ) -> requests.Response:
        """Make one call within EMAIL_TIMEOUT. Raises: MailNotSent."""
        client = Client(
            ca_bundle=settings.STRIPE_CA_BUNDLE,
            deadline_seconds=settings.EMAIL_TIMEOUT,
            connect_timeout_seconds=settings.EMAIL_TIMEOUT,
        )
        try:
            answer = _call(client, request)
        except RouteError as error:
            raise MailNotSent(f"CFG-ROUTE: {error}") from error
        except CallFailed as error:
            diagnosis = diagnose(error)
            logger.warning("mail provider: cause=%s route=%r", diagnosis.id, error.record.route)
            raise MailNotSent(f"{diagnosis.id}: {diagnosis.operator}") from error
        finally:
            client.close()
        return _response(request, answer)

    def close(self) -> None:
        """Nothing stays open after a call."""


def route_of_mail(url: str) -> Route:
    """Return the route of a call to the provider, decided as for Stripe. Raises: RouteError."""
    environment = ProxyEnvironment.of_process(settings.OUTBOUND_DOTENV)
    return decide(url, setting=settings.EMAIL_PROXY, environment=environment)


def _call(client: Client, request: requests.PreparedRequest) -> Answer:
    url = str(request.url)
    # anymail passes a string or bytes; a stream would be sent by other means.
    body = request.body.encode() if isinstance(request.body, str) else request.body
    assert body is None or isinstance(body, bytes)  # noqa: S101 - for the type checker
    headers = {
        str(name): _text(value)
        for name, value in request.headers.items()
        # The client writes its own.
        if name.lower() not in {"content-length", "connection", "accept-encoding"}
    }
    return client.request(
        str(request.method), url, headers=headers, body=body, route=route_of_mail(url)
    )


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _response(request: requests.PreparedRequest, answer: Answer) -> requests.Response:
    response = requests.Response()
    response.status_code = answer.status
    response.headers = CaseInsensitiveDict(answer.headers)
    response.raw = io.BytesIO(answer.body)
    response.url = str(request.url)
    response.request = request
    response.encoding = "utf-8"
    return response
