"""The trigger that keeps versions from being changed can be put up and taken down."""

import pytest
from django.core.management import call_command

from conftest import item
from questions.models import QuestionVersion
from questions.services import store_items


@pytest.mark.proof
@pytest.mark.django_db(transaction=True)
def test_trigger_migration_can_be_reversed_and_applied_again() -> None:
    [version] = store_items(items=[item(1)])
    versions = QuestionVersion.objects.filter(pk=version.pk)
    try:
        call_command("migrate", "questions", "0001", verbosity=0)
        assert versions.update(domain="Mended") == 1
    finally:
        call_command("migrate", verbosity=0)
    assert versions.get().domain == "Mended"
