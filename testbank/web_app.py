"""What makes the site an app in a browser: its service worker and its manifest."""

import hashlib
import json
from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

JAVASCRIPT = "text/javascript"
# What the page for offline use needs.
FILES = (
    "css/site.css",
    "practice/practice.css",
    "fonts/besley-540-latin1.woff2",
    "img/favicon.svg",
    "img/sprite.svg",
    "vendor/idb.js",
    "practice/device.js",
    "practice/early.js",
    "practice/journal.js",
    "practice/answering.js",
    "practice/offline.js",
    "practice/session.js",
    "practice/tools.js",
)
AN_IMAGE = "0" * 32 + "-1x1.png"
PAPER, INK = "#fcf9f2", "#18223f"


@cache
def version_of_files() -> str:
    """Return a hash of the files: a browser installs the worker again when it changes."""
    digest = hashlib.sha256()
    for name in FILES:
        if path := finders.find(name):
            digest.update(Path(path).read_bytes())
    return digest.hexdigest()[:12]


def images_url() -> str:
    """Return what the URLs of all pictures of questions begin with."""
    return reverse("question_picture", args=[AN_IMAGE]).removesuffix(AN_IMAGE)


@require_safe
@cache_control(no_cache=True)
def service_worker(request: HttpRequest) -> HttpResponse:
    """The service worker; with SERVICE_WORKER=0 one that removes itself and what it kept."""
    if not settings.SERVICE_WORKER:
        return render(request, "sw_off.js", content_type=JAVASCRIPT)
    configuration = {
        "version": version_of_files(),
        "shell": reverse("practice:offline"),
        "files": [static(name) for name in FILES],
        "folders": [settings.STATIC_URL, images_url()],
    }
    context = {"configuration": json.dumps(configuration)}
    return render(request, "sw.js", context, content_type=JAVASCRIPT)


@require_safe
@cache_control(max_age=86400)
def manifest(_request: HttpRequest) -> HttpResponse:
    """The web manifest, with which a browser installs the site."""
    icons = [
        {"src": static("img/favicon.svg"), "type": "image/svg+xml", "sizes": "any"},
        *(
            {"src": static(f"img/icon-{size}.png"), "type": "image/png", "sizes": f"{size}x{size}"}
            for size in (192, 512)
        ),
        {
            "src": static("img/icon-maskable.png"),
            "type": "image/png",
            "sizes": "512x512",
            "purpose": "maskable",
        },
    ]
    described = {
        "id": "/",
        "name": settings.SITE_NAME,
        "short_name": settings.SITE_NAME,
        "start_url": reverse("catalog:my_banks"),
        "scope": "/",
        "display": "standalone",
        "background_color": PAPER,
        "theme_color": INK,
        "icons": icons,
    }
    return JsonResponse(described, content_type="application/manifest+json")
