"""Which stored question an item of a file is, so that importing a file again corrects it."""

from collections.abc import Iterable

from questions.items import Item
from questions.services import fingerprint


class KnownQuestions:
    """The questions of a bank, found by the author's own id or by what they ask.

    A row is the question's id, the fingerprint of one of its versions, and the author's id in
    its current version.
    """

    def __init__(self, rows: Iterable[tuple[int, str, str | None]]) -> None:
        self._by_fingerprint: dict[str, int] = {}
        self._by_external_id: dict[str, int] = {}
        self._added: set[str] = set()
        for question, mark, external_id in rows:
            self._by_fingerprint.setdefault(mark, question)
            if external_id:
                self._by_external_id.setdefault(external_id, question)

    def match(self, item: Item) -> int | None:
        """Return the id of the question that the item is; None for one that is new.

        An author's id names a question once in a file: a second line with it is matched by
        what it asks.
        """
        by_id = self._by_external_id.pop(item.external_id, None) if item.external_id else None
        return by_id or self._by_fingerprint.get(fingerprint(item))

    def add(self, item: Item) -> bool:
        """Take note of a new question; False where the file had it before."""
        mark = fingerprint(item)
        is_first = mark not in self._added
        self._added.add(mark)
        return is_first
