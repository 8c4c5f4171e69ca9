"""The mails that the demo writes to files instead of sending them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Literal

# Django's file backend ends every message with this line.
END_OF_MESSAGE = b"-" * 79 + b"\n"


@dataclass(frozen=True)
class DemoMail:
    """One mail. `name` is unique in the folder; `html` is empty for a mail of plain text."""

    name: str
    recipient: str
    subject: str
    sent_at: datetime | None
    text: str
    html: str


def demo_mails(folder: Path, *, limit: int = 50) -> list[DemoMail]:
    """List the newest mails in the folder, newest first; none if there is no folder yet."""
    files = sorted(folder.glob("*.log"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    mails = [mail for path in files[:limit] for mail in reversed(list(_mails_in(path)))]
    return mails[:limit]


def demo_mail(folder: Path, name: str) -> DemoMail | None:
    return next((mail for mail in demo_mails(folder) if mail.name == name), None)


def _mails_in(path: Path) -> Iterator[DemoMail]:
    # Bytes, because the parser for text loses what is not ASCII.
    for number, source in enumerate(path.read_bytes().split(END_OF_MESSAGE)):
        if source.strip():
            message = message_from_bytes(source, policy=policy.default)
            yield _mail(message, f"{path.stem}-{number}")


def _mail(message: EmailMessage, name: str) -> DemoMail:
    return DemoMail(
        name=name,
        recipient=str(message["To"] or ""),
        subject=str(message["Subject"] or ""),
        sent_at=_sent_at(message),
        text=_body(message, "plain"),
        html=_body(message, "html"),
    )


def _body(message: EmailMessage, form: Literal["plain", "html"]) -> str:
    body = message.get_body(preferencelist=(form,))
    return body.get_content().strip() if body else ""


def _sent_at(message: EmailMessage) -> datetime | None:
    # Django writes the time zone as -0000, which Python reads as a naive time in UTC.
    date = message["Date"]
    return date.datetime.replace(tzinfo=date.datetime.tzinfo or UTC) if date else None
