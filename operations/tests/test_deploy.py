"""The files for systemd and containers, read as systemd and Docker read them."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from django.core.management import get_commands

from testbank import __version__
from testing.parts import ROOT, require

BUILT_BY = "/tmp/testbank/deploy/build.sh"  # noqa: S108 - inside the image
UNITS = sorted((ROOT / "deploy" / "systemd").iterdir())
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SITE_SERVICES = {
    name: service for name, service in COMPOSE["services"].items() if name != "database"
}


def test_systemd_accepts_every_unit(tmp_path):
    require("systemd-analyze")
    for unit in UNITS:
        # A template is verified as one of its instances, and its program must be there.
        text = unit.read_text(encoding="utf-8").replace("/srv/testbank", str(ROOT))
        (tmp_path / unit.name.replace("@", "@8000")).write_text(text, encoding="utf-8")
    verified = subprocess.run(
        ["systemd-analyze", "verify", *map(str, tmp_path.iterdir())],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (verified.returncode, verified.stderr) == (0, "")


@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.name)
def test_services_are_hardened_and_run_a_command_of_ours(unit):
    text = unit.read_text(encoding="utf-8")
    for line in ("User=testbank", "ProtectSystem=strict", "NoNewPrivileges=yes"):
        assert f"\n{line}\n" in text
    command = re.search(r"^ExecStart=\S+/python manage\.py (\w+)$", text, re.MULTILINE)
    assert command
    assert command.group(1) in get_commands()


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_units_can_be_enabled(unit):
    """All but the service that the timer starts."""
    is_enabled = "[Install]" in unit.read_text(encoding="utf-8")
    assert is_enabled is (unit.name != "testbank-backup.service")


def test_dockerfile_passes_hadolint():
    hadolint = shutil.which("hadolint", path=str(ROOT / ".venv" / "bin"))
    if hadolint is None:
        pytest.skip("hadolint is missing")
    subprocess.run([hadolint, str(ROOT / "Dockerfile")], check=True)


@pytest.mark.parametrize("name", SITE_SERVICES)
def test_containers_run_our_commands_without_privileges(name):
    service = SITE_SERVICES[name]
    words = re.findall(r"[\w.]+", " ".join(service["command"]))
    command = words[words.index("manage.py") + 1] if "manage.py" in words else words[0]
    assert command in get_commands()
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert "var:/srv/testbank/var" in service["volumes"]


def test_containers_set_known_settings():
    known = set(re.findall(r"^#?([A-Z_]+)=", Path(ROOT / ".env.example").read_text(), re.MULTILINE))
    used = {name for service in SITE_SERVICES.values() for name in service["environment"]}
    assert {name.removesuffix("_FILE") for name in used} - known == set()


def test_image_is_built_by_the_script_that_installs_a_machine():
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r"^RUN (\S+)", text, re.MULTILINE) == [BUILT_BY]
    assert re.findall(r"^USER (\S+)", text, re.MULTILINE) == ["10001"]
    assert "--uid 10001" in (ROOT / "deploy" / "build.sh").read_text(encoding="utf-8")


def test_installing_again_replaces_the_code_and_leaves_data_and_secrets(tmp_path):
    written = {
        "new/app/a.py": "2", "new/app/__pycache__/a.pyc": "", "new/.env": "mine", "new/secrets/key": "mine",
        "old/app/a.py": "1", "old/app/migrations/0001_gone.py": "", "old/.env": "kept", "old/var/db": "kept",
    }  # fmt: skip
    for name, content in written.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
        (tmp_path / name).chmod(0o600)
    subprocess.run(
        [ROOT / "deploy" / "copy_code.sh", tmp_path / "new", tmp_path / "old"], check=True
    )
    files = [each for each in (tmp_path / "old").rglob("*") if each.is_file()]
    found = {each.name: (each.read_text(), f"{each.stat().st_mode & 0o777:o}") for each in files}
    assert found == {"a.py": ("2", "644"), ".env": ("kept", "600"), "db": ("kept", "600")}


def test_continuous_integration_runs_commands_of_the_makefile():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    used = {step["run"] for step in steps if step.get("run", "").startswith("make ")}
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert used == {f"make {name}" for name in ("check", "coverage", "develop", "quick-postgresql")}
    assert {command.removeprefix("make ") for command in used} <= set(targets)


def test_every_python_has_the_same_packages():
    """A back office that was looked at on one Python looks the same on the others."""
    pinned = (ROOT / "requirements" / "base.txt").read_text(encoding="utf-8")
    names = re.findall(r"^([a-z0-9-]+)==", pinned, re.MULTILINE)
    assert len(names) == len(set(names))


def test_version_is_that_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["version"] == __version__
