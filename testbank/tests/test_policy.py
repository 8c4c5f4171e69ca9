import pytest
from csp.utils import build_policy
from django.http import HttpResponse
from django.test import RequestFactory

from testbank.policy import PolicyMiddleware

HEADER = "Content-Security-Policy"


def answered(response, *, path="/"):
    request = RequestFactory().get(path)
    return PolicyMiddleware(lambda _request: response)(request)


def test_a_page_gets_the_policy_of_the_settings(settings):
    assert answered(HttpResponse())[HEADER] == build_policy()
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": {"default-src": ["'none'"]}}
    assert answered(HttpResponse())[HEADER] == "default-src 'none'"


def test_a_policy_that_stands_already_is_left():
    response = HttpResponse(headers={HEADER: "sandbox"})
    assert answered(response)[HEADER] == "sandbox"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("_csp_replace", {"script-src": ["'unsafe-eval'"]}, "script-src 'unsafe-eval'"),
        ("_csp_update", {"script-src": ["https://one.example"]}, "https://one.example"),
        ("_csp_config", {"object-src": ["'none'"]}, "object-src 'none'"),
    ],
)
def test_what_a_page_asks_for_is_django_csps_to_answer(name, value, expected):
    response = HttpResponse()
    setattr(response, name, value)
    assert expected in answered(response)[HEADER]


def test_an_exempt_page_has_none():
    response = HttpResponse()
    response.__dict__["_csp_exempt"] = True
    assert HEADER not in answered(response)
