"""A folder for the parts of a backup while it is made, checked or restored."""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from testbank.private_files import make_private_folder, private_opener

PREFIX = ".backup-"
LOCK = "lock"


@contextmanager
def work_folder(parent: Path) -> Iterator[Path]:
    """Yield a private folder inside `parent`, and delete it afterwards.

    Also deletes those of killed processes, whose copy of the database is not encrypted, and
    which would fill the disk.
    """
    make_private_folder(parent)
    for left in parent.glob(f"{PREFIX}*"):
        if _is_abandoned(left):
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=parent, prefix=PREFIX) as name:
        folder = Path(name)
        with open(folder / LOCK, "wb", opener=private_opener) as lock:
            # Some network file systems have no locks; folders there are never taken for left ones.
            with suppress(OSError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield folder


def _is_abandoned(folder: Path) -> bool:
    """Return True if no process holds the lock. A file system without locks: False."""
    try:
        with (folder / LOCK).open("r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
