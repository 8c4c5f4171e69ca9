import importlib
import subprocess
import sys
import threading
from types import ModuleType

import pytest

from accounts.late import LateModule, load_when_used


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package whose module `costly` notes each time it is run."""
    name = "of_late"
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("runs = []\n")
    (tmp_path / name / "costly.py").write_text(
        "from of_late import runs\nruns.append(__name__)\nvalue = 7\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module(name)
    for loaded in [one for one in sys.modules if one.startswith(name)]:
        del sys.modules[loaded]


def test_a_module_is_run_when_something_of_it_is_used(package):
    load_when_used("of_late.costly")
    from of_late import costly  # type: ignore[import-not-found] # the fixture's

    assert isinstance(costly, LateModule)
    assert not package.runs
    assert costly.value == 7
    assert (package.runs, type(costly)) == (["of_late.costly"], ModuleType)
    with pytest.raises(AttributeError):
        _missing = costly.missing
    assert importlib.import_module("of_late.costly") is costly


def test_a_name_that_is_imported_from_it_is_used(package):
    load_when_used("of_late.costly")
    from of_late.costly import value  # type: ignore[import-not-found] # as above

    assert value == 7


def test_threads_that_use_it_at_once_run_it_once(package):
    load_when_used("of_late.costly")
    from of_late import costly

    threads = [threading.Thread(target=lambda: costly.value) for _each in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert package.runs == ["of_late.costly"]


def test_a_module_that_is_loaded_stays(package):
    costly = importlib.import_module("of_late.costly")
    load_when_used("of_late.costly")
    assert sys.modules["of_late.costly"] is costly


def test_a_module_that_is_not_there_is_told(package):
    with pytest.raises(ImportError, match=r"of_late\.nothing"):
        load_when_used("of_late.nothing")


def test_a_web_process_loads_nothing_of_security_keys(tmp_path):
    program = (
        "import sys, testbank.wsgi\nfrom django.urls import get_resolver\n"
        "get_resolver().url_patterns\n"
        "print([one for one in ('fido2', 'cryptography') if one in sys.modules])\n"
        "from allauth.mfa.webauthn.internal import auth\n"
        "print(auth.EXTENSIONS, 'fido2' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PATH": "", "TESTBANK_ENV_FILE": "testing/test.env", "VAR_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "[]\n{'credProps': True} True\n", done.stderr[-2000:]
