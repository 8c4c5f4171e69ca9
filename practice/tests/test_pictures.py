"""Pictures of questions are for those who may see a question with them."""

from io import BytesIO

import pytest
from django.contrib.auth.models import Group
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from PIL import Image

from accounts.models import User
from backoffice.groups import SELLERS
from catalog.models import BankQuestion, TestBank
from practice.models import SeenQuestion
from questions.images import name_of
from questions.items import Text, TrueFalse
from questions.models import QuestionPicture
from questions.services import store_next_versions
from testing.staff_sessions import sign_in_staff

pytestmark = pytest.mark.django_db


def picture(color="red"):
    content = BytesIO()
    Image.new("RGB", (4, 3), color).save(content, "PNG")
    return content.getvalue()


@pytest.fixture
def place(test_bank, settings, tmp_path):
    """A question of the bank that is no sample, with a picture."""
    settings.MEDIA_ROOT = tmp_path
    place = test_bank.bank_questions.filter(is_sample=False).first()
    show(place, picture())
    return place


def show(place, content):
    """Make a next version of the question that shows this picture."""
    name = name_of(content)
    default_storage.save(f"questions/{name}", ContentFile(content))
    stem = Text(source="![A square](a.png)", markup="markdown", pictures=(("a.png", name),))
    store_next_versions(changes=[(place.question, TrueFalse(stem=stem, is_true=True))])


def address(place):
    return f"/questions/images/{place.question.pictures.get().name}"


def status(user, place):
    client = Client()
    if user:
        client.force_login(user)
    return code(client.get(address(place)))


def code(response):
    """The status of a response that was read to its end, as a server reads it."""
    if response.streaming:
        assert b"".join(response.streaming_content)
    return response.status_code


def test_picture_is_private_and_never_changes(client, owner, place):
    client.force_login(owner)
    response = client.get(address(place))
    assert (response.status_code, b"".join(response.streaming_content)) == (200, picture())
    assert response.headers["Content-Type"] == "image/png"
    assert response.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_picture_of_a_question_that_is_no_sample(place, owner, learner):
    assert [status(user, place) for user in (None, learner, owner)] == [404, 404, 200]


def test_picture_of_a_sample(place, learner):
    BankQuestion.objects.filter(pk=place.pk).update(is_sample=True)
    assert [status(user, place) for user in (None, learner)] == [200, 200]
    TestBank.objects.update(status="draft")
    assert [status(user, place) for user in (None, learner)] == [404, 404]


def test_picture_in_the_history_of_a_former_owner(place, owner, end_access):
    end_access()
    assert status(owner, place) == 200


def test_picture_that_was_shown_and_moved_to_another_bank(place, learner, make_bank, test_bank, at):
    SeenQuestion.objects.create(
        learner=learner, question=place.question, test_bank=test_bank, first_shown_at=at
    )
    BankQuestion.objects.filter(pk=place.pk).update(test_bank=make_bank("other", questions=0))
    assert status(learner, place) == 200


def test_picture_of_a_former_version(place, owner):
    show(place, picture("blue"))
    assert place.question.pictures.count() == 2
    names = QuestionPicture.objects.values_list("name", flat=True)
    client = Client()
    client.force_login(owner)
    responses = [client.get(f"/questions/images/{name}") for name in names]
    assert [code(response) for response in responses] == [200, 200]


def test_staff_see_every_picture_after_the_second_factor(place):
    seller = User.objects.create_user("sam@example.org", "a-long-pass-phrase", is_staff=True)
    seller.groups.add(Group.objects.get(name=SELLERS))
    assert status(seller, place) == 404
    client = Client()
    client.force_login(seller)
    assert code(sign_in_staff(client, seller).get(address(place))) == 200


@pytest.mark.parametrize(
    "name", [f"{'0' * 32}-1x1.png", "../secret", f"{'0' * 32}-1x1.svg", f"{'0' * 32}-1x1.png%0A"]
)
def test_no_other_file_is_served(client, name):
    assert client.get(f"/questions/images/{name}").status_code == 404


def test_statements_of_a_picture(client, owner, place, django_assert_num_queries):
    client.force_login(owner)
    with django_assert_num_queries(4):
        assert code(client.get(address(place))) == 200
