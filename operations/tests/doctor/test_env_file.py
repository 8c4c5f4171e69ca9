"""Writing a line into `.env`: only the setting changes."""

import os
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from dotenv import dotenv_values

from operations.doctor.env_file import CannotWrite, plan_change

ADDS = "NO_PROXY=localhost,.stripe.com"


@pytest.fixture
def env_file(tmp_path):
    return tmp_path / ".env"


def written(path, line):
    plan_change(path, line).write()
    return path.read_bytes().decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "NO_PROXY=.stripe.com\n"),
        ("A=1\n", "A=1\nNO_PROXY=.stripe.com\n"),
        ("A=1", "A=1\nNO_PROXY=.stripe.com\n"),
        ("A=1\r\n", "A=1\r\nNO_PROXY=.stripe.com\r\n"),
        ("NO_PROXY=localhost\nB=2\n", "NO_PROXY=localhost,.stripe.com\nB=2\n"),
        ("NO_PROXY='localhost,a b'\n", "NO_PROXY='localhost,a b,.stripe.com'\n"),
        ('NO_PROXY="localhost" # inside\n', 'NO_PROXY="localhost,.stripe.com" # inside\n'),
        ("NO_PROXY=localhost  # ours\n", "NO_PROXY=localhost,.stripe.com  # ours\n"),
        ("NO_PROXY=localhost,\n", "NO_PROXY=localhost,.stripe.com\n"),
        ("NO_PROXY=\n", "NO_PROXY=.stripe.com\n"),
        ("export NO_PROXY = localhost\n", "export NO_PROXY = localhost,.stripe.com\n"),
        ("no_proxy=localhost\n", "no_proxy=localhost,.stripe.com\n"),
        ("#NO_PROXY=\nA=1\n", "#NO_PROXY=\nA=1\nNO_PROXY=.stripe.com\n"),
        ("NO_PROXY=a\nNO_PROXY=b\n", "NO_PROXY=a\nNO_PROXY=b,.stripe.com\n"),
        ("\ufeffA=1\n", "\ufeffA=1\nNO_PROXY=.stripe.com\n"),
        ("A='x\ny'\nB=$HOME\n", "A='x\ny'\nB=$HOME\nNO_PROXY=.stripe.com\n"),
    ],
)
def test_no_proxy_entry_is_appended(env_file, before, after):
    env_file.write_bytes(before.encode())
    assert written(env_file, ADDS) == after
    name = "no_proxy" if "no_proxy" in before else "NO_PROXY"
    value = dotenv_values(env_file, encoding="utf-8-sig")[name] or ""
    assert value.split(",")[-1] == ".stripe.com"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("A=1\n", "A=1\nSTRIPE_PROXY=direct\n"),
        ("STRIPE_PROXY=http://u:p@x:1 # old\nB=2", "STRIPE_PROXY=direct # old\nB=2"),
        ("STRIPE_PROXY='http://x:1'\n", "STRIPE_PROXY='direct'\n"),
        ("STRIPE_PROXY=\n", "STRIPE_PROXY=direct\n"),
        ("STRIPE_PROXY_FALLBACK=none\n", "STRIPE_PROXY_FALLBACK=none\nSTRIPE_PROXY=direct\n"),
    ],
)
def test_setting_is_replaced(env_file, before, after):
    env_file.write_text(before)
    assert written(env_file, "STRIPE_PROXY=direct") == after


@pytest.mark.parametrize(
    "content",
    [
        "KEY='a\nNO_PROXY=inside of a value\nb'\n",
        "NO_PROXY='a\nb'\n",
        'NO_PROXY="it\\"s"\n',
    ],
)
def test_unparsable_file_is_refused(env_file, content):
    env_file.write_text(content)
    with pytest.raises(CannotWrite, match="cannot be changed safely"):
        plan_change(env_file, ADDS)
    assert env_file.read_text() == content


def test_owner_and_mode_are_kept(env_file):
    env_file.write_text("A=1\n")
    env_file.chmod(0o640)
    before = env_file.stat()
    written(env_file, ADDS)
    after = env_file.stat()
    assert stat.S_IMODE(after.st_mode) == 0o640
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)
    assert list(env_file.parent.iterdir()) == [env_file]


def test_new_file_is_private(env_file):
    assert written(env_file, ADDS) == "NO_PROXY=.stripe.com\n"
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600


NOBODY = 65534


@pytest.fixture
def nobodys_folder():
    """A folder in which a user other than root can create files."""
    with tempfile.TemporaryDirectory(prefix="testbank-env-") as name:
        os.chown(name, NOBODY, NOBODY)
        yield Path(name)


@contextmanager
def as_nobody():
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def owner_and_mode(path):
    found = path.stat()
    return found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)


root_only = pytest.mark.skipif(os.geteuid() != 0, reason="two users are needed, which root has")


@root_only
@pytest.mark.parametrize(
    ("user", "group", "mode"),
    [(0, 0, 0o666), (0, NOBODY, 0o660), (NOBODY, 0, 0o640), (1, 1, 0o606)],
)
def test_owner_and_mode_stay_whoever_writes(nobodys_folder, user, group, mode):
    env_file = nobodys_folder / ".env"
    env_file.write_text("A=1\nB=a longer line that must not stay\n")
    env_file.chmod(mode)
    os.chown(env_file, user, group)
    change = plan_change(env_file, ADDS)
    with as_nobody():
        change.write()
    assert owner_and_mode(env_file) == (user, group, mode)
    assert env_file.read_text().endswith("\nNO_PROXY=.stripe.com\n")
    assert list(nobodys_folder.iterdir()) == [env_file]


@root_only
def test_file_of_somebody_else_names_its_owner(nobodys_folder):
    env_file = nobodys_folder / ".env"
    env_file.write_text("A=1\n")
    change = plan_change(env_file, ADDS)
    with as_nobody(), pytest.raises(CannotWrite, match=r"belongs to root\. Run the doctor as root"):
        change.write()
    assert env_file.read_text() == "A=1\n"
    assert list(nobodys_folder.iterdir()) == [env_file]


@root_only
def test_root_writes_a_new_file_for_the_owner_of_the_site(nobodys_folder):
    plan_change(nobodys_folder / ".env", ADDS).write()
    assert owner_and_mode(nobodys_folder / ".env") == (NOBODY, 0, 0o600)


def test_symlink_is_followed(env_file, tmp_path):
    target = tmp_path / "settings"
    target.write_text("A=1\n")
    env_file.symlink_to(target)
    assert written(env_file, ADDS) == "A=1\nNO_PROXY=.stripe.com\n"
    assert env_file.is_symlink()


def test_concurrently_changed_file_is_refused(env_file):
    env_file.write_text("A=1\n")
    change = plan_change(env_file, ADDS)
    env_file.write_text("A=2\n")
    with pytest.raises(CannotWrite, match="has changed in the meantime"):
        change.write()
    assert env_file.read_text() == "A=2\n"


def test_binary_file_is_refused(env_file):
    env_file.write_bytes(b"A=\xff\n")
    with pytest.raises(CannotWrite, match="not UTF-8"):
        plan_change(env_file, ADDS)


def test_diff_has_no_context_lines(env_file):
    env_file.write_text("SECRET_KEY=hidden\nNO_PROXY=localhost\nEMAIL_HOST_PASSWORD=hidden\n")
    diff = plan_change(env_file, ADDS).diff()
    assert diff[2:] == ["@@ -2 +2 @@", "-NO_PROXY=localhost", "+NO_PROXY=localhost,.stripe.com"]
