"""Real proxies for tests, and servers that are not proxies.

Each listens on a free port of 127.0.0.1 with its own folder, as an unprivileged user if the tests
run as root. No name is resolved outside this machine: Squid gets a resolver that never responds.

Squid can redirect a CONNECT: its `url_rewrite_program` may respond `OK rewrite-url=host:port`
(tried with 5.7). It checks access rules first, so every decision is about `api.stripe.com` while
the bytes go to a sandbox on 127.0.0.1. tinyproxy cannot: give it existing addresses.
"""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from testing.parts import program, require
from testing.site import free_port

READY_SECONDS = 30.0
STARTS = 3
SSH_BANNER = b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"
UNPRIVILEGED = ("proxy", "nobody")

Mode = Literal["open", "deny", "credentials"]
Talk = Callable[[socket.socket], None]


@dataclass(frozen=True, slots=True)
class RunningProxy:
    """A proxy running on 127.0.0.1. `log` is its access log, if it writes one."""

    port: int
    folder: Path
    scheme: str = "http"
    username: str = "user"
    password: str = "p@ss:w/rd"

    @property
    def url(self) -> str:
        """Its address without credentials."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def url_with_credentials(self) -> str:
        """Its address with the right credentials, percent-encoded."""
        return self.url_for(self.username, self.password)

    def url_for(self, username: str, password: str) -> str:
        """Its address with these credentials, percent-encoded."""
        pair = f"{quote(username, safe='')}:{quote(password, safe='')}"
        return f"{self.scheme}://{pair}@127.0.0.1:{self.port}"

    def log(self) -> str:
        """Its access log so far: a line for each request that it has finished."""
        path = self.folder / "access.log"
        return path.read_text() if path.exists() else ""


@contextmanager
def running_squid(
    mode: Mode = "open",
    *,
    host: str = "api.stripe.com",
    leads_to: int | None = None,
    parent: int | None = None,
) -> Iterator[RunningProxy]:
    """Squid: `open`; `deny` answers 403 to CONNECT to `host`; `credentials` wants Basic.

    With `leads_to` every CONNECT that is allowed is connected to that port of 127.0.0.1, with
    `parent` it goes to the proxy on that port.
    """
    require("squid")
    with proxy_folder() as folder:
        proxy = RunningProxy(port=0, folder=folder)
        configuration = folder / "squid.conf"

        def command(port: int) -> list[str]:
            lines = [*_squid_lines(folder, port), *_squid_rules(proxy, mode, host)]
            if leads_to is not None:
                lines += _squid_rewriting(folder, leads_to)
            if parent is not None:
                lines.append(f"cache_peer 127.0.0.1 parent {parent} 0 no-query default name=up")
                lines.append("never_direct allow all")
            configuration.write_text("\n".join([*lines, ""]))
            return [_path("squid"), "-N", "-f", str(configuration)]

        with listening_program(command, folder, user=unprivileged_user()) as port:
            yield RunningProxy(port=port, folder=folder)


@contextmanager
def running_tinyproxy(
    mode: Mode = "open", *, host: str = "api.stripe.com"
) -> Iterator[RunningProxy]:
    """tinyproxy, in the modes of `running_squid`. Wrong credentials are answered with 401."""
    require("tinyproxy")
    with proxy_folder() as folder:
        proxy = RunningProxy(port=0, folder=folder, password="secret")
        configuration = folder / "tinyproxy.conf"

        def command(port: int) -> list[str]:
            lines = [f"Port {port}", "Listen 127.0.0.1", "Timeout 60", "MaxClients 50"]
            lines += _tinyproxy_rules(proxy, mode, host)
            configuration.write_text("\n".join([*lines, ""]))
            return [_path("tinyproxy"), "-d", "-c", str(configuration)]

        with listening_program(command, folder, user=unprivileged_user()) as port:
            yield RunningProxy(port=port, folder=folder, password=proxy.password)


@contextmanager
def running_microsocks(*, credentials: bool = False) -> Iterator[RunningProxy]:
    """microsocks: SOCKS 5, on demand with a user and a password."""
    require("microsocks")
    with proxy_folder() as folder:
        proxy = RunningProxy(port=0, folder=folder, scheme="socks5h")
        pair = ["-u", proxy.username, "-P", proxy.password] if credentials else []

        def command(port: int) -> list[str]:
            return [_path("microsocks"), "-i", "127.0.0.1", "-p", str(port), *pair]

        with listening_program(command, folder, user=unprivileged_user()) as port:
            yield RunningProxy(port=port, folder=folder, scheme="socks5h")


def _squid_lines(folder: Path, port: int) -> list[str]:
    return [
        f"http_port 127.0.0.1:{port}",
        "pid_filename none",
        "cache deny all",
        f"access_log stdio:{folder}/access.log",
        f"cache_log {folder}/cache.log",
        f"coredump_dir {folder}",
        "shutdown_lifetime 0 seconds",
        "pinger_enable off",
        "netdb_filename none",
        "icp_port 0",
        # Nothing listens there: a name that is not in its hosts file is not found at once.
        "dns_nameservers 127.0.0.1",
        "dns_timeout 1 second",
        "max_filedescriptors 1024",
    ]


def _squid_rules(proxy: RunningProxy, mode: Mode, host: str) -> list[str]:
    if mode == "deny":
        return [
            f"acl refused dstdomain {host}",
            "http_access deny refused",
            "http_access allow all",
        ]
    if mode == "open":
        return ["http_access allow all"]
    helper = _script(
        proxy.folder / "check-password",
        'while read -r line; do [ "$line" = "$EXPECTED" ] && echo OK || echo ERR; done',
        # Squid escapes blanks, quotes and percent signs there, of which these have none.
        EXPECTED=f"{proxy.username} {proxy.password}",
    )
    return [
        f"auth_param basic program {helper}",
        "auth_param basic children 1 startup=1 idle=1",
        "auth_param basic realm test",
        "acl known proxy_auth REQUIRED",
        "http_access allow known",
        "http_access deny all",
    ]


def _squid_rewriting(folder: Path, port: int) -> list[str]:
    helper = _script(
        folder / "rewrite",
        'while read -r channel rest; do echo "$channel OK rewrite-url=$TARGET"; done',
        TARGET=f"127.0.0.1:{port}",
    )
    return [
        f"url_rewrite_program {helper}",
        "url_rewrite_children 1 startup=1 idle=1 concurrency=1",
        "acl tunnels method CONNECT",
        "url_rewrite_access allow tunnels",
        "url_rewrite_access deny all",
    ]


def _script(path: Path, line: str, **variables: str) -> Path:
    settings = [f"{name}='{value}'" for name, value in variables.items()]
    path.write_text("\n".join(["#!/bin/sh", *settings, line, ""]))
    path.chmod(0o755)
    return path


def _tinyproxy_rules(proxy: RunningProxy, mode: Mode, host: str) -> list[str]:
    if mode == "credentials":
        return [f"BasicAuth {proxy.username} {proxy.password}"]
    if mode == "open":
        return []
    blocked = proxy.folder / "blocked"
    blocked.write_text(f"{host}\n")
    return [f'Filter "{blocked}"', "FilterType fnmatch", "FilterDefaultDeny No"]


def _path(name: str) -> str:
    path = program(name)
    assert path, f"{name} is missing"
    return path


@contextmanager
def proxy_folder() -> Iterator[Path]:
    """A folder that the unprivileged user may write to: pytest's own are closed to him."""
    folder = Path(tempfile.mkdtemp(prefix="testbank-proxy-"))
    try:
        user = unprivileged_user()
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def unprivileged_user() -> pwd.struct_passwd | None:
    """Return the user that a proxy runs as if the tests run as root; otherwise None."""
    if os.geteuid() != 0:
        return None
    for name in UNPRIVILEGED:
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise AssertionError("there is no unprivileged user to run a proxy as")


