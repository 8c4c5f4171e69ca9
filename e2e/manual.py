"""docs/network.md as the tests read it: its recipes and its tables, so that they cannot rot.

A recipe is a block behind `<!-- recipe: NAME -->`; a table stands between
`<!-- NAME: begin -->` and `<!-- NAME: end -->`.
"""

import re

from testing.parts import ROOT

PAGE = ROOT / "docs" / "network.md"
RECIPE = re.compile(r"<!-- recipe: ([^>]+) -->\n```\w*\n(.*?)```\n", re.DOTALL)
CODE = re.compile(r"`([^`]+)`")


def recipes() -> dict[str, str]:
    """The text of each block, by its name."""
    found = RECIPE.findall(PAGE.read_text(encoding="utf-8"))
    assert len(found) == len(dict(found)), "two recipes have one name"
    return dict(found)


def table(name: str) -> list[list[str]]:
    """The cells of each row below a table's head."""
    text = PAGE.read_text(encoding="utf-8")
    inside = text.partition(f"<!-- {name}: begin -->")[2].partition(f"<!-- {name}: end -->")[0]
    lines = [line for line in inside.splitlines() if line.startswith("| ")]
    assert len(lines) > 2, f"there is no table {name}"
    return [line.removeprefix("| ").removesuffix(" |").split(" | ") for line in lines[2:]]


def code_in(cell: str) -> list[str]:
    """What stands in code in a cell."""
    return CODE.findall(cell)
