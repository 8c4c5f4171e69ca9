"""The databases and sites to measure, each in a temporary folder."""

import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from benchmarks.seed_data import SeedData, SeedSize
from testing.postgresql import running_postgresql
from testing.sandbox import PUBLIC_KEY, SECRET_KEY, WEBHOOK_SECRET
from testing.site import Site, free_port
from testing.waiting import wait_until

# The defaults, except for autovacuum, which would run in some of the rounds only.
POSTGRESQL_OPTIONS = {"listen_addresses": "", "autovacuum": "off"}
# 100,000 banks on a busy machine.
SEED_TIMEOUT_SECONDS = 600
NOBODY_LISTENS = "http://127.0.0.1:9"
SEED = """
from pathlib import Path
from benchmarks.seed import write_seed_data
from benchmarks.seed_data import SeedSize
write_seed_data(Path({path!r}), {size!r})
"""


@dataclass(frozen=True, slots=True)
class Database:
    """A running database. `pid` is that of its server process, if it has one."""

    name: str
    url: str
    pid: int | None = None


def databases_of(choice: str) -> tuple[str, ...]:
    """The names of the databases for `--database`: one of them, or both."""
    return ("sqlite", "postgresql") if choice == "both" else (choice,)


class NotReady(Exception):
    """A part of the measurement did not start. The text is its error output."""


@contextmanager
def running_database(name: str) -> Iterator[Database]:
    """A new database: a file for `sqlite`, a cluster for `postgresql`."""
    if name == "sqlite":
        with tempfile.TemporaryDirectory(prefix="testbank-bench-") as folder:
            yield Database(name, f"sqlite:///{folder}/site.sqlite3")
    else:
        with running_postgresql(POSTGRESQL_OPTIONS) as url:
            data = Path(unquote(urlsplit(url).netloc.rpartition("@")[2])) / "data"
            yield Database(name, url, int((data / "postmaster.pid").read_text().split()[0]))


@contextmanager
def seeded_site(database: Database, size: SeedSize) -> Iterator[tuple[Site, SeedData]]:
    """An installation with the tables of the site and of the bare one, and its seed data."""
    with tempfile.TemporaryDirectory(prefix="testbank-bench-") as name:
        folder = Path(name)
        site, path = new_site(folder, database), folder / "seed.json"
        managed(site, "migrate", "--verbosity=0")
        bare = replace(site, process={"DJANGO_SETTINGS_MODULE": "benchmarks.bare.settings"})
        managed(bare, "migrate", "--verbosity=0", "--run-syncdb")
        managed(site, "shell", stdin=SEED.format(path=str(path), size=size))
        yield site, SeedData.from_json(path.read_text(encoding="utf-8"))


def new_site(folder: Path, database: Database, **settings: str) -> Site:
    """An installation on that database with the default settings of a site with a worker."""
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


@contextmanager
def new_settings(site: Site, settings: Mapping[str, str]) -> Iterator[Site]:
    """The same installation with other settings, and an `.env` of its own."""
    with tempfile.TemporaryDirectory(prefix="testbank-bench-") as folder:
        other = replace(site, folder=Path(folder), dotenv=dict(site.dotenv), processes=[])
        other.write_env(**settings)
        yield other


def fill(site: Site, banks: int) -> None:
    """Publish banks until there are so many, then update the database's statistics."""
    _shell(site, f"fill_up_to({banks})\nsettle()")


def list_cursor(site: Site, number: int) -> str:
    """The cursor of the list page that starts after so many banks."""
    return _shell(site, f"print(cursor_after({number}))").split()[-1]


def repeat_session(site: Site, attempt_id: str, count: int) -> None:
    """Give the learner of a finished attempt so many past sessions."""
    _shell(site, f"repeat_session({attempt_id!r}, {count})\nsettle()")


def _shell(site: Site, code: str) -> str:
    imports = (
        "from benchmarks.many_banks import cursor_after, fill_up_to, settle\n"
        "from benchmarks.many_sessions import repeat_session\n"
    )
    return managed(site, "shell", "--no-imports", stdin=f"{imports}{code}\n")


def managed(site: Site, *arguments: str, stdin: str = "") -> str:
    """Run a command of `manage.py` and return its output. Raises: NotReady."""
    done = site.manage(*arguments, stdin=stdin, within_seconds=SEED_TIMEOUT_SECONDS)
    if done.returncode:
        raise NotReady(f"manage.py {' '.join(arguments)}: {done.stderr[-2000:]}")
    return done.stdout


@contextmanager
def served(site: Site, module: str) -> Iterator[tuple[int, int]]:
    """Serve the application of a module; yields the server's port and process id."""
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
