"""Load the demo's banks from the folders in `demo/content/`."""

from datetime import datetime
from pathlib import Path

from django.utils import timezone

from catalog.importing.folders import SHEET, make_bank, read_bank_folder
from catalog.models import TestBank

FOLDER = Path(__file__).parent / "content"


def demo_folders() -> list[Path]:
    """Return the folder of each demo bank, by slug."""
    return sorted(sheet.parent for sheet in FOLDER.glob(f"*/{SHEET}"))


def load_demo_banks(*, at: datetime | None = None) -> list[TestBank]:
    """Create and publish the demo banks that are missing, and return them. Idempotent.

    `at` defaults to now.
    """
    at = at or timezone.now()
    return [
        make_bank(folder=read_bank_folder(path), at=at)
        for path in demo_folders()
        if not TestBank.objects.filter(slug=path.name).exists()
    ]
