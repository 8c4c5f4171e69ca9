"""`python -m e2e.fault_matrix`: run every row, and write the table into docs/network.md."""

import os
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import testing.scrub


def main() -> int:
    """Run all rows in a shop with a database of its own; 1 where a row is not as expected."""
    testing.scrub.scrub_environment()
    with tempfile.TemporaryDirectory(prefix="testbank-matrix-") as folder:
        os.environ["DATABASE_URL"] = f"sqlite:///{folder}/matrix.sqlite3"
        os.environ["DJANGO_SETTINGS_MODULE"] = "testbank.settings"
        _prepare_shop()
        return _write_table(Path(folder))


def _prepare_shop() -> None:
    import django
    from django.core.management import call_command
    from django.test.utils import setup_test_environment

    django.setup()
    setup_test_environment()
    call_command("migrate", verbosity=0)


def _write_table(folder: Path) -> int:
    import logging

    from e2e.fault_matrix import table
    from e2e.fault_matrix.laboratory import running_laboratory
    from e2e.fault_matrix.matrix import ROWS
    from e2e.fault_matrix.trial import run_row

    logging.getLogger("django.request").setLevel(logging.CRITICAL)
    logging.getLogger("payments").propagate = False
    surprises, written = 0, defaultdict(list)
    with running_laboratory(folder) as laboratory:
        for row in ROWS:
            outcome = run_row(laboratory, row)
            written[row.group].append(table.line_of(row, outcome))
            for name, wanted in row.expected.wanted.items():
                if outcome.found[name] != wanted:
                    surprises += 1
                    found = outcome.found[name]
                    sys.stderr.write(f"{row.name}: {name} is {found!r}, not {wanted!r}\n")
    table.write(written)
    sys.stdout.write(f"{len(ROWS)} rows written into {table.PAGE.name}.\n")
    return 1 if surprises else 0


if __name__ == "__main__":
    sys.exit(main())
