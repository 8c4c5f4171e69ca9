"""The number of learners of a bank, by which the list sorts."""

import pytest

from catalog.indexing.popularity import count_learners
from catalog.models import Access, TestBank

pytestmark = pytest.mark.django_db


def own(learner, bank, at, source_id="1"):
    Access.objects.create(
        learner=learner,
        test_bank=bank,
        source_kind="free",
        source_id=source_id,
        starts_at=at,
    )


def test_learners_are_counted_once_each(make_bank, learner, other_learner, at):
    popular, other = make_bank("popular"), make_bank("other")
    own(learner, popular, at)
    own(learner, popular, at, source_id="2")
    own(other_learner, popular, at)
    own(learner, other, at)
    assert (count_learners(), count_learners()) == (2, 0)
    assert dict(TestBank.objects.values_list("slug", "learner_count")) == {"popular": 2, "other": 1}


def test_count_goes_down_to_none(make_bank, learner, at):
    bank = make_bank("gone")
    own(learner, bank, at)
    count_learners()
    Access.objects.all().delete()
    assert (count_learners(), TestBank.objects.get().learner_count) == (1, 0)


@pytest.mark.parametrize("banks", [1, 3])
def test_nothing_new_costs_one_statement(make_bank, django_assert_num_queries, banks):
    for number in range(banks):
        make_bank(f"bank-{number}")
    with django_assert_num_queries(1):
        count_learners()
