"""The demo's banks. Idempotent: what is there already is left as it is.

Its people, and what they have done, are in `testbank/demo_life/`.
"""

from datetime import datetime
from pathlib import Path

from django.utils import timezone

from catalog.importing.folders import SHEET, make_bank, read_bank_folder
from catalog.models import TestBank

FOLDER = Path(__file__).parent / "demo_banks"


def demo_folders() -> list[Path]:
    """The folder of each demo bank, in the order of their slugs."""
    return sorted(sheet.parent for sheet in FOLDER.glob(f"*/{SHEET}"))


def load_demo_banks(*, at: datetime | None = None) -> list[TestBank]:
    """Every demo bank that is not there yet, made and put on sale; `at` is now by default."""
    at = at or timezone.now()
    return [
        make_bank(folder=read_bank_folder(path), at=at)
        for path in demo_folders()
        if not TestBank.objects.filter(slug=path.name).exists()
    ]
