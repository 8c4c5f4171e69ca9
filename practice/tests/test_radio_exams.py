"""The amateur radio banks as real exams: one question from each group."""

import json
from collections import Counter, defaultdict
from decimal import Decimal

import pytest

from catalog.importing.items import import_items
from practice.results import is_pass
from practice.services.starting import draw_exam
from questions.formats.jsonl import read_jsonl
from testing.parts import SHARED

FOLDER = SHARED / "questions" / "banks" / "ncvec-us-amateur-radio"
EXAMS = {
    "technician-2026-2030": (35, 26),
    "general-2023-2027": (35, 26),
    "extra-2024-2028": (50, 37),
}
FORMS = 1000


def as_line(row):
    """A row of the public list as a line of our JSON Lines."""
    choices = [
        {
            "text": text,
            "right": place == row["correct"],
            "pinned": text.startswith(("All ", "None ")),
        }
        for place, text in enumerate(row["options"])
    ]
    return json.dumps(
        {
            "kind": "single_choice",
            "stem": row["stem"],
            "choices": choices,
            "domain": row["topic"],
            "group": row["group"],
            "id": row["id"],
        }
    )


def pools():
    rows = defaultdict(list)
    for line in (FOLDER / "normalized.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        rows[row["pool"]].append(row)
    return rows


@pytest.mark.shared
def test_pools_have_the_published_size():
    rows = [row for pool in pools().values() for row in pool]
    assert (len(rows), sum(bool(row["figure"]) for row in rows)) == (1431, 44)


@pytest.mark.shared
@pytest.mark.proof
@pytest.mark.parametrize("name", EXAMS)
def test_a_thousand_forms_have_one_question_of_each_group(make_bank, at, name):
    size, pass_mark = EXAMS[name]
    rows = pools()[name]
    bank = make_bank(
        name, questions=0, blueprint=[{"count": 1, "per_group": True}], pass_percent=74
    )
    read = read_jsonl("\n".join(map(as_line, rows)).encode())
    import_items(test_bank=bank, read=read, at=at)
    groups = sorted({row["group"] for row in rows})
    forms = [draw_exam(bank, seed=seed) for seed in range(FORMS)]
    assert {len(form) for form in forms} == {size}
    assert all(sorted(one.group for one in form) == groups for form in forms)
    seen = Counter(one.question_id for form in forms for one in form)
    assert len(seen) == bank.bank_questions.count()
    assert is_pass(Decimal(pass_mark), size, 74)
    assert not is_pass(Decimal(pass_mark - 1), size, 74)
