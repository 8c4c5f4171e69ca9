"""A PostgreSQL of our own for a command: `python -m testing.postgresql COMMAND …`.

The cluster lies in a temporary folder, belongs to an unprivileged user, is reached by a
socket in that folder only, and is ended by its own process id.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from testing import parts
from testing.waiting import wait_until

STARTS_WITHIN_SECONDS = 30
# Faster: tests do not check durability after a power failure.
OPTIONS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
}
# A folder's socket is named after a port, whether or not anything listens on it.
PGBOUNCER_PORT = 6432
PGBOUNCER = f"""
[databases]
* = host={{cluster}} user=testbank
[pgbouncer]
unix_socket_dir = {{folder}}
listen_port = {PGBOUNCER_PORT}
auth_type = any
pool_mode = transaction
default_pool_size = {{connections}}
"""


def program(name: str) -> str | None:
    """Return the path of a PostgreSQL program, which Debian installs outside PATH."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    search = os.pathsep.join([os.environ.get("PATH", ""), *map(str, folders)])
    return shutil.which(name, path=search)


@contextmanager
def running_postgresql(options: Mapping[str, str] = OPTIONS) -> Iterator[str]:
    """The DATABASE_URL of a fresh cluster; the cluster is gone when the block is left."""
    folder = Path(tempfile.mkdtemp(prefix="testbank-postgresql-"))
    try:
        user = _unprivileged_user(folder)
        _as_user(
            user,
            [
                str(program("initdb")),
                "-D",
                str(folder / "data"),
                "-U",
                "testbank",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "--no-sync",
            ],
        )
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with (folder / "log").open("ab") as log:
            server = subprocess.Popen(
                [
                    str(program("postgres")),
                    "-D",
                    str(folder / "data"),
                    "-k",
                    str(folder),
                    *settings,
                ],
                stdout=log,
                stderr=log,
                user=user,
                cwd=folder,
            )
        try:
            _wait(folder, server)
            yield f"postgres://testbank@{quote(str(folder), safe='')}/postgres"
        finally:
            server.terminate()
            server.wait(timeout=30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running_pgbouncer(database_url: str, *, connections: int) -> Iterator[str]:
    """The DATABASE_URL of a PgBouncer in transaction mode, with so many connections behind it."""
    cluster = unquote(urlsplit(database_url).netloc.rpartition("@")[2])
    with tempfile.TemporaryDirectory(prefix="testbank-pgbouncer-") as name:
        folder = Path(name)
        (folder / "pgbouncer.ini").write_text(
            PGBOUNCER.format(cluster=cluster, folder=folder, connections=connections)
        )
        user = _unprivileged_user(folder)
        with (folder / "log").open("ab") as log:
            pooler = subprocess.Popen(
                [str(parts.program("pgbouncer")), str(folder / "pgbouncer.ini")],
                stdout=log,
                stderr=log,
                user=user,
                cwd=folder,
            )
        try:
            wait_until((folder / f".s.PGSQL.{PGBOUNCER_PORT}").exists, STARTS_WITHIN_SECONDS)
            yield f"postgres://testbank@{quote(name, safe='')}:{PGBOUNCER_PORT}/postgres"
        finally:
            pooler.terminate()
            pooler.wait(timeout=30)


def _unprivileged_user(folder: Path) -> str | None:
    """Return `nobody` for root, as which PostgreSQL refuses to run, and chown the folder."""
    if os.getuid() != 0:
        return None
    shutil.chown(folder, "nobody")
    return "nobody"


def _as_user(user: str | None, command: list[str]) -> None:
    done = subprocess.run(command, user=user, capture_output=True, text=True, check=False, cwd="/")
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr}")


def _wait(folder: Path, server: "subprocess.Popen[bytes]") -> None:
    ready = [str(program("pg_isready")), "-q", "-h", str(folder), "-U", "testbank"]
    ends_at = time.monotonic() + STARTS_WITHIN_SECONDS
    while subprocess.run(ready, check=False).returncode:
        if server.poll() is not None or time.monotonic() > ends_at:
            raise RuntimeError(f"PostgreSQL did not start: {(folder / 'log').read_text()}")
        time.sleep(0.05)


def main() -> int:
    """Run the command with DATABASE_URL set, and return its exit code."""
    if not parts.FINDERS["postgresql"]():
        sys.stderr.write("postgresql is missing; its tests are skipped\n")
        return 1 if os.environ.get("TESTBANK_REQUIRE") == "all" else 0
    # SIGTERM unwinds as Ctrl-C does, so that no server is left behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with running_postgresql() as url:
        environment = os.environ | {"TESTBANK_TEST_DATABASE_URL": url}
        return subprocess.run(sys.argv[1:], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
