from practice.shuffling import choice_order, shuffled
from questions.items import (
    AcceptedNumber,
    Choice,
    MultipleChoice,
    Numeric,
    SingleChoice,
    Text,
    TrueFalse,
)

# With the seed 5 at position 2.
ORDER = ["h", "c", "e", "b", "a", "d", "f", "g"]
STEM = Text(source="Which?")


def single(*, pinned=()):
    return SingleChoice(
        stem=STEM,
        choices=tuple(
            Choice(
                id=name,
                text=Text(source=name),
                weight=100 if name == "a" else 0,
                is_pinned=name in pinned,
            )
            for name in "abcdefgh"
        ),
    )


def test_order_is_the_same_for_the_same_seed_and_place():
    orders = [choice_order(single(), seed=5, position=2, is_pinned=False) for _twice in range(2)]
    assert orders[0] == orders[1]
    # Fixed: it must be the same in every process and with every version of Python.
    assert orders[0] == ORDER


def test_order_differs_by_seed_and_by_place():
    orders = {
        tuple(choice_order(single(), seed=seed, position=place, is_pinned=False))
        for seed in range(3)
        for place in range(3)
    }
    assert len(orders) == 9


def test_every_choice_comes_first_about_equally_often():
    firsts = [
        choice_order(single(), seed=seed, position=1, is_pinned=False)[0] for seed in range(800)
    ]
    assert all(60 < firsts.count(name) < 140 for name in "abcdefgh")


def test_pinned_choices_keep_their_places():
    for seed in range(20):
        order = choice_order(single(pinned="ah"), seed=seed, position=1, is_pinned=False)
        assert (order[0], order[-1], sorted(order)) == ("a", "h", list("abcdefgh"))
    assert choice_order(single(), seed=1, position=1, is_pinned=True) == list("abcdefgh")


def test_true_and_false_are_never_shuffled_and_typed_answers_have_no_order():
    statement = TrueFalse(stem=STEM, is_true=True)
    number = Numeric(stem=STEM, accepted=(AcceptedNumber(low=1, high=1),))
    for seed in range(5):
        assert choice_order(statement, seed=seed, position=1, is_pinned=False) == ["true", "false"]
        assert choice_order(number, seed=seed, position=1, is_pinned=False) == []


def test_multiple_choice_is_shuffled_too():
    item = MultipleChoice(stem=STEM, choices=single().choices)
    assert choice_order(item, seed=5, position=2, is_pinned=False) == ORDER


def test_questions_are_shuffled_by_the_seed():
    assert shuffled(range(5), seed=1) == shuffled(range(5), seed=1)
    assert len({tuple(shuffled(range(5), seed=seed)) for seed in range(10)}) > 5
