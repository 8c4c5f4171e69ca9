"""Every address × everybody: who gets what, which headers, and that odd addresses are no errors.

`permission_matrix.txt` beside this file has a row for each address and method. A new address
without a row fails, and so does one whose answer changed: look at the difference, and copy the
new file from `var/permission_matrix.txt`.
"""

from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import transaction
from django.test import Client

from accounts.models import User
from backoffice.groups import OPERATORS, SELLERS
from backoffice.tests.test_site import make_order  # noqa: F401 - a fixture
from catalog.models import Access, BankQuestion
from catalog.services import grant_access, revoke_access
from testing.addresses import addresses
from testing.staff_sessions import sign_in_staff

MATRIX = Path(__file__).with_name("permission_matrix.txt")
NEW_MATRIX = settings.VAR_DIR / "permission_matrix.txt"
PEOPLE = (
    *("stranger", "learner", "owner", "former", "no-factor"),
    *("no-group", "operator", "seller", "superuser"),
)
# What a redirect leads to, where that says who may not.
LEADS_TO = {
    "/accounts/login/": "sign-in",
    "/accounts/signup/": "sign-up",
    "/accounts/2fa/": "factor",
    "/accounts/reauthenticate/": "password",
}
# Their lists and results leave out what the person may not see.
FRAME_OF_THE_ADMIN = {
    *("admin/", "admin/jsi18n/", "admin/logout/", "admin/search/"),
    *("admin/password_change/", "admin/password_change/done/"),
}
ODD_TEXTS = ("\0", "%ed%a0%80", "..", "%00", "a" * 3000, "9" * 40, "-1", "🙂", "<x>", "' OR 1=1")
ODD_QUERIES = (
    "page=%00",
    f"page={'9' * 40}",
    "page=-1&sort=%ed%a0%80&q=%00",
    "q=%ff&up_to=1e999&currency=%00",
    "next=%00&after=%00&before=9999-99-99",
    "at__year=99999&at__month=13&created_at__year=0&joined_at__year=-1",
    "o=999999999999999999999&p=x&e=1&all=",
    "_facets=%00&_to_field=%00&_popup=%00",
    # The days of a period: at both ends of the calendar, and outside of it.
    "days=&first=0001-01-01&last=9999-12-31",
    "days=&first=2026-01-01&last=9999-12-31",
    "days=&first=2026-13-45&last=%00",
    f"days={'9' * 40}&first=-1&last=1e999",
)

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(1500)]


def staff(email, *groups, **fields):
    user = User.objects.create_user(email, "a-long-pass-phrase", is_staff=True, **fields)
    user.groups.set(Group.objects.filter(name__in=groups))
    return user


@pytest.fixture
def cast(learner, owner, other_learner, test_bank, at):
    """The people of the matrix, each with a client."""
    access = grant_access(
        learner=other_learner,
        test_bank=test_bank,
        source_kind=Access.Source.GRANT,
        source_id="former",
        starts_at=at,
        access_days=None,
        reason="a former owner",
    )
    revoke_access(access=access, reason="a former owner", at=at)
    users = {
        "learner": learner,
        "owner": owner,
        "former": other_learner,
        "no-factor": staff("no-factor@example.org", SELLERS),
        "no-group": staff("no-group@example.org"),
        "operator": staff("operator@example.org", OPERATORS),
        "seller": staff("seller@example.org", SELLERS),
        "superuser": staff("superuser@example.org", is_superuser=True),
    }
    clients = {"stranger": Client(raise_request_exception=False)}
    for name, user in users.items():
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        client = clients[name] = Client(raise_request_exception=False)
        client.force_login(user)
        if name in {"no-group", "operator", "seller", "superuser"}:
            sign_in_staff(client, user)
    return clients


@pytest.fixture
def values(make_order, owner, test_bank):  # noqa: F811
    """A value for each parameter: the owner's order, and the first question of the bank."""
    order = make_order(user=owner, email=owner.email)
    question = BankQuestion.objects.get(test_bank=test_bank, position=1).question
    numbers = dict.fromkeys(("number", "position", "dispute_id", "edit_id", "role_id"), 1)
    others = {"attempt_id": "00000000-0000-4000-8000-000000000000", "token": "x", "kind": "essay"}
    return {
        **numbers,
        **others,
        "slug": test_bank.slug,
        "section": "test_banks",
        "order_id": order.pk,
        "public_id": question.public_id,
        "event_id": "evt_none",
        "content_type_id": "1",
        # The first object of the model.
        "object_id": None,
        "app_label": "catalog",
    }