@contextmanager
def listening_program(
    command: Callable[[int], list[str]], folder: Path, *, user: pwd.struct_passwd | None
) -> Iterator[int]:
    """Start a program on a free port; retry if another process took the port.

    `user` is the user to run it as; None is the current one.
    """
    for _start in range(STARTS):
        port = free_port()
        process = _start_program(command(port), folder, user)
        try:
            if _accepts(process, port):
                yield port
                return
        finally:
            # Squid takes two seconds to shut down, and leaves nothing to save.
            process.kill()
            process.wait()
    raise AssertionError(f"{command(0)[0]} did not start: {(folder / 'output').read_text()}")


def _start_program(
    command: list[str], folder: Path, user: pwd.struct_passwd | None
) -> "subprocess.Popen[bytes]":
    with (folder / "output").open("ab") as output:
        return subprocess.Popen(
            command,
            cwd=folder,
            env={"PATH": os.defpath},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
        )


def _accepts(process: "subprocess.Popen[bytes]", port: int) -> bool:
    ends_at = time.monotonic() + READY_SECONDS
    while time.monotonic() < ends_at and process.poll() is None:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return process.poll() is None
        time.sleep(0.01)
    return False


@contextmanager
def raw_server(talk: Talk) -> Iterator[int]:
    """A server that runs `talk` for each connection and closes it; yields its port."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        connections: list[socket.socket] = []
        threads: list[threading.Thread] = []

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _address = listener.accept()
                    connections.append(connection)
                    thread = threading.Thread(target=_talk_and_close, args=(talk, connection))
                    threads.append(thread)
                    thread.start()

        threads.append(threading.Thread(target=accept))
        threads[0].start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            threads[0].join()
            _end(connections, threads)


def _talk_and_close(talk: Talk, connection: socket.socket) -> None:
    with suppress(OSError), connection:
        talk(connection)


def _end(connections: list[socket.socket], threads: list[threading.Thread]) -> None:
    for connection in connections:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
    for thread in threads:
        thread.join(timeout=READY_SECONDS)
    for connection in connections:
        connection.close()


@contextmanager
def black_hole() -> Iterator[int]:
    """A server that accepts, reads, and never responds; yields its port."""
    with raw_server(_only_read) as port:
        yield port


@contextmanager
def banner_server(banner: bytes = SSH_BANNER) -> Iterator[int]:
    """A server that sends an SSH banner; yields its port."""

    def greet(connection: socket.socket) -> None:
        connection.sendall(banner)
        _only_read(connection)

    with raw_server(greet) as port:
        yield port


@contextmanager
def closing_server() -> Iterator[int]:
    """A server that reads the first bytes and closes; yields its port."""

    def read_once(connection: socket.socket) -> None:
        connection.recv(65536)

    with raw_server(read_once) as port:
        yield port


@contextmanager
def refusing_port() -> Iterator[int]:
    """A reserved port without a listener."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


def _only_read(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass
