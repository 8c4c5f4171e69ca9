"""Kinds that are kept and not asked; and what every kind keeps to itself until it is answered."""

from dataclasses import asdict

import pytest
from django.http import QueryDict
from pydantic import ValidationError

from questions.grading import (
    CannotBeAsked,
    ChoiceResponse,
    NotANumber,
    NoWords,
    NumberResponse,
    Response,
    ResponseError,
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
from questions.response_parsing import advice, response_from
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
def test_kind_that_cannot_be_asked_is_refused_by_name(item: Item, response: Response) -> None:
    with pytest.raises(CannotBeAsked) as raised:
        grade(item, response)
    assert raised.value.kind == item.kind
    assert item.kind not in ASKABLE


@pytest.mark.parametrize("pairs", [(), (Pair(prompt=A, answer=B),)])
def test_matching_with_nothing_to_choose_is_refused(pairs: tuple[Pair, ...]) -> None:
    with pytest.raises(ValidationError):
        Matching(stem=STEM, pairs=pairs)


def test_every_text_of_a_matching_is_made_safe() -> None:
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
def test_kept_kinds_are_stored_as_they_are() -> None:
    versions = store_items(items=KEPT)
    for version, item in zip(versions, KEPT, strict=True):
        version.refresh_from_db()
        assert version.item == safe(item)


@pytest.mark.parametrize("item", KEPT)
def test_nothing_but_the_stem_is_presented(item: Item) -> None:
    assert asdict(present(safe(item))) == {
        "kind": item.kind,
        "stem_html": "<p>What?</p>",
        "domain": "",
        "choices": (),
    }


@pytest.mark.parametrize(
    ("typed", "feedback", "percent"),
    [("4", "<p>Yes.</p>", 100), ("5", "<p>Near.</p>", 50), ("9", "<p>Far off.</p>", 0)],
)
def test_number_has_the_feedback_of_its_range_or_else_the_last_word(
    typed: str, feedback: str, percent: int
) -> None:
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


@pytest.mark.parametrize(
    ("sent", "response"),
    [
        ("choice=a", ChoiceResponse(chosen=("a",))),
        ("choice=a&choice=b", ChoiceResponse(chosen=("a", "b"))),
        ("number=3%2C5", NumberResponse(typed="3,5")),
        ("number=1&number=2", NumberResponse(typed="2")),
        ("text=+Ada+", TextResponse(typed=" Ada ")),
        ("text=Ada&choice=a", TextResponse(typed="Ada")),
    ],
)
def test_response_is_what_the_form_sent(sent: str, response: Response) -> None:
    assert response_from(QueryDict(sent)) == response


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        ("", ResponseError),
        (f"number={'1' * 101}", NotANumber),
        (f"text={'x' * 1001}", NoWords),
        ("text=a%00b", NoWords),
        ("&".join(["choice=a"] * 101), ResponseError),
    ],
)
def test_response_that_is_none_or_too_much_is_refused(
    sent: str, error: type[ResponseError]
) -> None:
    with pytest.raises(ResponseError) as raised:
        response_from(QueryDict(sent))
    assert raised.type is error


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (NotANumber(), "Write one number, such as 3.5, with nothing between the thousands."),
        (NoWords(), "Write a few words."),
        (ResponseError(), "Choose one of the answers."),
    ],
)
def test_advice_says_what_to_do(error: ResponseError, sentence: str) -> None:
    assert advice(error) == sentence
