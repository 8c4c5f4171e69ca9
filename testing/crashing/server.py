"""Starts the web server again each time it dies, without loading Django each time.

A program: `python -m testing.crashing.server` on a passed socket, which it keeps open.
"""

import os

from django.core.management import call_command
from django.urls import get_resolver


def _main() -> None:
    from testbank import wsgi  # noqa: PLC0415 - sets Django up, in this program only

    assert wsgi.application
    # What the first request would load.
    assert get_resolver().url_patterns
    while True:
        pid = os.fork()
        if not pid:
            os.environ["LISTEN_PID"] = str(os.getpid())
            call_command("serve")
            os._exit(0)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    _main()
