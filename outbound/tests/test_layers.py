"""The imports of the package, and the completeness of its list of causes."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import outbound
from outbound.diagnosis import causes

PACKAGE = Path(outbound.__file__).parent
CAUSE = re.compile(r'"((?:NET|API)-[A-Z0-9-]*[A-Z0-9]|UNKNOWN)"')


@pytest.mark.slow
def test_outbound_imports_without_django_and_stripe():
    code = (
        "import sys, outbound.circuit_breaker, outbound.diagnosis.probe\n"
        "sys.exit(bool({'django', 'stripe', 'requests', 'testbank'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=PACKAGE.parent, check=False)
    assert ran.returncode == 0


def test_the_causes_are_the_listed_ones():
    source = "".join(path.read_text() for path in sorted((PACKAGE / "diagnosis").glob("*.py")))
    assert set(CAUSE.findall(source)) == causes.IDS


def test_every_cause_is_provoked():
    tests = "".join(path.read_text() for path in sorted((PACKAGE / "tests").glob("test_*.py")))
    assert causes.IDS - set(CAUSE.findall(tests)) == set()
