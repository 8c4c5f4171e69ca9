"""The real curl, asked whether it would go to a proxy, without a packet that leaves loopback."""

import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from testing.parts import program, require
from testing.proxies import refusing_port

LONGEST_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Curl:
    """curl beside a proxy that counts who comes, and a direct way that is closed."""

    path: str
    proxy_port: int
    closed_port: int
    arrivals: list[int]

    def bypasses(self, url: str, variables: Mapping[str, str]) -> bool:
        """True where curl goes directly to `url` with these variables beside its proxies."""
        seen = len(self.arrivals)
        proxy = f"http://127.0.0.1:{self.proxy_port}"
        # Whichever way it goes, it ends on loopback: --connect-to comes after its decision.
        elsewhere = f"::127.0.0.1:{self.closed_port}"
        options = ["--silent", "--globoff", "--max-time", f"{LONGEST_SECONDS}"]
        subprocess.run(
            [self.path, *options, "--connect-to", elsewhere, url],
            env={"https_proxy": proxy, "http_proxy": proxy, **variables},
            capture_output=True,
            timeout=2 * LONGEST_SECONDS,
            check=False,
        )
        return len(self.arrivals) == seen


@contextmanager
def running_curl() -> Iterator[Curl]:
    """curl, and a port in a proxy's place that hangs up on everybody whom it has counted."""
    require("curl")
    path = program("curl")
    assert path
    with socket.create_server(("127.0.0.1", 0)) as listener, refusing_port() as closed_port:
        curl = Curl(path, listener.getsockname()[1], closed_port, [])
        counting = threading.Thread(target=_count, args=(listener, curl.arrivals))
        counting.start()
        try:
            yield curl
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            counting.join()


def _count(listener: socket.socket, arrivals: list[int]) -> None:
    with suppress(OSError):
        while True:
            connection, address = listener.accept()
            arrivals.append(address[1])
            connection.close()
