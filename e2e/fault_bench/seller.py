"""The seller at work inside of the site: pays back and changes prices, as wishes come in.

`python -m e2e.fault_bench.seller FOLDER`: each file there is one wish, and gone once it is done.
Killed in between, the seller finds it again and does it a second time, like an impatient click.
"""

import json
import sys
import time
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

LOOKS_EVERY_SECONDS = 0.1
# A wish about what is never paid ends then.
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class PayBack:
    """Pay back what was paid in a session: `amount_minor`, 0 for all that is left."""

    session_id: str
    amount_minor: int
    access: str


@dataclass(frozen=True)
class Reprice:
    """Let a bank cost something else from now on."""

    slug: str
    price_minor: int


def wish(folder: Path, wanted: PayBack | Reprice) -> None:
    """Leave a wish for the seller; whole or not at all."""
    name = f"{time.time_ns()}-{uuid.uuid4().hex}"
    draft = folder / f"{name}.draft"
    draft.write_text(json.dumps({"kind": type(wanted).__name__, **asdict(wanted)}))
    draft.rename(folder / f"{name}.json")


def are_done(folder: Path) -> bool:
    """True where no wish is left."""
    return not list(folder.glob("*.json"))


def main(folder: Path) -> None:
    """Do what is wished, for ever."""
    while True:
        for path in sorted(folder.glob("*.json")):
            if is_done(json.loads(path.read_text()), time.time() - path.stat().st_mtime):
                path.unlink()
        time.sleep(LOOKS_EVERY_SECONDS)


def is_done(wanted: dict[str, Any], waited_seconds: float) -> bool:
    """Do it; False where it is to be tried again."""
    kind = wanted.pop("kind")
    if kind == Reprice.__name__:
        from catalog.models import TestBank

        change = Reprice(**wanted)
        TestBank.objects.filter(slug=change.slug).update(price_minor=change.price_minor)
        return True
    return is_paid_back(PayBack(**wanted)) or waited_seconds > PATIENCE_SECONDS


def is_paid_back(wanted: PayBack) -> bool:
    """Ask for the refund; True too where it is refused, or the shop is to ask again itself."""
    from django.utils import timezone
    from stripe import StripeError

    from payments.errors import NothingToRefund, RefundTooLarge
    from payments.flows.refunds import RefundRequest, open_refund, refundable_minor
    from payments.models import Order

    order = Order.objects.filter(session_id=wanted.session_id).first()
    if order is None or not order.is_settled:
        return False
    now = timezone.now()
    asked = RefundRequest(
        amount_minor=wanted.amount_minor or refundable_minor(order),
        reason="requested_by_customer",
        access=wanted.access,
        access_until=now + timedelta(days=30) if wanted.access == "shorten" else None,
    )
    with suppress(NothingToRefund, RefundTooLarge, StripeError):
        open_refund(
            key=uuid.uuid5(order.pk, "bench"), order=order, wanted=asked, asked_by=None, at=now
        )
    return True


if __name__ == "__main__":
    import django

    django.setup()
    main(Path(sys.argv[1]))
