"""The room itself: what it may import, and that its list of causes is whole."""

import re
import subprocess
import sys
from pathlib import Path

from outbound import causes

ROOM = Path(causes.__file__).parent


def test_it_needs_neither_django_nor_stripe():
    code = (
        "import sys, outbound.probe\n"
        "sys.exit(bool({'django', 'stripe', 'requests', 'testbank'} & set(sys.modules)))"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], cwd=ROOM.parent, check=False).returncode == 0
    )


def test_the_causes_are_the_listed_ones():
    source = (ROOM / "causes.py").read_text() + (ROOM / "diagnosis.py").read_text()
    used = set(re.findall(r'"((?:NET|API)-[A-Z0-9-]+|UNKNOWN)"', source))
    assert used == causes.IDS


def test_every_cause_is_provoked():
    tests = (ROOM / "tests" / "test_diagnosis.py").read_text()
    assert {cause for cause in causes.IDS if f'"{cause}"' not in tests} == set()
