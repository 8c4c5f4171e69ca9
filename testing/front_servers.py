"""The reverse proxies of `deploy/`, with the very samples, on 127.0.0.1."""

import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from testing.certificates import Signed, authority, certificate
from testing.parts import program, require
from testing.proxies import listening_program, proxy_folder, unprivileged_user
from testing.site import ROOT, free_port

SAMPLES = ROOT / "deploy"
BACKEND = "127.0.0.1:8000"
HOST = "shop.example.org"
CERTIFICATES = f"/etc/letsencrypt/live/{HOST}"
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


def caddy_configuration(folder: Path, *, port: int, backend: int) -> str:
    """The sample with one site that listens without TLS."""
    text = (SAMPLES / "Caddyfile").read_text().replace(BACKEND, f"127.0.0.1:{backend}")
    own = f"admin off\n\tauto_https off\n\tstorage file_system {folder}/storage"
    text = text.replace("\n{\n", f"\n{{\n\t{own}\n")
    return text.replace(f"{HOST} {{", f"http://:{port} {{\n\tbind 127.0.0.1")


Configuration = Callable[..., str]
FRONT_SERVERS: dict[str, tuple[Configuration, list[str]]] = {
    "nginx": (nginx_configuration, ["-c"]),
    "haproxy": (haproxy_configuration, ["-db", "-f"]),
    "caddy": (caddy_configuration, ["run", "--adapter", "caddyfile", "--config"]),
}


@contextmanager
def front_server(name: str, *, backend: int) -> Iterator[int]:
    """Run nginx, HAProxy or Caddy in front of a port; yield the port that it listens on."""
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


@dataclass(frozen=True)
class TLSFrontServer:
    """nginx with TLS for `shop.example.org`. `http_port` redirects to https."""

    https_port: int
    http_port: int
    authority: Path
    own: Signed

    @property
    def browser_arguments(self) -> list[str]:
        """Lead Chromium to the server by its name, and let it trust this key and no other."""
        key = self.own.certificate.public_key()
        digest = sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
        return [
            f"--host-resolver-rules=MAP {HOST}:443 127.0.0.1:{self.https_port}",
            f"--ignore-certificate-errors-spki-list={b64encode(digest).decode()}",
        ]


@contextmanager
def nginx_with_tls(*, backend: int) -> Iterator[TLSFrontServer]:
    """Run the whole sample of nginx, with a certificate of an authority made for it."""
    require("nginx")
    signer = authority("A test authority")
    own = certificate(signer, HOST)
    with proxy_folder() as folder:
        (folder / "fullchain.pem").write_bytes(own.pem)
        private = own.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / "privkey.pem").write_bytes(private)
        (folder / "authority.pem").write_bytes(signer.pem)
        file, http_port = folder / "nginx.conf", free_port()

        def command(port: int) -> list[str]:
            text = (SAMPLES / "nginx.conf").read_text().replace(BACKEND, f"127.0.0.1:{backend}")
            text = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;")
            text = text.replace("listen 80;", f"listen 127.0.0.1:{http_port};")
            text = text.replace(CERTIFICATES, str(folder))
            file.write_text(NGINX_MAIN.format(folder=folder, servers=text))
            return [str(program("nginx")), "-c", str(file)]

        with listening_program(command, folder, user=unprivileged_user()) as port:
            yield TLSFrontServer(port, http_port, folder / "authority.pem", own)
