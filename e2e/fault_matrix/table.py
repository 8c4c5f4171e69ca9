"""The matrix as a table for people, between two markers in `docs/network.md`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from e2e.fault_matrix.laboratory import IMPATIENT, PATIENT
from e2e.fault_matrix.row import NOT_CONNECTED, NOT_STARTED, ROWS, Row
from e2e.fault_matrix.trial import Outcome, readable
from outbound.redaction import scrub
from testing.parts import ROOT

PAGE = ROOT / "docs" / "network.md"
BEGIN, END = "<!-- fault matrix: begin -->", "<!-- fault matrix: end -->"
MEASURED = (
    "#",
    "What happens",
    "Cause",
    "The buyer sees",
    "Status",
    "Requests that reached Stripe",
    "Could Stripe have acted?",
    "Trying again",
    "Response time",
)
TOLD = (
    "#",
    "What the operator sees",
    "How to fix it",
    "Fix that the doctor suggests after it tests other routes",
)
GROUPS = {
    "open_ways": "Routes that work",
    "routes": "Settings that result in the wrong route",
    "proxies": "Proxies",
    "ways": "Names, connections, and certificates",
    "answers": "Responses",
}
SENTENCES = {"A": NOT_CONNECTED, "B": NOT_STARTED, "Stripe's page": ""}
LEGEND = (
    "These results were measured with `make fault-table`, which causes each fault on this machine with real "
    "programs (Squid, Tinyproxy, mitmproxy, and microsocks) or with test servers that simulate the fault. It then "
    "removes the fault and repeats the purchase, which succeeds. A sandbox, reached through "
    "`STRIPE_RESOLVE`, simulates Stripe. The buyer got a response to each purchase at most 0.2 s "
    f"after `STRIPE_DEADLINE`, which was set to {PATIENT.purchase_seconds:g} s, or to {IMPATIENT.purchase_seconds:g} s for faults "
    "in which no response arrives.",
    f"**A**: “{NOT_CONNECTED}”",
    f"**B**: “{NOT_STARTED}”",
    "Both pages show an incident code. The order is saved, and the buyer can complete it later. Trying "
    "again is always safe, because the request and its idempotency key stay the same. For every row, "
    "the test clicked Purchase again after the fault was fixed. The second click continued the same order, "
    "and Stripe had exactly one session for the order, regardless of how many requests Stripe had received.",
)
NOTHING_ELSE = "No other route works."
# Lines, addresses and ids stand in code, so that no page makes a link or a star of them.
TO_BE_TYPED = re.compile(
    r"[A-Z_]{4,}=[^\s)]*[^\s),]|[a-z0-9]+://\S*[^\s.,:)]|\b(NET|API|CLOCK)-[A-Z0-9-]+"
)
Cells = tuple[str, ...]


@dataclass(frozen=True)
class Line:
    """A row of the matrix as it stands in the page: in the first table, and in the second.

    The last cell of `measured` is a time and differs from run to run. `told` is empty where
    nobody needs to be told anything.
    """

    measured: Cells
    told: Cells = ()

    @property
    def lasting(self) -> tuple[Cells, Cells]:
        """What must be the same in every run."""
        return self.measured[:-1], self.told

    def numbered(self, number: int) -> "Line":
        """The same line in another place of the table."""
        told = (str(number), *self.told[1:]) if self.told else ()
        return Line((str(number), *self.measured[1:]), told)


def heading(row: Row) -> str:
    """The cell by which a row is found."""
    return _cell(row.happens)


def line_of(row: Row, outcome: Outcome) -> Line:
    """A row as measured."""
    pressed, diagnosis = outcome.pressed, outcome.pressed.diagnosis
    cause = outcome.cause or outcome.examination.cause
    number = str(ROWS.index(row) + 1)
    seen = next(name for name, sentence in SENTENCES.items() if sentence == pressed.sentence)
    texts = (
        cause or "none",
        seen,
        str(pressed.status),
        str(outcome.reached),
        diagnosis.acted if diagnosis else "yes",
        _again(outcome),
    )
    seconds = f"{pressed.seconds:.1f} s"
    measured = (number, heading(row), *(_cell(text) for text in texts), seconds)
    return Line(measured, (number, *_told(outcome)) if cause else ())


def _told(outcome: Outcome) -> Cells:
    """What an operator reads; only the doctor reads who signed a certificate."""
    diagnosis, examination = outcome.pressed.diagnosis, outcome.examination
    if diagnosis is None or diagnosis.id == examination.cause == "NET-TLS-UNTRUSTED":
        operator = examination.operator
    else:
        operator = diagnosis.operator
    texts = (
        operator,
        diagnosis.fix if diagnosis else examination.remedy,
        _tried(outcome),
    )
    return tuple(_cell(text) for text in texts)


def _tried(outcome: Outcome) -> str:
    """What the doctor adds to the diagnosis."""
    diagnosis, examination = outcome.pressed.diagnosis, outcome.examination
    if not examination.cause:
        return "none: the doctor finds no problem"
    if examination.tested:
        return f"tested: {examination.remedy}"
    remedy = examination.remedy.replace(NOTHING_ELSE, "").strip()
    known = diagnosis is None or remedy == scrub(diagnosis.fix)
    return "same" if known else remedy


def _again(outcome: Outcome) -> str:
    diagnosis = outcome.pressed.diagnosis
    if diagnosis is None:
        return "done automatically" if outcome.reached > 1 else "not needed"
    return "may help" if diagnosis.retry_useful else "helps after the fix"


def _cell(text: str) -> str:
    one_line = readable(" ".join(text.split())).replace("|", "\\|")
    return TO_BE_TYPED.sub(r"`\g<0>`", one_line)


def rows_to_run(names: Sequence[str], page: Path = PAGE) -> list[Row]:
    """Return the rows with these names, or all rows if there are none.

    Raises: SystemExit if a name is unknown, or if the page lacks a row that has no name here.
    """
    known = [row.name for row in ROWS]
    if unknown := sorted(set(names) - set(known)):
        raise SystemExit(f"No such row: {', '.join(unknown)}. The rows: {', '.join(known)}.")
    lines = documented(page)
    missing = [row.name for row in ROWS if row.name not in names and heading(row) not in lines]
    if names and missing:
        raise SystemExit(f"{page.name} has no line for these rows: {missing}. Name them too.")
    return [row for row in ROWS if row.name in names] if names else list(ROWS)


def merged(measured: Mapping[str, Line], page: Path = PAGE) -> dict[str, list[Line]]:
    """Return the lines of each group: those measured, by row name, and the page's for the rest."""
    lines: dict[str, list[Line]] = {group: [] for group in GROUPS}
    kept = documented(page)
    for number, row in enumerate(ROWS, start=1):
        line = measured.get(row.name) or kept[heading(row)]
        lines[row.group].append(line.numbered(number))
    return lines


