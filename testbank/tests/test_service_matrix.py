"""Who may call each service: `service_matrix.txt` beside this file, compared with the source code.

A service decides for nobody: its caller has checked who asks. The file has a row for each public
function of the services, with the modules that call it. A new service without a row fails, and so
does a new caller: look at the difference, see that the caller checks, and copy the new file from
`var/service_matrix.txt`.
"""

import ast
from collections import defaultdict
from pathlib import Path

import pytest
from django.conf import settings

from testing.site import ROOT

MATRIX = Path(__file__).with_name("service_matrix.txt")
NEW_MATRIX = settings.VAR_DIR / "service_matrix.txt"
APPS = (
    *("testbank", "operations", "backoffice", "demo", "studio", "payments", "practice"),
    *("catalog", "questions", "accounts", "outbox", "safety"),
)
# Packages and modules whose public functions change something for somebody.
SERVICES = (
    *("payments.stripe_integration", "payments.flows", "payments.domain"),
    *("catalog.services", "catalog.reviews.services", "catalog.importing"),
    *("practice.services", "questions.services", "studio.services", "studio.importing.services"),
    *("accounts.freezing", "accounts.sign_in_limits", "accounts.second_factor"),
)
# Who is behind a caller, by a part of its name. Its own decorators or the URLconf hold that:
# `permission_matrix.txt` has the answer of every address for everybody.
CALLERS = {
    "management": "operator at a shell",
    "operations": "worker, or operator at a shell",
    "admin": "staff with Django's permission for the row",
    "backoffice": "staff with Django's permission for the row",
    "studio": "staff with a permission for the bank",
    "demo": "the demo",
    "views": "the person of the request, for what is theirs; Stripe, for the webhook",
    "accounts": "the person of the request, for their account",
}
INNER = "another service"


def modules():
    """Each module of the site with its syntax tree, tests apart."""
    for app in APPS:
        for file in sorted((ROOT / app).rglob("*.py")):
            parts = file.relative_to(ROOT).with_suffix("").parts
            if not {"tests", "migrations"} & set(parts):
                name = ".".join(part for part in parts if part != "__init__")
                yield name, ast.parse(file.read_text(encoding="utf-8"))


def is_service(name):
    return any(name == one or name.startswith(f"{one}.") for one in SERVICES)


def services_and_callers():
    """The public functions of the services, and the modules that import each."""
    callers, names = defaultdict(set), set()
    trees = dict(modules())
    for name, tree in trees.items():
        if is_service(name):
            functions = [one for one in tree.body if isinstance(one, ast.FunctionDef)]
            names |= {(name, one.name) for one in functions if not one.name.startswith("_")}
    for name, tree in trees.items():
        for function in used_by(trees, tree):
            callers[function].add(name)
    return {service: sorted(outside(service[0], callers[service])) for service in sorted(names)}


def used_by(trees, tree):
    """The functions that a module imports, or takes from a module that it imports."""
    imports = [one for one in ast.walk(tree) if isinstance(one, ast.ImportFrom) and one.module]
    named = {
        one.asname or one.name: (str(node.module), one.name)
        for node in imports
        for one in node.names
    }
    yield from (origin(trees, module, name) for module, name in named.values())
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = ".".join(named.get(node.value.id, ("", "")))
            if module in trees:
                yield origin(trees, module, node.attr)


def outside(module, callers):
    """Callers other than the module itself and the packages that pass its names on."""
    return {one for one in callers if one != module and not module.startswith(f"{one}.")}


def origin(trees, module, name):
    """The module that defines a name, through packages that pass it on."""
    for node in trees[module].body if module in trees else ():
        passes_on = isinstance(node, ast.ImportFrom) and node.module not in {None, module}
        if passes_on and name in {one.name for one in node.names}:
            return origin(trees, node.module, name)
    return module, name


def who(caller):
    """Who is behind a module that calls a service."""
    if is_service(caller):
        return INNER
    found = [words for part, words in CALLERS.items() if part in caller.split(".")]
    return found[0] if found else "the app itself"


def rows():
    lines = []
    for (module, name), callers in services_and_callers().items():
        lines.append(f"{module}.{name}")
        by_person = defaultdict(list)
        for caller in callers:
            by_person[who(caller)].append(caller)
        if not callers:
            lines.append("    its own module")
        lines += [f"    {person}: {', '.join(by_person[person])}" for person in sorted(by_person)]
    return lines


@pytest.mark.slow
def test_services_and_their_callers_are_those_of_the_matrix():
    lines = rows()
    NEW_MATRIX.parent.mkdir(exist_ok=True)
    NEW_MATRIX.write_text("\n".join([*lines, ""]))
    assert lines == MATRIX.read_text().splitlines(), f"compare with {NEW_MATRIX}"


@pytest.mark.slow
def test_no_request_grants_access_by_its_own_word():
    """Payments grant through `fulfill`, which a page reaches only after Stripe was asked."""
    found = services_and_callers()
    views = {
        service: [one for one in found[service] if ".views" in one]
        for service in (
            ("catalog.services.access", "grant_access"),
            ("payments.domain.fulfillment", "fulfill"),
            ("payments.domain.fulfillment", "apply_session"),
        )
    }
    assert views == {
        ("catalog.services.access", "grant_access"): [],
        ("payments.domain.fulfillment", "fulfill"): [],
        ("payments.domain.fulfillment", "apply_session"): [],
    }
