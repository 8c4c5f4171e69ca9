"""A template extends and includes templates of its own app and of lower layers only.

import-linter holds this for modules, and does not see templates. The layers are those of its
contract in `pyproject.toml`.
"""

import re
import tomllib
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
CONTRACT = "Imports between apps point down the layers"
USED = re.compile(r"""\{%\s*(?:extends|include)\s+["']([^"']+)["']""")


def levels():
    """The number of each app's layer, counted from the top."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = next(one["layers"] for one in contracts["contracts"] if one["name"] == CONTRACT)
    return {app: level for level, line in enumerate(layers) for app in line.split(" | ")}


def templates(apps):
    """Each app's template files by name, which extend and include one another by it."""
    folders = {app: ROOT / app / "templates" for app in apps}
    return {
        str(file.relative_to(folder)): (app, file)
        for app, folder in folders.items()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def test_templates_use_templates_of_lower_layers():
    level = levels()
    known = templates(level)
    used = [
        (name, app, other, known[other][0])
        for name, (app, file) in known.items()
        for other in USED.findall(file.read_text(encoding="utf-8"))
        if other in known
    ]
    assert {app for _name, app, _other, _owner in used} >= {"studio", "practice", "catalog"}
    upwards = [
        f"{name} ({app}) uses {other} ({owner})"
        for name, app, other, owner in used
        if app != owner and level[owner] <= level[app]
    ]
    assert upwards == []
