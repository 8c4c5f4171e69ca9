"""Pictures that no question shows are deleted after a week; all others stay."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from questions.models import QuestionVersion
from studio.models import QuestionDraft
from studio.services.pictures import delete_unused_pictures

pytestmark = pytest.mark.django_db

NAME = f"{'a' * 32}-20x20.png"
PATH = f"questions/{NAME}"


@pytest.fixture
def stored():
    """A picture in the storage."""
    default_storage.save(PATH, ContentFile(b"picture"))
    yield
    default_storage.delete(PATH)


def clean(*, days=8):
    delete_unused_pictures(at=timezone.now() + timedelta(days=days))
    return not default_storage.exists(PATH)


def test_unused_picture_is_deleted_after_a_week(stored, test_bank):
    assert not clean(days=6)
    assert clean(days=8)
    assert clean(days=8)


def test_picture_of_a_former_version_stays(stored, place):
    content = {**place.question.current.content}
    content["stem"] = {**content["stem"], "pictures": [["a.png", NAME]]}
    QuestionVersion.objects.create(
        question=place.question, number=2, kind="single_choice", fingerprint="x", content=content
    )
    assert not clean()


def test_picture_of_a_draft_stays(stored, test_bank, seller, at):
    QuestionDraft.objects.create(
        user=seller,
        test_bank=test_bank,
        kind="numeric",
        fields={"stem": [f"![x]({NAME})"]},
        saved_at=at,
    )
    assert not clean()


def test_other_files_stay(stored):
    other = default_storage.save("questions/readme.txt", ContentFile(b"x"))
    clean()
    assert default_storage.exists(other)
    default_storage.delete(other)
