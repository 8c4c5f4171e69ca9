"""Blueprints: what they draw, and what they say when they cannot."""

import random
from collections import Counter

import pytest

from catalog.services.blueprint import (
    MOST_SECTIONS,
    BlueprintError,
    CannotBeDrawn,
    PoolQuestion,
    Section,
    Shortage,
    TooManySections,
    draw,
    exam_pool,
    exam_size,
    read_blueprint,
    shortages_of,
)
from questions.items import Text, TrueFalse
from questions.services import store_items

POOL = [PoolQuestion(number, number, f"D{number % 3}", f"G{number % 6}") for number in range(60)]


def drawn(*sections, seed=1):
    return draw(sections, POOL, chance=random.Random(seed))


def test_domains_and_groups_are_drawn_in_their_numbers():
    found = drawn(Section(count=4, domain="D0"), Section(count=2, group="G1"), Section(count=3))
    assert len(found) == len(set(found)) == 9
    assert Counter(one.domain for one in found)["D0"] >= 4
    assert Counter(one.group for one in found)["G1"] >= 2


def test_narrow_sections_are_served_before_wide_ones():
    for seed in range(50):
        found = drawn(Section(count=50), Section(count=10, group="G1"), seed=seed)
        assert len(found) == 60


def test_one_of_each_group():
    found = drawn(Section(count=1, per_group=True))
    assert sorted(one.group for one in found) == [f"G{number}" for number in range(6)]
    of_domain = drawn(Section(count=2, domain="D0", per_group=True))
    assert Counter(one.group for one in of_domain) == {"G0": 2, "G3": 2}


def test_shortage_names_the_section_and_what_there_is():
    section = Section(count=21, domain="D0")
    with pytest.raises(CannotBeDrawn) as raised:
        drawn(section, Section(count=2))
    assert raised.value.shortages == (Shortage(section, 20),)


@pytest.mark.parametrize(
    ("value", "section", "field"),
    [
        (3, 0, ""),
        ([3], 1, ""),
        ([{"count": 0}], 1, "count"),
        ([{"count": 1}, {"count": 1, "color": "red"}], 2, "color"),
    ],
)
def test_blueprint_that_cannot_be_read_names_the_section_and_field(value, section, field):
    with pytest.raises(BlueprintError) as raised:
        read_blueprint(value)
    assert (raised.value.section, raised.value.field) == (section, field)


def test_blueprint_of_too_many_sections_is_refused():
    with pytest.raises(TooManySections):
        read_blueprint([{"count": 1}] * (MOST_SECTIONS + 1))


@pytest.mark.parametrize(
    ("blueprint", "size", "available"),
    [
        ([], 0, []),
        ([{"domain": "Odd", "count": 2}, {"count": 1}], 3, []),
        ([{"domain": "Odd", "count": 9}], 9, [3]),
        ([{"domain": "Nowhere", "count": 1}], 1, [0]),
    ],
)
def test_bank_says_what_its_blueprint_lacks(test_bank, blueprint, size, available):
    test_bank.blueprint = blueprint
    assert exam_size(test_bank) == size
    assert [one.available for one in shortages_of(test_bank)] == available


def test_pool_has_what_can_be_asked_in_one_statement(test_bank, django_assert_num_queries):
    test_bank.bank_questions.filter(position=1).update(is_asked=False)
    with django_assert_num_queries(1):
        pool = exam_pool(test_bank)
    assert [one.domain for one in pool] == ["Even", "Odd", "Even", "Odd"]


def test_pool_knows_the_group_of_each_question(make_bank):
    bank = make_bank("groups", questions=0)
    item = TrueFalse(stem=Text(source="True?"), is_true=True, group="T1A")
    [version] = store_items(items=[item])
    bank.bank_questions.create(question=version.question, position=1)
    assert [one.group for one in exam_pool(bank)] == ["T1A"]
