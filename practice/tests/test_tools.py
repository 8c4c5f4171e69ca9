"""Notes and highlights at a question, and what a client may send anywhere."""

import pytest
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from practice.models import Answer, Note
from practice.services import finish_attempt
from practice.tests.conftest import RIGHT

pytestmark = pytest.mark.pages


@pytest.fixture
def url(attempt):
    return reverse("practice:note", args=[attempt.pk, 1])


def test_note_is_saved_with_the_version_and_shown_at_the_question(owners_client, url, attempt):
    response = owners_client.post(url, {"text": "Look up <b>"})
    question = reverse("practice:question", args=[attempt.pk, 1])
    assert response["Location"] == question
    assert Note.objects.get().version_id == attempt.version_ids[0]
    assert "Look up &lt;b&gt;" in owners_client.get(question).text


def test_highlights_stay_beside_the_note_and_an_empty_note_goes(owners_client, url):
    fetch = {"headers": {"X-Requested-With": "fetch"}}
    owners_client.post(url, {"text": "Mine"})
    assert owners_client.post(url, {"highlights": "[[0, 4]]"}, **fetch).status_code == 204
    stored = Note.objects.get()
    assert (stored.text, stored.highlights) == ("Mine", [[0, 4]])
    owners_client.post(url, {"highlights": "[]"})
    owners_client.post(url, {"text": " "})
    assert not Note.objects.exists()


@pytest.mark.parametrize("sent", ["", "x", "3", "[3]", "[[4, 1]]", "[[0, true]]", '[["a", "b"]]'])
def test_highlights_that_are_none_are_refused(owners_client, url, sent):
    assert owners_client.post(url, {"highlights": sent}).status_code in {204, 303, 400}
    assert not Note.objects.exclude(highlights=[[0, 1]]).exists()


@pytest.mark.parametrize("who", ["other_learner", "seller"])
def test_note_of_somebody_else_is_not_found(request, client, url, who):
    assert client.get(url)["Location"].startswith("/accounts/login/")
    client.force_login(request.getfixturevalue(who))
    assert client.post(url, {"text": "x"}).status_code == 404
    assert not Note.objects.exists()


def test_note_at_a_question_that_may_not_be_seen_is_not_found(owners_client, attempt, at):
    finish_attempt(attempt=attempt, at=at)
    for position in (1, 9):
        url = reverse("practice:note", args=[attempt.pk, position])
        assert owners_client.get(url).status_code == 404


VALUES = st.one_of(
    st.text(max_size=20), st.sampled_from(["null", "[]", "{}", "true", "\0", "1" * 500, "b"])
)


@pytest.mark.slow
@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(
    fields=st.dictionaries(
        st.sampled_from(
            ["choice", "number", "text", "go", "flag", "shown", "sequence", "client_id", "unsure"]
        ),
        st.lists(VALUES, max_size=3),
        max_size=5,
    )
)
def test_whatever_is_sent_is_never_an_error_of_ours(owners_client, attempt, fields):
    Answer.objects.all().delete()
    url = reverse("practice:question", args=[attempt.pk, 1])
    assert owners_client.post(url, fields).status_code in {200, 303, 422}


def test_ten_thousand_choices_are_refused_and_the_earlier_answer_stays(owners_client, attempt):
    url = reverse("practice:question", args=[attempt.pk, 1])
    owners_client.post(url, {"choice": RIGHT})
    many = [str(number) for number in range(900)]
    assert owners_client.post(url, {"choice": many}).status_code == 422
    assert Answer.objects.get().response == {"kind": "choice", "chosen": [RIGHT]}
