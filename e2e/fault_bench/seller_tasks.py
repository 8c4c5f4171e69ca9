"""Tasks for the seller process, as files in a folder. `seller.py` performs them inside the site."""

import json
import time
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class RefundTask:
    """Refund the order of a session: `amount_minor`, or 0 for everything that is left."""

    session_id: str
    amount_minor: int
    access: str


@dataclass(frozen=True)
class PriceTask:
    """Change the price of a bank."""

    slug: str
    price_minor: int


def add_task(folder: Path, task: RefundTask | PriceTask) -> None:
    """Add a task. The rename makes it appear in one step."""
    name = f"{time.time_ns()}-{uuid.uuid4().hex}"
    draft = folder / f"{name}.draft"
    draft.write_text(json.dumps({"kind": type(task).__name__, **asdict(task)}))
    draft.rename(folder / f"{name}.json")


def task_files(folder: Path) -> list[Path]:
    """Return the files of the tasks that are left, oldest first."""
    return sorted(folder.glob("*.json"))


def task_from_json(text: str) -> RefundTask | PriceTask:
    fields = json.loads(text)
    kinds = {task.__name__: task for task in (RefundTask, PriceTask)}
    task: RefundTask | PriceTask = kinds[fields.pop("kind")](**fields)
    return task
