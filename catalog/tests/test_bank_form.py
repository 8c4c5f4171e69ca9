"""Errors of the bank form in the back office about an invalid blueprint."""

import pytest

from catalog.admin.banks import BankForm


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("blueprint", "problem"),
    [
        ("3", "Enter a list of sections, each with a count."),
        ("[3]", 'Section 1 is not written as {"count": 5}.'),
        ('[{"count": 5}, {"count": 0}]', "Section 2: “count” is missing or not valid."),
        ("[" + ",".join(['{"count": 1}'] * 501) + "]", "Enter at most 500 sections."),
    ],
)
def test_blueprint_that_cannot_be_read_is_explained(blueprint, problem):
    assert BankForm({"blueprint": blueprint}).errors["blueprint"] == [problem]
