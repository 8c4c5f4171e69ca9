"""The mails that the demo wrote into files instead of sending them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

# Django's file backend ends each message with this line.
END_OF_MESSAGE = b"-" * 79 + b"\n"


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
    """Bytes: read as text, what is not ASCII in a mail would be lost."""
    for source in path.read_bytes().split(END_OF_MESSAGE):
        if source.strip():
            yield _mail(message_from_bytes(source, policy=policy.default))


def _mail(message: EmailMessage) -> DemoMail:
    body = message.get_body(preferencelist=("plain",))
    return DemoMail(
        recipient=str(message["To"] or ""),
        subject=str(message["Subject"] or ""),
        sent_at=_sent_at(message),
        text=body.get_content().strip() if body else "",
    )


def _sent_at(message: EmailMessage) -> datetime | None:
    """Django writes the zone -0000, "UTC, said by a machine", which is read as no zone."""
    date = message["Date"]
    return date.datetime.replace(tzinfo=date.datetime.tzinfo or UTC) if date else None
