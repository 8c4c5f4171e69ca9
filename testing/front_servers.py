"""The front servers of `deploy/`, with the very samples, on 127.0.0.1 and without TLS."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from testing.parts import program, require
from testing.proxies import listening_program, proxy_folder, unprivileged_user
from testing.site import ROOT

SAMPLES = ROOT / "deploy"
BACKEND = "127.0.0.1:8000"
NGINX_MAIN = """\
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{servers}
}}
"""


def nginx_configuration(folder: Path, *, port: int, backend: int) -> str:
    """The sample with one server that listens without TLS."""
    text = (SAMPLES / "nginx.conf").read_text().replace(BACKEND, f"127.0.0.1:{backend}")
    text = re.sub(r"server \{\n    listen 80;.*?\n\}\n", "", text, flags=re.DOTALL)
    text = re.sub(r"    ssl_certificate.*\n", "", text)
    text = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
    return NGINX_MAIN.format(folder=folder, servers=text)


def haproxy_configuration(_folder: Path, *, port: int, backend: int) -> str:
    """The sample with one frontend that listens without TLS."""
    text = (SAMPLES / "haproxy.cfg").read_text().replace(BACKEND, f"127.0.0.1:{backend}")
    text = re.sub(r"    bind :443.*\n|.*redirect scheme.*\n", "", text)
    return text.replace("bind :80", f"bind 127.0.0.1:{port}")


Configuration = Callable[..., str]
FRONT_SERVERS: dict[str, tuple[Configuration, list[str]]] = {
    "nginx": (nginx_configuration, ["-c"]),
    "haproxy": (haproxy_configuration, ["-db", "-f"]),
}


@contextmanager
def front_server(name: str, *, backend: int) -> Iterator[int]:
    """Run nginx or haproxy in front of a port; yield the port that it listens on."""
    require(name)  # type: ignore[arg-type] # the names are parts
    path = program(name)
    assert path
    configuration, options = FRONT_SERVERS[name]
    with proxy_folder() as folder:
        file = folder / f"{name}.conf"

        def command(port: int) -> list[str]:
            file.write_text(configuration(folder, port=port, backend=backend))
            return [path, *options, str(file)]

        with listening_program(command, folder, user=unprivileged_user()) as port:
            yield port
