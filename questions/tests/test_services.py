"""Items become questions: in order, all or none, at a fixed cost, and for good."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from conftest import item
from questions.items import Choice, Item, Numeric, ShortAnswer, SingleChoice, Text, TrueFalse
from questions.models import Question, QuestionVersion
from questions.services import fingerprint, render_again, store_items, version_of
from questions.tests.makers import GRANT, NAZARETH, TRUE, number, numeric, short, words

pytestmark = pytest.mark.django_db

# A savepoint, an insertion, an update.
NEXT_VERSIONS = 4


def items(count: int) -> list[Item]:
    return [item(number) for number in range(1, count + 1)]


def test_store_items_keeps_the_order_and_the_columns_that_are_asked_for() -> None:
    versions = store_items(items=items(3))
    assert [version.item.stem.source for version in versions] == [
        "Question 1?",
        "Question 2?",
        "Question 3?",
    ]
    kept = QuestionVersion.objects.order_by("pk")
    assert list(kept) == versions
    assert list(kept.values_list("number", "kind", "domain", "difficulty")) == [
        (1, "single_choice", "Odd", ""),
        (1, "single_choice", "Even", ""),
        (1, "single_choice", "Odd", ""),
    ]
    assert [question.current for question in Question.objects.order_by("pk")] == versions


def test_store_items_sanitizes_every_text() -> None:
    evil = Text(source="<b>x</b><script>alert(1)</script>", markup="html", html="<script>")
    choices = (
        Choice(id="a", text=evil, feedback=evil, weight=100),
        Choice(id="b", text=evil, feedback=evil),
    )
    [version] = store_items(items=[SingleChoice(stem=evil, explanation=evil, choices=choices)])
    version.refresh_from_db()
    kept = version.item
    assert isinstance(kept, SingleChoice)
    texts = [kept.stem, kept.explanation]
    for choice in kept.choices:
        texts += [choice.text, choice.feedback]
    assert {text.html for text in texts} == {"<b>x</b>"}
    assert {text.source for text in texts} == {evil.source}


def test_store_items_without_items() -> None:
    assert store_items(items=[]) == []
    assert not Question.objects.exists()


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
def test_store_items_is_all_or_nothing() -> None:
    unknown = item(2).model_copy(update={"difficulty": "fiendish"})
    with pytest.raises(IntegrityError, match="questions_version_difficulty_known"):
        store_items(items=[item(1), unknown, item(3)])
    assert (Question.objects.count(), QuestionVersion.objects.count()) == (0, 0)


@pytest.mark.parametrize("count", [1, 3])
def test_store_items_costs_the_same_for_one_and_three(count: int) -> None:
    with CaptureQueriesContext(
        connection,
    ) as statements:
        store_items(items=items(count))
    writes = [
        row["sql"] for row in statements if not row["sql"].startswith(("SAVEPOINT", "RELEASE"))
    ]
    assert len(writes) == 3


def test_fingerprint_is_equal_for_equal_content_whatever_the_ids_are() -> None:
    renamed = item(1).model_copy(
        update={
            "choices": tuple(
                choice.model_copy(update={"id": f"x{choice.id}"}) for choice in item(1).choices
            )
        }
    )
    assert fingerprint(renamed) == fingerprint(item(1))


@pytest.mark.parametrize("what", ["stem", "choice", "key", "order"])
def test_fingerprint_differs_with_the_content(what: str) -> None:
    first = item(1)
    a, b, c, d = first.choices
    changed = {
        "stem": {"stem": Text(source="Question 1 ?")},
        "choice": {"choices": (a.model_copy(update={"text": Text(source="Other")}), b, c, d)},
        "key": {"choices": (a.model_copy(update={"weight": 50.0}), b, c, d)},
        "order": {"choices": (b, a, c, d)},
    }[what]
    assert fingerprint(first.model_copy(update=changed)) != fingerprint(first)


@pytest.mark.parametrize("way", ["update", "save", "bulk_update"])
def test_version_is_immutable(way: str) -> None:
    [version] = store_items(items=items(1))
    version.domain = "Other"
    ways: dict[str, Callable[[], object]] = {
        "update": lambda: QuestionVersion.objects.filter(pk=version.pk).update(domain="Other"),
        "save": version.save,
        "bulk_update": lambda: QuestionVersion.objects.bulk_update([version], ["domain"]),
    }
    with (
        pytest.raises(IntegrityError, match="questions_version_never_changes"),
        transaction.atomic(),
    ):
        ways[way]()
    version.refresh_from_db()
    assert version.domain == "Odd"


def test_next_version_is_added_beside_the_first() -> None:
    [first] = store_items(items=items(1))
    second = QuestionVersion.objects.create(
        question=first.question, number=2, kind=first.kind, fingerprint="2", content=first.content
    )
    first.question.current = second
    first.question.save(update_fields=["current"])
    assert list(first.question.versions.order_by("number")) == [first, second]


OLD = Text(source=r"Solve $$x^2 = 4$$.", html=r"<p>Solve $$x^2 = 4$$.</p>")


def as_stored_before(text: Text) -> Question:
    """Return a stored question whose HTML was rendered by older rules."""
    [version] = store_items(items=[TrueFalse(stem=Text(source="x"), is_true=True)])
    question = version.question
    item = TrueFalse(stem=text, is_true=True)
    question.current = version_of(question, item, number=2)
    question.current.save()
    question.save(update_fields=["current"])
    return question


def test_rendering_again_makes_a_next_version_and_keeps_the_one_before() -> None:
    question = as_stored_before(OLD)
    [version] = render_again(questions=[question])
    assert (version.number, version.item.stem.source) == (3, OLD.source)
    assert version.item.stem.html.count("<math") == 1
    before = question.versions.get(number=2)
    assert (before.item.stem, before.fingerprint) == (OLD, version.fingerprint)
    question.refresh_from_db()
    assert question.current == version


def test_rendering_again_changes_nothing_the_second_time() -> None:
    question = as_stored_before(OLD)
    render_again(questions=[question])
    assert render_again(questions=[question]) == []


def test_rendering_again_keeps_correct_versions() -> None:
    [version] = store_items(items=items(1))
    assert render_again(questions=[version.question]) == []


def test_render_again_shows_vanished_tag() -> None:
    question = as_stored_before(Text(source="<br>", markup="html", html="<br>"))
    [version] = render_again(questions=[question])
    assert version.item.stem.html == "<p>&lt;br&gt;</p>"


@pytest.mark.parametrize("count", [1, 3])
def test_next_versions_cost_the_same_for_one_and_three(
    count: int, django_assert_num_queries: Any
) -> None:
    questions = [as_stored_before(OLD) for _number in range(count)]
    with django_assert_num_queries(NEXT_VERSIONS):
        render_again(questions=questions)


@pytest.mark.django_db
def test_store_items_sanitizes_every_text_of_these_kinds() -> None:
    evil = Text(source="<b>x</b><script>alert(1)</script>", markup="html", html="<script>")
    items: list[Item] = [
        TrueFalse(stem=evil, is_true=False, feedback_true=evil, feedback_false=evil),
        Numeric(stem=evil, accepted=(number("1", "1").model_copy(update={"feedback": evil}),)),
        ShortAnswer(stem=evil, accepted=(words("x").model_copy(update={"feedback": evil}),)),
    ]
    for version in store_items(items=items):
        content = str(version.content)
        assert content.count("'html': '<b>x</b>'") == content.count("'source': '<b>x</b>")
        assert "'html': '<script>" not in content


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (TRUE, TRUE.model_copy(update={"is_true": False})),
        (GRANT, numeric(number("1822", "1822"))),
        (NAZARETH, short(words("Nazareth"))),
        (short(words("git")), short(words("git"), is_case_sensitive=True)),
    ],
)
def test_fingerprint_differs_where_the_key_does(one: Item, other: Item) -> None:
    assert fingerprint(one) != fingerprint(other)


def test_fingerprint_ignores_how_a_number_is_written() -> None:
    assert fingerprint(numeric(number("1.50", "2"))) == fingerprint(numeric(number("1.5", "2.0")))
