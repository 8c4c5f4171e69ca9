"""Frontend files: size, no inline code, vendored files as in the manifest."""

import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.http import Http404
from django.template.loader import get_template, render_to_string
from django.test import RequestFactory
from django.views.defaults import server_error

from testbank.error_pages import error_page

STATIC = Path(settings.BASE_DIR) / "static"
TEMPLATES = Path(settings.BASE_DIR) / "templates"
CSS = (STATIC / "css" / "site.css").read_text()
FONTS = sorted((STATIC / "fonts").glob("*.woff2"))
SCRIPTS = sorted((STATIC / "vendor").glob("*.js"))
MATH_FONT = STATIC / "fonts" / "stix-two-math-subset.woff2"
PAGES = sorted(
    path.relative_to(TEMPLATES).as_posix()
    for path in TEMPLATES.rglob("*.html")
    if "email" not in path.relative_to(TEMPLATES).parts
)
MAILS = [
    TEMPLATES / "account" / "email",
    *(Path(settings.BASE_DIR) / app / "templates" / app / "email" for app in ("payments",)),
]
MAIL_PAGES = sorted(page for folder in MAILS for page in folder.glob("*_message.html"))
ERROR_PAGES = ["400", "403", "403_csrf", "404", "429", "500", "503"]
MAIL = {
    "code": "ABCD-EFGH",
    "activate_url": "https://shop.example/confirm",
    "password_reset_url": "https://shop.example/reset?a=1&b=2",
    "signup_url": "https://shop.example/signup",
    "site_name": "Testbank",
    "price": "$19.00",
    "title": "Git in practice",
    "site_url": "https://shop.example",
    "path": "/practice/",
    "order": "7b1c",
    "failed": 2,
}


def test_first_page_load_is_small() -> None:
    fonts = sum(font.stat().st_size for font in FONTS if font != MATH_FONT)
    assert len(gzip.compress(CSS.encode(), 9)) <= 12_000
    assert fonts <= 20_000


def test_math_font_is_small_and_loaded_for_formulas_only() -> None:
    assert MATH_FONT.stat().st_size <= 35_000
    used = re.findall(r'([^{};/]+)\{[^{}]*\bfont(?:-family)?:[^;]*"STIX Two Math"', CSS)
    assert [selector.strip() for selector in used] == ["@font-face", ".prose math"]


def test_vendored_files_match_manifest() -> None:
    listed = json.loads((STATIC / "vendor" / "manifest.json").read_text())["files"]
    assert [STATIC / file["path"] for file in listed] == FONTS + SCRIPTS
    for file in listed:
        assert hashlib.sha256((STATIC / file["path"]).read_bytes()).hexdigest() == file["sha256"]
        assert (STATIC / file["licence_file"]).is_file()


def test_stylesheet_loads_no_external_file() -> None:
    assert {url for url in re.findall(r"url\(\"?([^\")]+)", CSS) if "://" in url} == set()
    assert "@import" not in CSS


def test_stylesheet_uses_logical_properties_only() -> None:
    physical = r"(?<![\w-])(?:margin|padding|border|inset)-(?:left|right|top|bottom)\b|text-align: (?:left|right)"
    assert re.findall(physical, CSS) == []


@pytest.mark.parametrize("page", PAGES)
def test_template_has_no_inline_script_or_style(page: str) -> None:
    source = (TEMPLATES / page).read_text()
    assert re.findall(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son[a-z]+=\"", source) == []


@pytest.mark.parametrize("name", ERROR_PAGES)
def test_error_page_renders_without_context_or_database(name: str) -> None:
    page = get_template(f"{name}.html").render({})
    assert page.count("<h1>") == 1
    assert f"{settings.STATIC_URL}css/site.css" in page


@pytest.mark.parametrize("name", ERROR_PAGES)
def test_error_page_preview_in_demo(name: str) -> None:
    response = error_page(RequestFactory().get("/"), name)
    assert str(response.status_code) == name[:3]
    with pytest.raises(Http404):
        error_page(RequestFactory().get("/"), "418")


def test_server_error_shows_incident_code() -> None:
    assert "7F3K-92QD" in get_template("500.html").render({"incident_code": "7F3K-92QD"})
    assert server_error(RequestFactory().get("/")).status_code == 500


@pytest.mark.parametrize("page", MAIL_PAGES, ids=lambda path: path.name)
def test_mail_text_and_html_have_same_content(page: Path) -> None:
    folder = page.parent.relative_to(page.parents[2])
    html = render_to_string(f"{folder}/{page.name}", MAIL)
    text = render_to_string(f"{folder}/{page.stem}.txt", MAIL)
    for line in (line for line in text.split("\n--\n")[0].splitlines() if line.strip()):
        assert line.replace("&", "&amp;") in html