def rendered(table: Mapping[str, Sequence[Line]]) -> str:
    """The whole text between the markers, from the rows of each group."""
    parts = [BEGIN, *LEGEND]
    for group, lines in table.items():
        told = [line.told for line in lines if line.told]
        parts += [f"### {GROUPS[group]}", _markdown(MEASURED, [line.measured for line in lines])]
        parts += [_markdown(TOLD, told)] if told else []
    return "\n\n".join([*parts, END])


def _markdown(headings: Cells, rows: Sequence[Cells]) -> str:
    lines = [headings, tuple("---" for _heading in headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write(table: Mapping[str, Sequence[Line]], page: Path = PAGE) -> None:
    """Put the table into the page, and touch nothing outside the markers."""
    text = page.read_text(encoding="utf-8")
    before, _begin, rest = text.partition(BEGIN)
    _old, end, after = rest.partition(END)
    assert end, f"{page.name} lacks the markers {BEGIN} and {END}"
    page.write_text(before + rendered(table) + after, encoding="utf-8")


def documented(page: Path = PAGE) -> dict[str, Line]:
    """The rows that the page has now, in its order, by their headings."""
    inside = page.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    split = [
        tuple(line.removeprefix("| ").removesuffix(" |").split(" | "))
        for line in inside.splitlines()
        if line.startswith("| ") and not line.startswith(("| #", "| ---"))
    ]
    told = {cells[0]: cells for cells in split if len(cells) == len(TOLD)}
    measured = [cells for cells in split if len(cells) == len(MEASURED)]
    return {cells[1]: Line(cells, told.get(cells[0], ())) for cells in measured}
