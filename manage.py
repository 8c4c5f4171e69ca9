#!/usr/bin/env python
"""Django's command line for this site; a wrong setting ends it with one sentence."""

import os
import sys

from testbank.pasted_lines import stop_at_pasted_lines

# Before anything that a pasted line may stop.
stop_at_pasted_lines(os.environ, exit_code=2)


def main() -> None:
    """Run the command that was typed."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "testbank.settings")
    try:
        from django.conf import settings
        from django.core.management import execute_from_command_line
    except ImportError as error:
        raise SystemExit(
            f"{error}. Run `make setup` first, then use .venv/bin/python manage.py …"
        ) from error
    from testbank.environment import SettingError

    try:
        settings.INSTALLED_APPS  # noqa: B018 - reading one setting loads them all
    except SettingError as error:
        sys.stderr.write(f"The site cannot start.\n{error}\n")
        raise SystemExit(2) from None
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
