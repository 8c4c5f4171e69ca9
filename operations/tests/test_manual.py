"""The operator's manual: its commands exist, take these options, and its settings are known."""

import re
import shlex

import pytest
from django.core.management import get_commands, load_command_class

from testing.parts import ROOT

PAGES = (
    "README.md", "UPGRADING.md", "docs/installation.md", "docs/operating.md", "docs/server.md",
    "docs/doctor.md", "docs/money.md",
)  # fmt: skip
BLOCK = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"manage\.py ([a-z_]+)([^`\n#|]*)")
# Read by programs around the site, not by the site.
OTHERS = {"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "VERSION"}


def text_of(page):
    return (ROOT / page).read_text(encoding="utf-8")


def commands_in(page):
    return [(name, arguments.strip()) for name, arguments in COMMAND.findall(text_of(page))]


@pytest.mark.parametrize("page", PAGES)
def test_commands_exist(page):
    assert {name for name, _arguments in commands_in(page)} - set(get_commands()) == set()


@pytest.mark.parametrize("page", PAGES)
def test_commands_take_these_options(page):
    unknown = []
    for name, arguments in commands_in(page):
        parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
        taken = {option for action in parser._actions for option in action.option_strings}
        used = {word.partition("=")[0] for word in _words(arguments) if word.startswith("--")}
        unknown += [f"{name} {option}" for option in used - taken]
    assert unknown == []


@pytest.mark.parametrize("page", PAGES)
def test_settings_are_known(page):
    known = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", text_of(".env.example"), re.MULTILINE))
    blocks = "\n".join(BLOCK.findall(text_of(page)))
    used = set(re.findall(r"^([A-Z][A-Z0-9_]+)=", blocks, re.MULTILINE))
    assert used - known - OTHERS == set()


def test_files_that_the_installation_names_exist():
    named = set(re.findall(r"\bdeploy/[\w.@/-]+\w", text_of("docs/installation.md")))
    written_by_operator = {"deploy/ca/NAME.crt"}
    assert {name for name in named - written_by_operator if not (ROOT / name).exists()} == set()


@pytest.mark.parametrize("page", ["docs/README.md", *PAGES])
def test_links_lead_to_pages_that_exist(page):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text_of(page))
    folder = (ROOT / page).parent
    assert [link for link in links if not (folder / link).exists()] == []


def _words(arguments):
    try:
        return shlex.split(arguments)
    except ValueError:
        return arguments.split()
