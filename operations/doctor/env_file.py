"""Write one line into `.env`, so that everything else in it stays byte for byte.

An entry of NO_PROXY is appended to the existing ones; any other setting's value is replaced. The
result is parsed before it is written: if another setting would change, nothing is written. The
file keeps its owner, its mode and its access list.
"""

import difflib
import errno
import io
import os
import pwd
import re
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values

NO_PROXY = "NO_PROXY"
NEW_FILE_MODE = 0o600
# A value in quotes, or up to a comment or the end of the line, as python-dotenv reads it.
VALUE = re.compile(
    r"""(?P<quote>['"])(?P<quoted>.*?)(?P=quote)|(?P<bare>[^\r\n]*?)(?=\s+\#|\s*$)"""
)
ASSIGNMENT = r"^[ \t]*(?:export[ \t]+)?{name}[ \t]*=[ \t]*"


class CannotWrite(Exception):
    """The line cannot be written without changing something else; the text says why."""


@dataclass(frozen=True)
class Change:
    """A change of the file at `path` from `before` (None if it does not exist) to `after`."""

    path: Path
    before: bytes | None
    after: bytes

    def diff(self) -> list[str]:
        """Return a diff without context lines, which may hold secrets."""
        lines = difflib.unified_diff(
            _lines(self.before or b""),
            _lines(self.after),
            str(self.path),
            str(self.path),
            n=0,
            lineterm="",
        )
        return list(lines)

    def write(self) -> None:
        """Replace the file, with its owner and permissions.

        Raises: CannotWrite if the file has changed since or cannot be written.
        """
        if _content(self.path) != self.before:
            raise CannotWrite(f"{self.path} has changed in the meantime. Run the doctor again.")
        try:
            _replace(self.path, self.after)
        except OSError as error:
            raise CannotWrite(_about_permission(self.path, error)) from error


def plan_change(path: Path, line: str) -> Change:
    """Return the change that sets `NAME=value`, without writing it. Raises: CannotWrite."""
    name, _equals, value = line.partition("=")
    path = path.resolve()
    before = _content(path)
    text = _decoded(before or b"", path)
    after = (
        _with_no_proxy_entry(text, value) if name == NO_PROXY else _with_value(text, name, value)
    )
    _check(text, after, name, value)
    bom = b"\xef\xbb\xbf" if before and before.startswith(b"\xef\xbb\xbf") else b""
    return Change(path, before, bom + after.encode())


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CannotWrite(f"{path} cannot be read: {error.strerror}.") from error


def _decoded(content: bytes, path: Path) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CannotWrite(f"{path} is not UTF-8 text.") from error


def _with_no_proxy_entry(text: str, value: str) -> str:
    """Append the last entry of `value` to the NO_PROXY in the text."""
    entry = value.rpartition(",")[2]
    place = _last_value(text, NO_PROXY) or _last_value(text, NO_PROXY.lower())
    if place is None:
        return _appended(text, f"{NO_PROXY}={entry}")
    start, end = place
    there = text[start:end].rstrip(", \t")
    return f"{text[:start]}{there}{',' if there else ''}{entry}{text[end:]}"


def _with_value(text: str, name: str, value: str) -> str:
    place = _last_value(text, name)
    if place is None:
        return _appended(text, f"{name}={value}")
    start, end = place
    return f"{text[:start]}{value}{text[end:]}"


def _last_value(text: str, name: str) -> tuple[int, int] | None:
    """Return the span of the last assigned value, without its quotes: the last one wins."""
    found = None
    for assignment in re.finditer(ASSIGNMENT.format(name=re.escape(name)), text, re.MULTILINE):
        line_end = re.compile(r"[\r\n]|$").search(text, assignment.end())
        end = line_end.start() if line_end else len(text)
        match = VALUE.match(text[:end], assignment.end())
        if match:
            found = match.span("quoted" if match["quote"] else "bare")
    return found


def _appended(text: str, line: str) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    gap = newline if text and not text.endswith(("\n", "\r")) else ""
    return f"{text}{gap}{line}{newline}"


def _check(before: str, after: str, name: str, value: str) -> None:
    """Only the setting has changed, and it says what it should."""
    former, now = _read(before), _read(after)
    changed = {key for key in former | now if former.get(key) != now.get(key)}
    spelling = next(iter(changed), "") if name == NO_PROXY else name
    said = now.get(spelling) or ""
    right = said.split(",")[-1] == value.rpartition(",")[2] if name == NO_PROXY else said == value
    if changed - {spelling} or spelling.upper() != name or not right:
        raise CannotWrite(
            f"{name} is written in a way that cannot be changed safely. Edit it by hand."
        )


def _read(text: str) -> dict[str, str | None]:
    return dict(dotenv_values(stream=io.StringIO(text), interpolate=False))


def _replace(path: Path, content: bytes) -> None:
    """Put a new file in place of the old one at once where it can be given the same owner.

    Otherwise the old file is written over: it stays whose it was, and readable to the same
    users. So is a file that a container has mounted, which cannot be replaced.
    """
    try:
        if _has_access_list(path):
            raise PermissionError
        _replace_at_once(path, content)
    except OSError as error:
        may_be_written_over = isinstance(error, PermissionError) or error.errno == errno.EBUSY
        if not (may_be_written_over and path.exists()):
            raise
        _write_over(path, content)


def _replace_at_once(path: Path, content: bytes) -> None:
    """A reader sees the old file or the new one, and a power cut leaves one of them."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            _copy_owner_and_mode(path, file.fileno())
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)  # noqa: PTH105 - a path of the temporary file
    except BaseException:
        with suppress(OSError):
            os.unlink(draft)  # noqa: PTH108 - as above
        raise


def _write_over(path: Path, content: bytes) -> None:
    with path.open("r+b") as file:
        file.write(content)
        file.truncate()
        file.flush()
        os.fsync(file.fileno())


def _copy_owner_and_mode(path: Path, descriptor: int) -> None:
    """Raises: PermissionError, where this user may not give a file to that owner."""
    try:
        old = path.stat()
    except FileNotFoundError:
        # Run as root, create the file for the owner of the folder.
        folder = path.parent.stat()
        os.fchown(descriptor, folder.st_uid if os.geteuid() == 0 else -1, -1)
        os.fchmod(descriptor, NEW_FILE_MODE)
        return
    new = os.fstat(descriptor)
    if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
        os.fchown(descriptor, old.st_uid, old.st_gid)
    os.fchmod(descriptor, old.st_mode & 0o7777)


def _has_access_list(path: Path) -> bool:
    """True where more users may read the file than its mode says (a POSIX access list)."""
    try:
        return "system.posix_acl_access" in os.listxattr(path)
    except (AttributeError, OSError):
        return False


def _about_permission(path: Path, error: OSError) -> str:
    if not isinstance(error, PermissionError):
        return f"{path} cannot be written: {error.strerror}."
    try:
        owner = pwd.getpwuid(path.stat().st_uid).pw_name
    except (KeyError, OSError):
        return f"{path} cannot be written: {error.strerror}."
    return f"{path} belongs to {owner}. Run the doctor as {owner}, or add the line yourself."


def _lines(content: bytes) -> list[str]:
    return content.decode("utf-8-sig").splitlines()
