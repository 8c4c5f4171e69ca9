"""The desk's scripts: small, and on the pages that need them."""

import gzip
import re
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
MAX_BYTES = 45_000
SCRIPT = re.compile(r"static 'studio/([\w-]+\.js)'")


def test_scripts_are_small():
    scripts = (ROOT / "studio/static/studio").glob("*.js")
    assert sum(len(gzip.compress(path.read_bytes())) for path in scripts) <= MAX_BYTES


def test_scripts_are_on_the_pages_that_need_them():
    pages = {
        path.name: found
        for path in ROOT.glob("*/**/templates/**/*.html")
        if ".venv" not in path.parts and (found := SCRIPT.findall(path.read_text()))
    }
    assert pages == {
        "base.html": ["tabs.js"],
        "editor.html": ["editor.js"],
        "questions.html": ["list.js"],
    }
