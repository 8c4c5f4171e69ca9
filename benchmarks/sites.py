"""The databases and installations that are measured, in temporary folders of their own."""

import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from benchmarks.plan import Plan, Size
from testing.postgresql import running_postgresql
from testing.sandbox import PUBLIC_KEY, SECRET_KEY, WEBHOOK_SECRET
from testing.site import Site, free_port
from testing.waiting import wait_until

# What a server has that is left as it was installed, but for the cleaner that comes and goes.
POSTGRESQL_OPTIONS = {"listen_addresses": "", "autovacuum": "off"}
# 100,000 banks on a machine that does other things too.
FILLING_SECONDS = 600
NOBODY_LISTENS = "http://127.0.0.1:9"
FILL = """
from pathlib import Path
from benchmarks.content import write_plan
from benchmarks.plan import Size
write_plan(Path({path!r}), {size!r})
"""


@dataclass(frozen=True, slots=True)
class Database:
    """A database at work. `pid` is that of its server, where it has one."""

    name: str
    url: str
    pid: int | None = None


class NotReady(Exception):
    """A part of the measurement could not be set up; the text is what it said."""


@contextmanager
def running_database(name: str) -> Iterator[Database]:
    """A fresh database of that kind: `sqlite`, a file, or `postgresql`, a cluster."""
    if name == "sqlite":
        with tempfile.TemporaryDirectory(prefix="testbank-bench-") as folder:
            yield Database(name, f"sqlite:///{folder}/site.sqlite3")
    else:
        with running_postgresql(POSTGRESQL_OPTIONS) as url:
            data = Path(unquote(urlsplit(url).netloc.rpartition("@")[2])) / "data"
            yield Database(name, url, int((data / "postmaster.pid").read_text().split()[0]))


@contextmanager
def filled_site(database: Database, size: Size) -> Iterator[tuple[Site, Plan]]:
    """An installation with the shop's and the bare site's tables, and what to ask of it."""
    with tempfile.TemporaryDirectory(prefix="testbank-bench-") as name:
        folder = Path(name)
        site, plan = new_site(folder, database), folder / "plan.json"
        managed(site, "migrate", "--verbosity=0")
        bare = replace(site, process={"DJANGO_SETTINGS_MODULE": "benchmarks.bare.settings"})
        managed(bare, "migrate", "--verbosity=0", "--run-syncdb")
        managed(site, "shell", stdin=FILL.format(path=str(plan), size=size))
        yield site, Plan.from_json(plan.read_text(encoding="utf-8"))


def new_site(folder: Path, database: Database, **settings: str) -> Site:
    """An installation on that database, on the shipped defaults beside a worker."""
    site = Site(folder=folder)
    values = {
        "DATABASE_URL": database.url,
        "SECRET_KEY": "only-for-benchmarks",
        "SITE_URL": site.url,
        "STRIPE_PUBLIC_KEY": PUBLIC_KEY,
        "STRIPE_SECRET_KEY": SECRET_KEY,
        "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "STRIPE_API_BASE": NOBODY_LISTENS,
        "CHECKOUT_ORIGIN": NOBODY_LISTENS,
        "WORKER": "1",
    }
    site.write_env(**{**values, **settings})
    return site


def managed(site: Site, *arguments: str, stdin: str = "") -> str:
    """What a command of `manage.py` printed. Raises: NotReady."""
    done = site.manage(*arguments, stdin=stdin, within_seconds=FILLING_SECONDS)
    if done.returncode:
        raise NotReady(f"manage.py {' '.join(arguments)}: {done.stderr[-2000:]}")
    return done.stdout


@contextmanager
def served(site: Site, module: str) -> Iterator[tuple[int, int]]:
    """The port and the process id of the shipped server with that module's application."""
    one = replace(site, port=free_port(), processes=[])
    with one.running("-m", "benchmarks.serve", module) as process:
        wait_until(lambda: process.poll() is not None or _is_open(one.port), seconds=30)
        if process.poll() is not None:
            raise NotReady(f"{module}: {one.log()[-2000:]}")
        yield one.port, process.pid


def _is_open(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