def ask(client, method, url):
    """Send a request whose effects are undone."""
    cookies = client.cookies.copy()
    with transaction.atomic():
        response = getattr(client, method)(url)
        transaction.set_rollback(True)
    client.cookies = cookies
    return response


def answer(response):
    """The status, or what a redirect leads to."""
    location = response.headers.get("Location", "")
    named = [name for start, name in LEADS_TO.items() if location.startswith(start)]
    return named[0] if response.status_code in {302, 303} and named else str(response.status_code)


def test_every_address_has_a_row():
    """The quick half of the matrix: nothing is asked."""
    rows = [line for line in MATRIX.read_text().splitlines() if line.startswith(("GET ", "POST "))]
    wanted = [f"{method} {one.route}" for one in addresses() for method in ("GET", "POST")]
    assert rows == wanted


def test_staff_pages_name_the_permission_that_they_need():
    """Staff without a group open nothing of the staff's but the frame, which shows no data."""
    rows = MATRIX.read_text().splitlines()[1:]
    opened = set()
    for route, answers in zip(rows[::2], rows[1::2], strict=True):
        found = dict(zip(PEOPLE, answers.split(), strict=True))
        if found["no-group"] == "200" and found["learner"] not in {"200", "password"}:
            opened.add(route.split()[1])
    assert opened == FRAME_OF_THE_ADMIN


@pytest.mark.proof
def test_permission_matrix(cast, values):
    lines = ["".join(word.ljust(11) for word in ("", *PEOPLE)).rstrip()]
    for address in addresses():
        for method in ("get", "post"):
            answers = [answer(ask(cast[who], method, address.url(values))) for who in PEOPLE]
            lines.append(f"{method.upper()} {address.route}")
            lines.append("".join(word.ljust(11) for word in ("", *answers)).rstrip())
    NEW_MATRIX.parent.mkdir(exist_ok=True)
    NEW_MATRIX.write_text("\n".join([*lines, ""]))
    assert " 500" not in NEW_MATRIX.read_text()
    assert lines == MATRIX.read_text().splitlines(), f"compare with {NEW_MATRIX}"


@pytest.mark.proof
def test_headers_of_every_page(cast, values):
    wrong = []
    for address in addresses():
        response = ask(cast["superuser"], "get", address.url(values))
        headers = response.headers
        found = {
            "nosniff": headers.get("X-Content-Type-Options") == "nosniff",
            "policy": "camera=()" in headers.get("Permissions-Policy", ""),
            "csp": "default-src 'none'" in headers.get("Content-Security-Policy", ""),
            "referrer": headers.get("Referrer-Policy") == "same-origin",
            "frames": headers.get("X-Frame-Options") == "DENY",
        }
        wrong += [(address.route, name) for name, is_set in found.items() if not is_set]
    assert wrong == []


@pytest.mark.slow
def test_personal_pages_are_never_stored(cast, values):
    """A page that varies by cookie, asked for with a session, stays out of every cache.

    The pictures of the catalog say themselves that they are public.
    """
    stored = []
    for address in addresses():
        headers = ask(cast["owner"], "get", address.url(values)).headers
        control = headers.get("Cache-Control", "")
        varies = "Cookie" in headers.get("Vary", "")
        if varies and not {"no-store", "public"} & set(control.replace(" ", "").split(",")):
            stored.append((address.route, control))
    assert stored == []


@pytest.mark.proof
@pytest.mark.parametrize("who", ["stranger", "superuser"])
def test_odd_values_in_addresses_are_no_errors(cast, values, who):
    errors = []
    for address in addresses():
        for text in ODD_TEXTS if address.parameters else ():
            url = address.url(dict.fromkeys(address.parameters, text))
            for method in ("get", "post"):
                if ask(cast[who], method, url).status_code >= 500:
                    errors.append((method, address.route, text[:20]))
    assert errors == []


@pytest.mark.proof
@pytest.mark.parametrize("who", ["stranger", "superuser"])
def test_odd_queries_are_no_errors(cast, values, who):
    errors = []
    for address in addresses():
        for query in ODD_QUERIES:
            response = ask(cast[who], "get", f"{address.url(values)}?{query}")
            if response.status_code >= 500 and address.route not in {"readyz"}:
                errors.append((address.route, query))
    assert errors == []
