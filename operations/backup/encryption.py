"""Encrypt and decrypt with GnuPG, so that a backup can be opened without this program.

`gpg --decrypt FILE | tar -tz` lists an encrypted backup.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

from operations.backup.errors import BackupError

SUFFIX = ".gpg"
CHUNK_BYTES = 1024 * 1024


@contextmanager
def encrypted(
    target: IO[bytes], *, passphrase: str, public_key: Path | None
) -> Iterator[IO[bytes]]:
    """Yield a file to write plain bytes to. They reach `target` encrypted for the public key,
    or else with the passphrase, or as they are if there is neither."""
    if not (passphrase or public_key):
        yield target
        return
    how = ["--encrypt", "--recipient-file", str(public_key)] if public_key else ["--symmetric"]
    arguments = [*how, "--compress-algo", "none"]
    with _empty_home() as home, _gpg([*home, *arguments], passphrase) as (command, descriptors):
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=target,
            stderr=subprocess.PIPE,
            pass_fds=descriptors,
        )
        assert process.stdin and process.stderr  # noqa: S101 - for the type checker
        try:
            with suppress(BrokenPipeError), process.stdin:
                yield process.stdin
        finally:
            said = process.stderr.read()
            process.stderr.close()
            failed = process.wait()
    if failed:
        raise BackupError(f"gpg could not encrypt the backup: {_last_line(said)}")


@contextmanager
def decrypted(file: Path, *, passphrase: str) -> Iterator[IO[bytes]]:
    """Yield the plain bytes of a backup. A file for a public key needs your gpg keyring.

    Raises: BackupError if the passphrase is wrong or the key is missing.
    """
    if file.suffix != SUFFIX:
        with file.open("rb") as plain:
            yield plain
        return
    with ExitStack() as stack:
        home = stack.enter_context(_empty_home()) if passphrase else []
        command, descriptors = stack.enter_context(
            _gpg([*home, "--decrypt", str(file)], passphrase)
        )
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=descriptors
        )
        assert process.stdout and process.stderr  # noqa: S101 - for the type checker
        try:
            if not process.stdout.peek(1) and process.wait():  # type: ignore[attr-defined]
                raise BackupError(
                    f"{file} cannot be decrypted: {_last_line(process.stderr.read())}"
                )
            yield process.stdout
            while process.stdout.read(CHUNK_BYTES):
                pass
            # gpg finds at the end whether the file was cut off or changed.
            if process.wait():
                raise BackupError(f"{file} is damaged: {_last_line(process.stderr.read())}")
        finally:
            process.stdout.close()
            process.stderr.close()
            process.wait()


@contextmanager
def _empty_home() -> Iterator[list[str]]:
    """Yield the arguments for a keyring of its own: the service's home may be read-only."""
    with tempfile.TemporaryDirectory(prefix="testbank-gpg-") as name:
        yield ["--homedir", name]
        # gpg starts an agent, which would look for a minute whether its folder is still there.
        with suppress(FileNotFoundError):
            subprocess.run(["gpgconf", "--homedir", name, "--kill", "gpg-agent"], check=False)


@contextmanager
def _gpg(arguments: Sequence[str], passphrase: str) -> Iterator[tuple[list[str], list[int]]]:
    """Yield a command and the descriptor that carries the passphrase.

    A command line is visible to other users of the machine; a pipe is not.
    """
    program = shutil.which("gpg")
    if program is None:
        raise BackupError(
            "gpg, which encrypts backups, is not installed. To install it, run: apt-get install gpg"
        )
    command = [program, "--batch", "--quiet", "--no-tty", "--yes"]
    if not passphrase:
        yield [*command, "--trust-model", "always", *arguments], []
        return
    reader, writer = os.pipe()
    try:
        os.write(writer, passphrase.encode() + b"\n")
        os.close(writer)
        command += ["--pinentry-mode", "loopback", "--passphrase-fd", str(reader)]
        yield [*command, *arguments], [reader]
    finally:
        os.close(reader)


def _last_line(said: bytes) -> str:
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "no reason given"
