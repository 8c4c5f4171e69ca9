"""Start a program with a listening socket, as systemd's socket units do.

A program: `python -m testing.passed_socket DESCRIPTOR COMMAND …` becomes the command.
"""

import os
import socket
import sys

FIRST_PASSED_DESCRIPTOR = 3


def with_socket(listener: socket.socket, *arguments: str) -> list[str]:
    """The arguments of a Python that starts these with the socket, which it must inherit."""
    return ["-m", "testing.passed_socket", str(listener.fileno()), *arguments]


def _main(descriptor: int, arguments: list[str]) -> None:
    os.dup2(descriptor, FIRST_PASSED_DESCRIPTOR)
    os.set_inheritable(FIRST_PASSED_DESCRIPTOR, True)
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
    os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    _main(int(sys.argv[1]), sys.argv[2:])
