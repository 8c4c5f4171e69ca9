"""Which requests count as visits: those of people who look and try, whoever they are."""

import pytest
from django.test import Client
from django.urls import reverse

from catalog.models import DailyVisits
from catalog.services.visits import store_visits
from studio.tests.conftest import sign_in

pytestmark = pytest.mark.django_db

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
DETAIL = "/banks/git/"


@pytest.fixture
def visitor():
    return Client(headers={"user-agent": BROWSER})


def counted():
    store_visits()
    return [(row.page_views, row.sample_answers) for row in DailyVisits.objects.all()]


def test_page_from_the_page_cache_is_counted(visitor, test_bank, django_assert_num_queries):
    visitor.get(DETAIL)
    with django_assert_num_queries(1):  # the page cache's generation
        visitor.get(DETAIL)
    assert counted() == [(2, 0)]


def test_visitor_gets_no_session(visitor, test_bank):
    visitor.get(DETAIL)
    visitor.post(reverse("catalog:sample", args=["git", 1]), {"choice": "b"})
    assert set(visitor.cookies) <= {"csrftoken", "testbank_csrf"}


def test_learners_are_counted_and_staff_are_not(visitor, test_bank, learner, seller):
    visitor.force_login(learner)
    visitor.get(DETAIL)
    staff = sign_in(seller)
    staff.get(DETAIL, headers={"user-agent": BROWSER})
    assert counted() == [(1, 0)]


@pytest.mark.parametrize(
    "agent",
    [
        "",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
        "Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/140.0",
        "curl/8.5.0",
        "python-requests/2.32",
    ],
)
def test_programs_are_not_counted(test_bank, agent):
    Client(headers={"user-agent": agent}).get(DETAIL)
    assert counted() == []


def test_other_requests_are_not_counted(visitor, test_bank, make_bank):
    make_bank("draft", status="draft")
    visitor.head(DETAIL)
    visitor.get("/banks/draft/")
    visitor.get(DETAIL, headers={"sec-purpose": "prefetch"})
    assert counted() == []


def test_answered_samples_are_counted(visitor, test_bank):
    page = reverse("catalog:sample", args=["git", 1])
    visitor.get(page)
    visitor.post(page, {"choice": "b"})
    visitor.post(page, {})
    session = reverse("practice:samples", args=["git"])
    visitor.get(session)
    visitor.post(session, {"check": "1", "choice": "b"})
    assert counted() == [(0, 2)]
