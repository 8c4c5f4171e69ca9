"""What search engines and other sites read of a bank, and what they are asked not to."""

import json
import re
from datetime import timedelta
from html import unescape
from io import BytesIO
from xml.etree import ElementTree

import pytest
from django.urls import reverse
from PIL import Image, ImageChops

from accounts.models import User
from catalog.covers.drawing import cover_shapes
from catalog.covers.png import card_png
from catalog.models import Access
from catalog.reviews import write_review
from catalog.seo.sitemaps import Banks
from catalog.services import grant_access

pytestmark = [pytest.mark.django_db, pytest.mark.pages]

SITE = "https://shop.example"
NAMES = {"of": "http://www.sitemaps.org/schemas/sitemap/0.9"}


@pytest.fixture(autouse=True)
def public_address(settings):
    settings.SITE_URL = SITE


@pytest.fixture
def graph(client):
    """The structured data of a bank's page, by type."""

    def graph(slug="git"):
        page = client.get(reverse("catalog:detail", args=[slug])).text
        [block] = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
        return {thing["@type"]: thing for thing in json.loads(block)["@graph"]}

    return graph


def head_of(page):
    """The properties of a page's head."""
    found = re.findall(r'<meta (?:name|property)="([^"]+)" content="([^"]*)">', page)
    [canonical] = re.findall(r'<link rel="canonical" href="([^"]+)">', page)
    assert len(found) == len(dict(found)), "something is said twice"
    return {name: unescape(value) for name, value in found} | {"canonical": canonical}


def review(bank, at, stars):
    author = User.objects.create_user(f"author{stars}@example.org")
    grant_access(
        learner=author,
        test_bank=bank,
        source_kind=Access.Source.FREE,
        source_id="1",
        starts_at=at,
        access_days=None,
    )
    write_review(learner=author, test_bank=bank, stars=stars, words="", author_name="", at=at)


# Structured data


def test_product_has_its_offer_and_no_rating_without_reviews(graph, make_bank):
    make_bank("git", title="Git", summary="All of Git.", price_minor=1999)
    product = graph()["Product"]
    assert "aggregateRating" not in product
    assert (product["name"], product["description"]) == ("Git", "All of Git.")
    assert product["image"] == f"{SITE}/banks/git/card.png"
    assert product["offers"] == {
        "@type": "Offer",
        "url": f"{SITE}/banks/git/",
        "price": "19.99",
        "priceCurrency": "USD",
        "availability": "https://schema.org/InStock",
    }


@pytest.mark.parametrize(
    ("minor", "currency", "price"),
    [(0, "USD", "0.00"), (1999, "JPY", "1999"), (1999, "KWD", "1.999"), (100, "EUR", "1.00")],
)
def test_price_is_written_as_machines_read_it(graph, make_bank, minor, currency, price):
    make_bank("git", price_minor=minor, currency=currency)
    assert graph()["Product"]["offers"]["price"] == price


def test_rating_is_that_of_the_page(graph, test_bank, at):
    for stars in (5, 4):
        review(test_bank, at, stars)
    assert graph()["Product"]["aggregateRating"] == {
        "@type": "AggregateRating",
        "ratingValue": "4.5",
        "reviewCount": 2,
        "bestRating": 5,
        "worstRating": 1,
    }


def test_way_to_the_bank_leads_over_its_category(graph, test_bank):
    steps = graph()["BreadcrumbList"]["itemListElement"]
    assert [(step["position"], step["name"], step["item"]) for step in steps] == [
        (1, "Test banks", f"{SITE}/banks/"),
        (2, "Software", f"{SITE}/categories/software/"),
        (3, "Bank git", f"{SITE}/banks/git/"),
    ]


def test_title_cannot_leave_the_data_block(client, graph, make_bank):
    title = "</script><script>alert(1)</script><!-- & \u2028"
    make_bank("evil", title=title)
    assert graph("evil")["Product"]["name"] == title
    assert "<script>alert" not in client.get(reverse("catalog:detail", args=["evil"])).text


# The head


def test_head_names_the_page_and_its_card(client, make_bank):
    make_bank("git", title="Git & more", summary='All of "Git".')
    head = head_of(client.get("/banks/git/?utm_source=mail").text)
    assert head["canonical"] == head["og:url"] == f"{SITE}/banks/git/"
    assert (head["og:title"], head["description"]) == ("Git & more", 'All of "Git".')
    assert head["og:description"] == head["description"]
    assert head["og:image"] == f"{SITE}/banks/git/card.png"
    assert head["twitter:card"] == "summary_large_image"


def test_bank_without_a_summary_is_described_by_its_title(client, test_bank):
    assert head_of(client.get("/banks/git/").text)["description"] == "Bank git"


@pytest.mark.parametrize("name", ["reviews", "changes"])
def test_pages_of_a_bank_have_addresses_of_their_own(client, test_bank, name):
    address = reverse(f"catalog:{name}", args=["git"])
    head = head_of(client.get(f"{address}?x=1").text)
    assert head["canonical"] == f"{SITE}{address}"
    assert "Bank git" in head["description"]


