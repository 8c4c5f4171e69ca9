"""Write the questions of a bank to a file. Nobody's answers are in it."""

import posixpath
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from io import BytesIO

from django.core.files.storage import default_storage
from django.utils.text import slugify

from catalog.models import TestBank
from questions.formats.aiken_writer import write_aiken
from questions.formats.gift_writer import Loss, write_gift
from questions.formats.jsonl_writer import write_jsonl
from questions.images import FOLDER
from questions.items import Item, Text, map_texts
from questions.models import QuestionVersion

# A fixed time in the zip, so that the same bank gives the same bytes.
EPOCH = (1980, 1, 1, 0, 0, 0)
QUESTIONS = "questions.jsonl"


@dataclass(frozen=True)
class Export:
    """A file to download, and what its format could not say."""

    name: str
    content: bytes
    content_type: str
    losses: list[Loss] = field(default_factory=list)


def export_bank(*, test_bank: TestBank, format_name: str) -> Export:
    """Export a bank as `jsonl` (a zip with the pictures, lossless), `gift` or `aiken`.

    A question without an id of its author is named by its own, by which a later import of the
    file finds it again.
    """
    items = exported_items(test_bank)
    name = slugify(test_bank.slug) or "bank"
    if format_name == "jsonl":
        return Export(f"{name}.zip", _zipped(items), "application/zip")
    write = write_gift if format_name == "gift" else write_aiken
    text, losses = write(items)
    ending = "gift" if format_name == "gift" else "txt"
    return Export(f"{name}.{ending}", text.encode(), "text/plain; charset=utf-8", losses)


def exported_items(test_bank: TestBank) -> list[Item]:
    """The current questions of a bank in their order, each with an id. Two statements."""
    places = list(
        test_bank.bank_questions.order_by("position").values_list(
            "question__current", "question__public_id"
        )
    )
    versions = QuestionVersion.objects.in_bulk([version for version, _own in places])
    items = []
    for version, own in places:
        item = versions[version].item
        if not item.external_id:
            item = item.model_copy(update={"external_id": str(own)})
        items.append(item)
    return items


def _zipped(items: Iterable[Item]) -> bytes:
    packed = BytesIO()
    pictures: dict[str, str] = {}
    renamed = [map_texts(item, lambda text: _with_own_names(text, pictures)) for item in items]
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(QUESTIONS, EPOCH), write_jsonl(renamed))
        for reference, name in sorted(pictures.items()):
            if default_storage.exists(f"{FOLDER}/{name}"):
                with default_storage.open(f"{FOLDER}/{name}") as file:
                    archive.writestr(zipfile.ZipInfo(reference, EPOCH), file.read())
    return packed.getvalue()


def _with_own_names(text: Text, pictures: dict[str, str]) -> Text:
    """Keep the author's reference of a picture where it is free, else use its stored name."""
    source = text.source
    for reference, name in text.pictures:
        path = posixpath.normpath(reference)
        is_free = pictures.get(path, name) == name and not path.startswith(("/", ".."))
        if is_free and path == reference:
            pictures[reference] = name
        else:
            pictures[name] = name
            source = source.replace(reference, name)
    return text.model_copy(update={"source": source})
