"""Restart the web server each time it is killed, without loading Django each time.

`python -m testing.crashing.server` serves on a passed socket, which stays open in between.
"""

import os

from django.core.management import call_command
from django.urls import get_resolver


def _main() -> None:
    from testbank import wsgi  # noqa: PLC0415 - sets Django up, in this program only

    assert wsgi.application
    # Load what the first request would load.
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
