"""Find lines from outdated guides, pasted into the site's files, that would stop it from starting.

stripe-python 13 removed `stripe.http_client` and `stripe.error`. A pasted line that uses them is
reported with its replacement instead of a traceback. This runs before anything else is imported,
so it needs only the standard library and `outbound`.
"""

import ast
import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from outbound.route.proxy_address import corrected

ROOT = Path(__file__).resolve().parent.parent
# Folders without the site's own code, or whose code never runs with the site.
SKIPPED = frozenset(
    "var static media locale node_modules __pycache__ tests e2e testing benchmarks".split()
)
GONE = {"stripe.http_client", "stripe.error"}
WORDS = re.compile(rb"\bhttp_client\b|\bstripe\.error\b")
# The errors that payments.stripe_integration exports; the others are in stripe.
OURS = ("StripeError", "APIConnectionError", "APIError", "InvalidRequestError")
HANDLED = {"ImportError", "ModuleNotFoundError", "AttributeError", "Exception", "BaseException"}
PYTHON_IN_ENV = re.compile(r"^\s*(?:import\s+stripe|from\s+stripe[.\s]|stripe\.\w+)", re.MULTILINE)
ADDRESS = re.compile(r"[a-z0-9]+://[^\s'\"]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PastedLine:
    """A line to remove. `instead` says what to write."""

    place: str
    line: int
    instead: str

    def __str__(self) -> str:
        return f"{self.place}, line {self.line}: {self.instead}"


def stop_at_pasted_lines(process: Mapping[str, str], *, exit_code: int) -> None:
    """Exit with a message for each pasted line; return if there is none."""
    found = [*pasted_in_code(ROOT), *pasted_in_env(ROOT / process.get("TESTBANK_ENV_FILE", ".env"))]
    if found:
        sentences = "\n".join(map(str, found))
        sys.stderr.write(f"The site cannot start.\n{sentences}\n")
        raise SystemExit(exit_code)


def pasted_in_code(root: Path) -> list[PastedLine]:
    """Return the lines of Python files under a folder that use a removed module."""
    found = []
    for path in _python_files(root):
        content = path.read_bytes()
        if b"stripe" in content and WORDS.search(content):
            place = str(path.relative_to(root))
            found += [PastedLine(place, line, said) for line, said in _in_source(content)]
    return found


def pasted_in_env(path: Path) -> list[PastedLine]:
    """Return the lines of a `.env` that are Python."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return []  # `environment.py` tells of a file that cannot be read
    return [
        PastedLine(
            path.name,
            text.count("\n", 0, found.end()) + 1,
            "This is Python code, which does not work here. Remove it, and add this line: STRIPE_PROXY=direct",
        )
        for found in PYTHON_IN_ENV.finditer(text)
    ]


def _python_files(folder: Path) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.name.startswith(".") or entry.name in SKIPPED:
                continue
            path = Path(entry.path)
            if entry.is_dir(follow_symlinks=False):
                if not (path / "pyvenv.cfg").exists():
                    yield from _python_files(path)
            elif entry.name.endswith(".py"):
                yield path


def _in_source(content: bytes) -> Iterator[tuple[int, str]]:
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError):
        return  # Python itself tells of it
    names = {"stripe"} | {
        alias.asname
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name == "stripe" and alias.asname
    }
    for statement in _unguarded(tree):
        yield from _in_statement(statement, names)


def _unguarded(node: ast.AST) -> Iterator[ast.AST]:
    """Yield every node except those in a `try` that handles the failure."""
    for child in ast.iter_child_nodes(node):
        if isinstance(node, ast.Try) and child in node.body and _expects_failure(node):
            continue
        yield child
        yield from _unguarded(child)


def _expects_failure(node: ast.Try) -> bool:
    for handler in node.handlers:
        kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        if any(kind is None or getattr(kind, "id", "") in HANDLED for kind in kinds):
            return True
    return False


def _in_statement(node: ast.AST, names: set[str]) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.Import):
        gone = [alias.name for alias in node.names if alias.name in GONE]
        if gone:
            yield node.lineno, _instead_of(gone[0], OURS[1:2])
    elif isinstance(node, ast.ImportFrom) and node.module in GONE:
        yield node.lineno, _instead_of(str(node.module), [alias.name for alias in node.names])
    elif isinstance(node, ast.ImportFrom) and node.module == "stripe":
        if any(alias.name == "http_client" for alias in node.names):
            yield node.lineno, _instead_of_client("")
    elif isinstance(node, ast.stmt):
        for part in _expressions(node):
            if (
                isinstance(part, ast.Attribute)
                and part.attr == "http_client"
                and isinstance(part.value, ast.Name)
                and part.value.id in names
            ):
                yield part.lineno, _instead_of_client(ast.unparse(node))
                return


def _expressions(statement: ast.stmt) -> Iterator[ast.AST]:
    """Yield the expressions of a statement, without nested statements."""
    for child in ast.iter_child_nodes(statement):
        if not isinstance(child, ast.stmt | ast.excepthandler):
            yield from ast.walk(child)


def _instead_of(module: str, names: list[str] | tuple[str, ...]) -> str:
    if module == "stripe.http_client":
        return _instead_of_client("")
    ours = [name for name in names if name in OURS]
    others = [name for name in names if name not in OURS]
    lines = [
        f"from {source} import {', '.join(chosen)}"
        for source, chosen in (("payments.stripe_integration", ours), ("stripe", others))
        if chosen
    ]
    return f"stripe.error was removed in stripe-python 13. Use {' and '.join(lines)}"


def _instead_of_client(source: str) -> str:
    address = ADDRESS.search(source)
    meant = corrected(address[0]) if address else None
    line = f"STRIPE_PROXY={meant}" if meant else "STRIPE_PROXY=direct"
    return (
        "stripe.http_client was removed in stripe-python 13, and a client set in code is not "
        f"used here. Remove the line, and add {line} to .env"
    )
