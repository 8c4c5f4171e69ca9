"""Parts that tests need beyond Python: programs, the browser, a database, shared data.

A test asks for its part by name. Where it is missing the test is skipped and says so; with
TESTBANK_REQUIRE=all, which `.ci/run` sets, it fails instead. Only `../shared` is optional even
then: a clone does not have it.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
# Debian keeps servers where an ordinary user's PATH does not look.
PROGRAM_FOLDERS = (
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
)

Part = Literal[
    "squid",
    "tinyproxy",
    "microsocks",
    "mitmproxy",
    "curl",
    "chromium",
    "shared",
    "postgresql",
    "pgbouncer",
    "gettext",
    "nginx",
    "haproxy",
    "caddy",
    "systemd-analyze",
    "promtool",
]


def require(part: Part) -> None:
    """Skip the test if the part is missing; with TESTBANK_REQUIRE=all, fail it."""
    problem = missing_part(part)
    if problem and part != "shared" and os.environ.get("TESTBANK_REQUIRE") == "all":
        pytest.fail(f"{problem}, and TESTBANK_REQUIRE=all", pytrace=False)
    if problem:
        pytest.skip(problem)


def missing_part(part: Part) -> str:
    """Return a sentence that names the part if it is missing; otherwise an empty string."""
    return "" if FINDERS[part]() else f"{part} is missing"


def program(name: str) -> str | None:
    """The path of a program, also of one that only administrators have in their PATH."""
    return shutil.which(name, path=os.pathsep.join(PROGRAM_FOLDERS))


def _postgresql() -> bool:
    """Debian keeps a folder a version, outside of every PATH."""
    return bool(list(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or shutil.which("initdb"))


def mitmdump() -> Path:
    """mitmproxy's program, where `make develop` puts it."""
    return ROOT / ".venv" / "mitmproxy" / "bin" / "mitmdump"


def _program(name: str) -> Callable[[], bool]:
    return lambda: program(name) is not None


FINDERS: dict[str, Callable[[], bool]] = {
    "squid": _program("squid"),
    "tinyproxy": _program("tinyproxy"),
    "microsocks": _program("microsocks"),
    "mitmproxy": lambda: mitmdump().is_file(),
    "curl": _program("curl"),
    "chromium": _program("chromium"),
    "shared": SHARED.is_dir,
    "postgresql": _postgresql,
    "pgbouncer": _program("pgbouncer"),
    "gettext": _program("xgettext"),
    "systemd-analyze": _program("systemd-analyze"),
    "promtool": _program("promtool"),
    "nginx": _program("nginx"),
    "haproxy": _program("haproxy"),
    "caddy": _program("caddy"),
}
