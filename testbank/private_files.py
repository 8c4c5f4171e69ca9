"""Files that only their owner reads. Plain Python: `.env` and the secret key are written with it.

What root creates belongs to the owner of its folder, as SQLite does it too: otherwise a command
that was run as root would lock the site out of its own data.
"""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

FILE_MODE, FOLDER_MODE = 0o600, 0o700


def write_private(path: Path, content: str | bytes) -> None:
    """Write a file of mode 0600, whole or not at all: readers see the old content or the new.

    Creates missing folders with mode 0700. Raises: OSError.
    """
    make_private_folder(path.parent)
    # mkstemp creates the file with mode 0600.
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        _give_to_owner_of(path.parent, descriptor)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(draft).unlink()
        raise


def make_private_folder(folder: Path) -> None:
    """Create a folder, and the missing ones above it, with mode 0700. Idempotent."""
    for missing in reversed([each for each in (folder, *folder.parents) if not each.exists()]):
        missing.mkdir(mode=FOLDER_MODE, exist_ok=True)
        _give_to_owner_of(missing.parent, missing)


def private_opener(path: str, flags: int) -> int:
    """Open a file that is created with mode 0600: the `opener` of `open()`."""
    descriptor = os.open(path, flags, FILE_MODE)
    _give_to_owner_of(Path(path).parent, descriptor)
    return descriptor


def _give_to_owner_of(folder: Path, created: int | Path) -> None:
    if os.geteuid() == 0:
        owner = folder.stat()
        os.chown(created, owner.st_uid, owner.st_gid)
