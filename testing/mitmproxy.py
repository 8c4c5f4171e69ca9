"""mitmproxy: a proxy that intercepts TLS with its own authority, as a company's does.

It lives in an environment of its own (`make develop`), since its requirements clash with
ours, and runs as a program on a free port of 127.0.0.1.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from testing.parts import mitmdump, require
from testing.proxies import listening_program, proxy_folder
from testing.waiting import wait_until

# Every CONNECT is redirected to one port; the name asked for stays in SNI and in the check of the
# certificate upstream.
ADDON = """
def server_connect(data):
    data.server.address = ("127.0.0.1", {port})
"""


@dataclass(frozen=True, slots=True)
class RunningInterceptor:
    """A running proxy that intercepts TLS. `authority` is its root certificate."""

    port: int
    authority: Path

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def running_mitmproxy(*, leads_to: int, trusts: Path) -> Iterator[RunningInterceptor]:
    """Start mitmproxy in front of a TLS server on `leads_to`, which `trusts` verifies."""
    require("mitmproxy")
    with proxy_folder() as folder:
        addon, authority = folder / "lead.py", folder / "mitmproxy-ca-cert.pem"
        addon.write_text(ADDON.format(port=leads_to))
        upstream = folder / "upstream.pem"
        upstream.write_bytes(trusts.read_bytes())
        options = [
            f"confdir={folder}",
            f"ssl_verify_upstream_trusted_ca={upstream}",
            "connection_strategy=lazy",
        ]

        def command(port: int) -> list[str]:
            settings = [part for option in options for part in ("--set", option)]
            listen = ["--listen-host", "127.0.0.1", "--listen-port", str(port)]
            return [str(mitmdump()), "--quiet", *listen, *settings, "--scripts", str(addon)]

        # Its environment may stand where nobody but whoever runs the tests can read.
        with listening_program(command, folder, user=None) as port:
            wait_until(authority.exists)
            yield RunningInterceptor(port=port, authority=authority)
