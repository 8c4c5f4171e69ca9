"""The services of `compose.yaml` as processes: their own commands and settings, without Docker.

A copy of the project stands for the image. Paths of the image lead into that folder, and the
published port is a free one of 127.0.0.1.
"""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from testing.demo import copy_project
from testing.site import ROOT, free_port, kill_group

IMAGE_ROOT = "/srv/testbank"
SECRETS = "/run/secrets"
ENTRYPOINT = ["python", "manage.py"]


@dataclass
class Containers:
    """The services. `dotenv` has the lines of the `.env` that compose passes to each of them."""

    folder: Path
    dotenv: dict[str, str]
    port: int = field(default_factory=free_port)

    @classmethod
    def built(cls, folder: Path, *, dotenv: Mapping[str, str], database_url: str) -> "Containers":
        """Build: copy the project, install its packages and collect static files."""
        copy_project(folder)
        (folder / ".venv").symlink_to(sys.prefix)
        (folder / "secrets").mkdir()
        (folder / "secrets" / "database_url").write_text(f"{database_url}\n")
        containers = cls(folder, dict(dotenv))
        containers.run("upgrade", "collectstatic", "--no-input", "--verbosity=0")
        return containers

    def run(self, service: str, *arguments: str, stdin: str = "") -> str:
        """Run a service until it ends, with other arguments if given; return its output."""
        done = subprocess.run(
            [*ENTRYPOINT, *arguments] if arguments else self.command(service),
            cwd=self.folder,
            env=self.environment(service),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def running(self, service: str) -> Iterator["subprocess.Popen[bytes]"]:
        """Run a service in the background; stop it as `docker compose stop` does."""
        with (self.folder / f"{service}.log").open("ab") as log:
            process = subprocess.Popen(
                self.command(service),
                cwd=self.folder,
                env=self.environment(service),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(timeout=40)
            finally:
                kill_group(process)

    def command(self, service: str) -> list[str]:
        """Return what the container runs: the image's entry point unless the service has one."""
        described = services()[service]
        return [*described.get("entrypoint", ENTRYPOINT), *described["command"]]

    def environment(self, service: str) -> dict[str, str]:
        """Return its variables. Those of the service win over `.env`, and `.env` over the image."""
        variables = image_variables() | self.dotenv | services()[service]["environment"]
        own = {"PATH": "/srv/testbank/.venv/bin:/usr/bin:/bin", "HOME": "/srv/testbank"}
        return {name: self._localized(value) for name, value in (variables | own).items()}

    def log(self, service: str) -> str:
        """Return what a service in the background has written."""
        return (self.folder / f"{service}.log").read_text()

    def _localized(self, value: str) -> str:
        value = value.replace(SECRETS, str(self.folder / "secrets"))
        value = value.replace("0.0.0.0:8000", f"127.0.0.1:{self.port}")
        return value.replace(IMAGE_ROOT, str(self.folder))


def services() -> dict[str, Any]:
    """Return the services that run the image, by name."""
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    return {
        name: service
        for name, service in compose["services"].items()
        if service["image"] == "testbank"
    }


def image_variables() -> dict[str, str]:
    """Return the variables that the Dockerfile sets."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    found = re.search(r"^ENV ((?:.*\\\n)*.*)$", text, re.MULTILINE)
    assert found
    pairs = (word.partition("=") for word in shlex.split(found[1].replace("\\\n", " ")))
    return {name: value for name, _equals, value in pairs}
