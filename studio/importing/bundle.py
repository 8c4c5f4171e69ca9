"""An upload of files of questions with their pictures, kept as one zip.

Nothing is ever unpacked to disk. Sizes are checked before and while an entry is read, so that a
zip that would unpack to more than it says is refused.
"""

import posixpath
import zipfile
import zlib
from collections.abc import Iterable
from io import BytesIO
from pathlib import PurePosixPath
from typing import TypeAlias
from urllib.parse import unquote

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from questions.formats.detect import read_questions_of
from questions.formats.parsing import LARGEST_FILE_BYTES
from questions.formats.problems import Problem, ReadFile
from questions.images import LARGEST_BYTES, SCHEME, ImageRefused, Images

LARGEST_UPLOAD_BYTES = 60_000_000
LARGEST_UNPACKED_BYTES = 200_000_000
MOST_ENTRIES = 5_000
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp")
MACOS = "__MACOSX/"

# The stubs make this generic; at run time it is not.
Upload: TypeAlias = "UploadedFile[bytes]"


class UploadRefused(Exception):
    """The upload cannot be taken; `words` say why, and what to do."""

    def __init__(self, words: str) -> None:
        self.words = words
        super().__init__(words)


class ImagesInBundle(Images):
    """The pictures of a bundle, found from the folder of one of its files."""

    def __init__(self, archive: zipfile.ZipFile, folder: str) -> None:
        super().__init__()
        self._archive = archive
        self._folder = folder

    def _content(self, reference: str) -> bytes:
        if SCHEME.match(reference):
            raise ImageRefused(
                _(
                    "The image %(image)s cannot be imported from a URL. Add it to the upload, and "
                    "refer to it by its file name."
                )
            )
        path = unquote(reference).replace("\\", "/")
        for folder in (self._folder, ""):
            name = posixpath.normpath(posixpath.join(folder, path))
            if name in self._archive.NameToInfo:
                return read_entry(self._archive, name, LARGEST_BYTES)
        raise ImageRefused(
            _(
                "The image %(image)s is not in the upload. Add it, or upload the questions and their "
                "images as one zip file."
            )
        )


class ReadBundle:
    """What the files of a bundle say: items, the file and line of each, and all problems."""

    def __init__(self) -> None:
        self.read = ReadFile()
        self.places: list[tuple[str, int]] = []
        self.problems: list[tuple[str, Problem]] = []
        self.images: list[ImagesInBundle] = []

    def add(self, name: str, found: ReadFile, images: ImagesInBundle) -> None:
        """Take in one file. The combined lines count the questions of all files from 1."""
        for line, item in zip(found.lines, found.items, strict=True):
            self.places.append((name, line))
            self.read.items.append(item)
            self.read.lines.append(len(self.places))
        self.problems += [(name, problem) for problem in found.problems]
        self.read.problems += found.problems
        self.images.append(images)

    def place(self, line: int) -> tuple[str, int]:
        """The file and line of a question, by its combined line."""
        return self.places[line - 1]


def pack(uploads: Iterable[Upload]) -> tuple[bytes, list[str]]:
    """Return one zip of the uploads, and their names. A single zip stays as it is.

    Raises: UploadRefused.
    """
    files = list(uploads)
    if not files:
        raise UploadRefused(_("Choose a file."))
    if sum(file.size or 0 for file in files) > LARGEST_UPLOAD_BYTES:
        most = LARGEST_UPLOAD_BYTES // 1_000_000
        words = _("Together, the files are larger than %(most)s MB. Upload fewer files at a time.")
        raise UploadRefused(words % {"most": most})
    names = [PurePosixPath(file.name or "file").name for file in files]
    contents = [file.read() for file in files]
    if len(files) == 1 and zipfile.is_zipfile(BytesIO(contents[0])):
        return contents[0], names
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (name, content) in enumerate(zip(names, contents, strict=True), start=1):
            # Files from two folders may have the same name; pictures are found by their first one.
            archive.writestr(f"{number}/{name}" if name in archive.namelist() else name, content)
    return packed.getvalue(), names


def read_bundle(content: bytes, *, domain: str) -> ReadBundle:
    """Read every file of questions in a bundle. Raises: UploadRefused."""
    found = ReadBundle()
    with open_bundle(content) as archive:
        for name in question_files(archive):
            images = ImagesInBundle(archive, posixpath.dirname(name))
            read = read_questions_of(
                read_entry(archive, name, LARGEST_FILE_BYTES),
                name=name,
                format_name=None,
                domain=domain,
                images=images,
            )
            found.add(name, read, images)
    if not found.images:
        raise UploadRefused(
            _("The upload contains no question files. Add a GIFT, Aiken, or JSON Lines file.")
        )
    return found


def open_bundle(content: bytes) -> zipfile.ZipFile:
    """Open a zip whose directory is harmless. Raises: UploadRefused."""
    try:
        archive = zipfile.ZipFile(BytesIO(content))
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise UploadRefused(_("The zip file is damaged. Create it again.")) from error
    entries = archive.infolist()
    if len(entries) > MOST_ENTRIES or sum(e.file_size for e in entries) > LARGEST_UNPACKED_BYTES:
        raise UploadRefused(
            _(
                "The zip file contains too much data or too many files. Split it into smaller zip "
                "files."
            )
        )
    if any(entry.flag_bits & 1 for entry in entries):
        raise UploadRefused(_("The zip file is encrypted. Create it without a password."))
    return archive


def question_files(archive: zipfile.ZipFile) -> list[str]:
    """The names of the entries that are no folders, pictures, or leftovers of macOS."""
    names = [entry.filename for entry in archive.infolist() if not entry.is_dir()]
    return [
        name
        for name in dict.fromkeys(names)
        if not name.startswith(MACOS)
        and not PurePosixPath(name).name.startswith(".")
        and not name.lower().endswith((*PICTURES, ".md", "bank.json"))
    ]


def read_entry(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """Return an entry of at most so many bytes. Raises: UploadRefused."""
    try:
        with archive.open(name) as entry:
            content = entry.read(most + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise UploadRefused(_("The zip file is damaged. Create it again.")) from error
    if len(content) > most:
        words = _("%(name)s is larger than %(most)s MB. Use a smaller file.")
        raise UploadRefused(words % {"name": name, "most": most // 1_000_000})
    return content
