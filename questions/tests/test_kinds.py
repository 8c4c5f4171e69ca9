"""Kinds that are stored but not asked, and what each kind hides until it is answered."""

from dataclasses import asdict

import pytest
from pydantic import ValidationError

from questions.grading import (
    CannotBeAsked,
    ChoiceResponse,
    NumberResponse,
    Response,
    TextResponse,
    grade,
)
from questions.items import (
    ASKABLE,
    ITEM,
    AcceptedNumber,
    Essay,
    Item,
    Matching,
    Numeric,
    Pair,
    Passage,
    Text,
)
from questions.rendering import present, reveal
from questions.services import fingerprint, safe, store_items

STEM = Text(source="What?")
A, B, C = (Text(source=name) for name in "abc")
KEPT: list[Item] = [
    Matching(stem=STEM, pairs=(Pair(prompt=A, answer=B), Pair(prompt=B, answer=A))),
    Matching(stem=STEM, pairs=(Pair(prompt=A, answer=B),), distractors=(C,)),
    Essay(stem=STEM, title="T"),
    Passage(stem=STEM),
]


@pytest.mark.parametrize("item", KEPT)
def test_item_survives_json(item: Item) -> None:
    assert ITEM.validate_json(ITEM.dump_json(item)) == item


@pytest.mark.parametrize("item", KEPT)
@pytest.mark.parametrize(
    "response",
    [ChoiceResponse(chosen=("a",)), NumberResponse(typed="1"), TextResponse(typed="a")],
)
def test_kind_that_cannot_be_practiced_is_refused_by_name(item: Item, response: Response) -> None:
    with pytest.raises(CannotBeAsked) as raised:
        grade(item, response)
    assert raised.value.kind == item.kind
    assert item.kind not in ASKABLE


@pytest.mark.parametrize("pairs", [(), (Pair(prompt=A, answer=B),)])
def test_matching_with_nothing_to_choose_is_refused(pairs: tuple[Pair, ...]) -> None:
    with pytest.raises(ValidationError):
        Matching(stem=STEM, pairs=pairs)


def test_every_text_of_a_matching_is_sanitized() -> None:
    evil = Text(source="<b>x</b><script>alert(1)</script>", markup="html")
    kept = safe(Matching(stem=evil, pairs=(Pair(prompt=evil, answer=evil),), distractors=(evil,)))
    [pair] = kept.pairs
    texts = [kept.stem, pair.prompt, pair.answer, *kept.distractors]
    assert {text.html for text in texts} == {"<b>x</b>"}


def test_fingerprints_differ_by_kind_pairs_and_distractors() -> None:
    assert len({fingerprint(item) for item in KEPT}) == len(KEPT)
    swapped = Matching(stem=STEM, pairs=(Pair(prompt=B, answer=A), Pair(prompt=A, answer=B)))
    assert fingerprint(swapped) != fingerprint(KEPT[0])


@pytest.mark.django_db
def test_kinds_that_cannot_be_practiced_are_stored_unchanged() -> None:
    versions = store_items(items=KEPT)
    for version, item in zip(versions, KEPT, strict=True):
        version.refresh_from_db()
        assert version.item == safe(item)


@pytest.mark.parametrize("item", KEPT)
def test_only_the_stem_is_presented(item: Item) -> None:
    assert asdict(present(safe(item))) == {
        "kind": item.kind,
        "stem_html": "<p>What?</p>",
        "domain": "",
        "choices": (),
        "typed": "",
        "problem": "",
    }


@pytest.mark.parametrize(
    ("typed", "feedback", "percent"),
    [("4", "<p>Yes.</p>", 100), ("5", "<p>Near.</p>", 50), ("9", "<p>Far off.</p>", 0)],
)
def test_feedback_by_range_of_number(typed: str, feedback: str, percent: int) -> None:
    item = safe(
        Numeric(
            stem=STEM,
            accepted=(
                AcceptedNumber(low=4, high=4, feedback=Text(source="Yes.")),
                AcceptedNumber(low=3, high=5, weight=50, feedback=Text(source="Near.")),
            ),
            otherwise=Text(source="Far off."),
        )
    )
    response = NumberResponse(typed=typed)
    shown = reveal(item, response, grade(item, response))
    assert (shown.feedback_html, shown.percent) == (feedback, percent)
