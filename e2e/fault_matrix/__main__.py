"""`python -m e2e.fault_matrix [names of rows]`: write the table into docs/network.md.

Names are separated by commas. Only those rows are run, and the table keeps its other lines.
"""

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import testing.scrub


def main(names: Sequence[str]) -> int:
    """Run rows on a site with its own database; return 1 if one is not as expected."""
    testing.scrub.scrub_environment()
    with tempfile.TemporaryDirectory(prefix="testbank-matrix-") as folder:
        os.environ["DATABASE_URL"] = f"sqlite:///{folder}/matrix.sqlite3"
        os.environ["DJANGO_SETTINGS_MODULE"] = "testbank.settings"
        _prepare_shop()
        return _write_table(Path(folder), names)


def _prepare_shop() -> None:
    import django
    from django.core.management import call_command
    from django.test.utils import setup_test_environment

    django.setup()
    setup_test_environment()
    call_command("migrate", verbosity=0)


def _write_table(folder: Path, names: Sequence[str]) -> int:
    import logging

    from e2e.fault_matrix import table
    from e2e.fault_matrix.laboratory import running_laboratory
    from e2e.fault_matrix.matrix import ROWS
    from e2e.fault_matrix.trial import run_row

    logging.getLogger("django.request").setLevel(logging.CRITICAL)
    logging.getLogger("payments").propagate = False
    chosen = table.rows_to_run(names)
    surprises, measured = 0, {}
    with running_laboratory(folder) as laboratory:
        for row in chosen:
            outcome = run_row(laboratory, row)
            measured[row.name] = table.line_of(row, outcome)
            for name, wanted in row.expected.wanted.items():
                if outcome.found[name] != wanted:
                    surprises += 1
                    found = outcome.found[name]
                    sys.stderr.write(f"{row.name}: {name} is {found!r}, not {wanted!r}\n")
    table.write(table.merged(measured))
    sys.stdout.write(f"{len(chosen)} of {len(ROWS)} rows measured for {table.PAGE.name}.\n")
    return 1 if surprises else 0


if __name__ == "__main__":
    names = " ".join(sys.argv[1:]).split(",")
    sys.exit(main([name.strip() for name in names if name.strip()]))
