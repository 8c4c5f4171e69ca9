"""The mails that the demo wrote into files instead of sending them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import message_from_string, policy
from email.message import EmailMessage
from pathlib import Path

# Django's file backend ends each message with this line.
END_OF_MESSAGE = "-" * 79


@dataclass(frozen=True)
class DemoMail:
    """One mail as its reader sees it."""

    recipient: str
    subject: str
    sent_at: datetime | None
    text: str


def demo_mails(folder: Path, *, limit: int = 50) -> list[DemoMail]:
    """The newest mails in the folder, the newest first; none where it is not there yet."""
    files = sorted(folder.glob("*.log"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    mails = [mail for path in files[:limit] for mail in reversed(list(_mails_in(path)))]
    return mails[:limit]


def _mails_in(path: Path) -> Iterator[DemoMail]:
    for source in path.read_text(encoding="utf-8").split(f"{END_OF_MESSAGE}\n"):
        if source.strip():
            yield _mail(message_from_string(source, policy=policy.default))


def _mail(message: EmailMessage) -> DemoMail:
    body = message.get_body(preferencelist=("plain",))
    date = message["Date"]
    return DemoMail(
        recipient=str(message["To"] or ""),
        subject=str(message["Subject"] or ""),
        sent_at=date.datetime if date else None,
        text=body.get_content().strip() if body else "",
    )
