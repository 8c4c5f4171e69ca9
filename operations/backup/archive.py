"""The file format of a backup: a compressed tar whose last member is a manifest.

database.sqlite3 or database.dump    the database: a SQLite file, or pg_dump's custom format
secret_key                           SECRET_KEY
media/…                              the files of MEDIA_ROOT
manifest.json                        versions, migrations, and the checksum of each file
"""

import gzip
import hashlib
import io
import json
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Annotated

from pydantic import Field, TypeAdapter

from operations.backup.encryption import decrypted
from operations.backup.errors import BackupError
from testbank.private_files import make_private_folder, private_opener

FORMAT = 1
MANIFEST = "manifest.json"
KEY_NAME = "secret_key"
MEDIA = "media"
CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Manifest:
    """What a backup holds. `files` maps names to SHA-256; `migrations` are `app.name`."""

    made_at: str
    site_url: str
    testbank: str
    django: str
    python: str
    database: Annotated[str, Field(pattern="^(sqlite|postgresql)$")]
    migrations: list[str]
    files: dict[str, str] = field(default_factory=dict)
    format: int = FORMAT


MANIFESTS = TypeAdapter(Manifest)


class ArchiveWriter:
    """Adds files to a tar stream and remembers their checksums."""

    def __init__(self, stream: IO[bytes]) -> None:
        # `dereference`: a hard link would be stored as a link, which a stream cannot follow.
        self._tar = tarfile.open(fileobj=stream, mode="w|gz", dereference=True)  # noqa: SIM115 - close()
        self._files: dict[str, str] = {}

    def add(self, name: str, path: Path) -> None:
        """Add a file under a name."""
        with path.open("rb") as file:
            info = self._tar.gettarinfo(arcname=name, fileobj=file)
            self._add(info, file)

    def add_text(self, name: str, text: str) -> None:
        """Add a text as a file."""
        content = text.encode()
        info = tarfile.TarInfo(name)
        info.size, info.mode = len(content), 0o600
        self._add(info, io.BytesIO(content))

    def finish(self, manifest: Manifest) -> None:
        """Add the manifest with the checksums of all files, and end the archive."""
        complete = asdict(manifest) | {"files": self._files}
        self.add_text(MANIFEST, json.dumps(complete, indent=1))
        self._tar.close()

    def close(self) -> None:
        """Give up an archive that was not finished. Does nothing after `finish`."""
        with suppress(OSError, ValueError):
            self._tar.close()

    def _add(self, info: tarfile.TarInfo, file: IO[bytes]) -> None:
        hashing = _HashingReader(file)
        self._tar.addfile(info, hashing)
        self._files[info.name] = hashing.hexdigest()


class _HashingReader:
    """Computes the checksum of what is read through it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        content = self._file.read(size)
        self._hash.update(content)
        return content

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


Target = Callable[[str], Path | None]


def read_archive(file: Path, *, passphrase: str, target: Target) -> Manifest:
    """Read a backup from start to end and return its manifest, after comparing all checksums.

    Each file is written to the path that `target` returns for its name; None writes nothing.
    Raises: BackupError if the backup is incomplete, changed, or not a backup.
    """
    found: dict[str, str] = {}
    manifest = b""
    with _opened(file, passphrase) as tar:
        for member in tar:
            content = tar.extractfile(member)
            if content is None or not _is_safe(member.name):
                raise BackupError(f"{file} is not a Testbank backup: it contains {member.name}.")
            if member.name == MANIFEST:
                manifest = content.read()
            else:
                found[member.name] = _copy(content, target(member.name))
    return _verified(file, manifest, found)


@contextmanager
def _opened(file: Path, passphrase: str) -> Iterator[tarfile.TarFile]:
    try:
        with (
            decrypted(file, passphrase=passphrase) as stream,
            gzip.GzipFile(fileobj=stream) as plain,
            tarfile.open(fileobj=plain, mode="r|") as tar,
        ):
            yield tar
            # gzip compares its checksum, which covers the manifest, at the end.
            while plain.read(CHUNK_BYTES):
                pass
    # Not OSError: a full disk says nothing about the backup.
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BackupError(
            f"{file} cannot be read: {error}. It is incomplete or damaged."
        ) from error


def _is_safe(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def _copy(content: IO[bytes], path: Path | None) -> str:
    """Write the content if there is a path, and return its checksum."""
    reader = _HashingReader(content)
    if path is None:
        while reader.read(CHUNK_BYTES):
            pass
        return reader.hexdigest()
    make_private_folder(path.parent)
    draft = path.with_name(f"{path.name}.restoring")
    with open(draft, "wb", opener=private_opener) as file:
        while chunk := reader.read(CHUNK_BYTES):
            file.write(chunk)
    draft.replace(path)
    return reader.hexdigest()


def _verified(file: Path, text: bytes, found: dict[str, str]) -> Manifest:
    if not text:
        raise BackupError(f"{file} has no manifest. It is incomplete or not a Testbank backup.")
    try:
        manifest = _parsed(file, text)
    except (ValueError, KeyError, TypeError) as error:
        raise BackupError(f"{file} is damaged: its manifest cannot be read.") from error
    expected = manifest.files
    wrong = [name for name in {*expected, *found} if expected.get(name) != found.get(name)]
    if wrong:
        raise BackupError(f"{file} is damaged: the checksum of {min(wrong)} does not match.")
    return manifest


def _parsed(file: Path, text: bytes) -> Manifest:
    data = json.loads(text)
    if data["format"] != FORMAT:
        raise BackupError(f"{file} was made by a newer version of Testbank. Install that version.")
    return MANIFESTS.validate_python(data)
