"""`python -m testing.drills.keep_backup`: keep a small backup of this version, for each database.

Run it once a release. The tests restore and migrate every kept backup, so that each later version
can take over the data of this one.
"""

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

from testbank import __version__
from testing.drills.load import Load
from testing.learners import load_demo_banks, signed_in_learners
from testing.postgresql import running_postgresql
from testing.sandbox import running_sandbox
from testing.site import free_port, new_site

KEPT = Path(__file__).parent.parent / "kept_backups"
BANKS = ("http-at-work", "git-in-practice")
LEARNERS = 3


def keep_backup(vendor: str, folder: Path) -> Path:
    """Sell two banks, answer them, and keep a backup of that site."""
    kept = KEPT / f"{__version__}-{vendor}.tar.gz"
    database = running_postgresql() if vendor == "postgresql" else nullcontext()
    port = free_port()
    hook = f"http://127.0.0.1:{port}/payments/webhook/"
    with database as url, running_sandbox(folder, tls=False, webhook_url=hook) as sandbox:
        dotenv = {**sandbox.site_settings, "MEDIA_ROOT": str(folder / "media")}
        site = new_site(folder, dotenv, {}, port=port, database_url=url)
        load_demo_banks(site)
        sessions = signed_in_learners(site, LEARNERS)
        with site.serving(), ThreadPoolExecutor(LEARNERS) as pool:
            for bank in BANKS:
                load = Load(site.url, sandbox.control, bank)
                for learning in load.start(sessions, pool):
                    learning.result()
        done = site.manage("backup", str(kept))
        if done.returncode:
            raise RuntimeError(done.stderr)
    return kept


if __name__ == "__main__":
    for each in ("sqlite", "postgresql"):
        with tempfile.TemporaryDirectory() as name:
            Path(name).chmod(0o755)
            sys.stdout.write(f"{keep_backup(each, Path(name))}\n")
