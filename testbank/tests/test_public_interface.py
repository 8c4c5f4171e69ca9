"""What people and programs outside rely on: it stays, whatever moves inside.

New lines are welcome; removing one breaks somebody's bookmark, `.env`, alert or script.
"""

import inspect
import re
from pathlib import Path

import pytest
from django.urls import resolve

from outbound.diagnosis.causes import IDS
from payments import stripe_integration

ROOT = Path(__file__).resolve().parents[2]
UUID = "12345678-1234-5678-1234-567812345678"
IMAGE = "0123456789abcdef0123456789abcdef-640x480.png"

ADDRESSES = f"""
/ /banks/ /banks/git/ /banks/git/changes/ /banks/git/reviews/ /banks/git/review/
/banks/git/review/remove/ /banks/git/cover.svg /banks/git/card.png /banks/git/sample/1/
/banks/git/questions/{UUID}/ /categories/software/ /search/ /my-banks/ /robots.txt /sitemap.xml
/sitemap-banks.xml /staff/preview/{UUID}/ /staff/editor/git/
/payments/checkout/git/ /payments/remind/git/ /payments/success/{UUID}/
/payments/cancelled/{UUID}/ /payments/orders/ /payments/orders/{UUID}/check/
/payments/orders/{UUID}/receipt/ /payments/orders/{UUID}/resend/ /payments/webhook/
/practice/start/git/ /practice/progress/ /practice/{UUID}/ /practice/{UUID}/1/
/practice/{UUID}/finish/ /practice/ /practice/new/ /practice/history/ /practice/history/git/
/practice/settings/ /practice/exam/git/ /practice/samples/git/ /questions/images/{IMAGE}
/studio/ /studio/new-bank/ /studio/banks/git/ /studio/banks/git/settings/
/studio/banks/git/questions/ /studio/banks/git/questions/{UUID}/ /studio/banks/git/imports/
/studio/banks/git/export/jsonl/ /studio/sales/ /studio/sales/sales.csv /studio/access/
/studio/audit-log/ /studio/banks/git/quality/
/healthz /readyz /metrics /language/ /evidence/1/ /accounts/login/ /accounts/signup/
/accounts/logout/ /accounts/email/ /accounts/password/reset/ /accounts/2fa/
/admin/ /admin/payment-health/ /admin/payment-health/look/ /admin/payment-health/replay/evt_1/
/admin/payment-health/aside/evt_1/ /admin/payments/order/1/refund/
/admin/payments/order/1/refund-second/ /admin/payments/order/1/receipt/
/admin/payments/order/1/open/ /admin/payments/refund/ /admin/payments/stripeevent/
/admin/payments/dispute/ /admin/payments/incident/ /admin/catalog/testbank/
/admin/catalog/testbank/1/questions/ /admin/catalog/testbank/1/editor/
/admin/catalog/testbank/1/page/ /admin/catalog/access/1/revoke/ /admin/catalog/review/1/hide/
/admin/catalog/review/1/show/ /admin/accounts/user/
""".split()

SETTINGS = """
STRIPE_PUBLIC_KEY STRIPE_SECRET_KEY STRIPE_WEBHOOK_SECRET STRIPE_ACCOUNT NO_PROXY HTTPS_PROXY
ALL_PROXY STRIPE_PROXY STRIPE_CA_BUNDLE STRIPE_DEADLINE STRIPE_CONNECT_TIMEOUT
STRIPE_READ_TIMEOUT STRIPE_PROXY_FALLBACK STRIPE_MAX_CALLS STRIPE_RESOLVE STRIPE_API_BASE
CHECKOUT_ORIGIN SITE_URL SITE_NAME ALLOWED_HOSTS BEHIND_TLS_PROXY SECRET_KEY DEBUG CURRENCY
REFUND_DAYS LANGUAGE_CODE TIME_ZONE LOG_LEVEL DATABASE_URL DATABASE_PREPARED_STATEMENTS MEDIA_ROOT
STATIC_ROOT HASHED_STATIC RUN_DIR EMAIL_HOST EMAIL_PORT EMAIL_HOST_USER EMAIL_HOST_PASSWORD
EMAIL_USE_TLS SUPPORT_EMAIL DEFAULT_FROM_EMAIL WORKER METRICS_TOKEN TESTBANK_DEMO
""".split()

# Logs, incidents, alerts and the manual refer to these.
CAUSE_IDS = """
NET-BUSY NET-CA-BUNDLE NET-CAPTIVE NET-CUT NET-DEADLINE NET-DNS NET-DNS-SILENT NET-GATEWAY
NET-NO-ANSWER NET-PROXY-403 NET-PROXY-407 NET-PROXY-ADDRESS NET-PROXY-CLOSED NET-PROXY-DNS
NET-PROXY-NOT-HTTP NET-PROXY-NOT-SOCKS NET-PROXY-REFUSED NET-PROXY-SILENT NET-PROXY-STATUS
NET-PROXY-TLS NET-PROXY-UNREACHABLE NET-REFUSED NET-RESET NET-SILENT NET-SOCKS-AUTH
NET-SOCKS-REFUSED NET-TLS-CLOCK NET-TLS-NAME NET-TLS-OTHER NET-TLS-UNTRUSTED NET-UNREACHABLE
API-400 API-401 API-403 API-409 API-429 API-5XX UNKNOWN
""".split()

# The import paths of the original report.
REPORTED_NAMES = """
create_checkout_session CheckoutSession StripeError APIConnectionError APIError
InvalidRequestError
""".split()


@pytest.mark.parametrize("address", ADDRESSES)
def test_url_still_resolves(address):
    # The admin answers unknown addresses by a pattern of its own.
    assert not resolve(address).route.endswith("(?P<url>.*)$")


def test_settings_are_still_documented():
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    explained = set(re.findall(r"^#?([A-Z_]+)=", text, re.MULTILINE))
    assert sorted(set(SETTINGS) - explained) == []


def test_cause_ids_still_exist():
    assert sorted(set(CAUSE_IDS) - IDS) == []


@pytest.mark.parametrize("name", REPORTED_NAMES)
def test_reported_name_can_still_be_imported(name):
    assert hasattr(stripe_integration, name)


def test_create_checkout_session_still_takes_positional_arguments():
    parameters = inspect.signature(stripe_integration.create_checkout_session).parameters
    assert list(parameters) == ["test_bank", "user", "request"]