def test_each_sample_is_a_page_of_its_own(client, test_bank):
    head = head_of(client.get("/banks/git/sample/2/").text)
    assert (head["canonical"], head["og:title"]) == (
        (f"{SITE}/banks/git/sample/2/", "Sample question 2 from Bank git")
    )


@pytest.mark.parametrize(
    ("path", "canonical", "title"),
    [
        ("/", "/", "Testbank"),
        ("/banks/?free=1&sort=price", "/banks/", "Test banks"),
        ("/categories/software/?sort=price", "/categories/software/", "Software"),
    ],
)
def test_front_is_one_page_however_it_is_narrowed(client, test_bank, path, canonical, title):
    head = head_of(client.get(path).text)
    assert (head["canonical"], head["og:title"]) == (f"{SITE}{canonical}", title)
    assert head["og:image"] == f"{SITE}/static/img/card.png"


# Sitemaps and robots


def locations(response):
    tree = ElementTree.fromstring(response.content)  # noqa: S314 - our own
    return [element.text for element in tree.iterfind(".//of:loc", NAMES)]


def test_sitemap_index_names_each_sitemap(client, test_bank):
    response = client.get("/sitemap.xml")
    assert response["Cache-Control"] == "public, max-age=3600"
    assert locations(response) == [
        "http://testserver/sitemap-front.xml",
        "http://testserver/sitemap-banks.xml",
    ]


def test_sitemap_of_banks_has_those_on_sale_and_their_moment(client, test_bank, make_bank, at):
    make_bank("draft", status="draft")
    make_bank("gone", status="withdrawn")
    type(test_bank).objects.update(updated_at=at)
    response = client.get("/sitemap-banks.xml")
    assert locations(response) == [f"{SITE}/banks/git/"]
    assert "<lastmod>2026-11-02</lastmod>" in response.text


def test_sitemap_of_the_front_has_categories_on_sale(client, test_bank):
    assert locations(client.get("/sitemap-front.xml")) == [
        f"{SITE}/",
        f"{SITE}/banks/",
        f"{SITE}/categories/software/",
    ]


def test_sitemap_without_banks(client):
    assert locations(client.get("/sitemap-banks.xml")) == []
    assert client.get("/sitemap.xml").status_code == 200


def test_sitemap_that_is_not_there_is_not_found(client):
    assert client.get("/sitemap-other.xml").status_code == 404
    assert client.get("/sitemap-banks.xml?p=2").status_code == 404


@pytest.mark.parametrize("rows", [1, 3])
def test_sitemap_costs_the_same_for_one_and_three(
    client, make_bank, django_assert_num_queries, rows
):
    for number in range(rows):
        make_bank(f"bank-{number}")
    with django_assert_num_queries(2):
        client.get("/sitemap-banks.xml")


def test_newest_bank_dates_the_sitemap(make_bank, at):
    for day in (1, 3, 2):
        make_bank(f"bank-{day}", updated_at=at + timedelta(days=day))
    make_bank("draft", status="draft", updated_at=at + timedelta(days=9))
    assert Banks().get_latest_lastmod() == at + timedelta(days=3)


def test_robots_are_kept_from_what_is_somebodys_and_led_to_the_sitemap(client):
    response = client.get("/robots.txt")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    lines = response.text.splitlines()
    assert lines[0] == "User-agent: *"
    assert lines[-1] == f"Sitemap: {SITE}/sitemap.xml"
    assert "Disallow: /my-banks/" in lines
    assert "Disallow: /banks/" not in lines


# Cards


def test_card_is_a_picture_of_the_size_that_others_show(client, test_bank):
    response = client.get("/banks/git/card.png")
    assert response["Content-Type"] == "image/png"
    assert response["Cache-Control"] == "max-age=86400, public"
    picture = Image.open(BytesIO(response.content))
    assert (picture.format, picture.size) == ("PNG", (1200, 630))
    assert len(response.content) < 60_000


def test_card_of_a_draft_is_sellers_alone(client, make_bank, seller):
    make_bank("draft", status="draft")
    assert client.get("/banks/draft/card.png").status_code == 404
    client.force_login(seller)
    assert client.get("/banks/draft/card.png")["Cache-Control"] == "max-age=86400, private"


def test_card_is_the_same_for_the_same_bank_and_no_other():
    assert card_png("git", 250, 90) == card_png("git", 250, 90)
    assert card_png("git", 250, 90) != card_png("sql", 250, 90)


def test_card_has_the_color_of_its_cover():
    ground, *_sheet = cover_shapes("git-in-practice", 250, 90)
    picture = Image.open(BytesIO(card_png("git-in-practice", 250, 90))).convert("RGB")
    of_the_ground = Image.new("RGB", picture.size, ground.color)
    distances = ImageChops.difference(picture, of_the_ground).convert("L").histogram()
    assert sum(distances[:8]) > 1200 * 630 / 2
