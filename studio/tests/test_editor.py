"""The editor: write, preview, save, keep drafts, compare versions, two editors at once."""

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, override
from PIL import Image

from catalog.models import BankChange, BankQuestion
from questions.formats.gift import read_gift
from questions.formats.jsonl_writer import fields_of
from questions.items import ASKABLE, Essay, Text
from questions.models import Question
from questions.services import store_items
from studio.editor import item_of_sheet, sheet_of, sheet_of_post
from studio.models import QuestionDraft
from studio.tests.conftest import CHOICES, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.pages]

ANSWERS: dict[str, dict[str, Any]] = {
    "single_choice": CHOICES,
    "multiple_choice": {**CHOICES, "choices-2-text": "Gone", "right": ["1", "2"]},
    "true_false": {"answer": "false", "feedback_true": "No."},
    "numeric": {"answers-0-value": "3,5", "answers-0-tolerance": "0.1", "otherwise": "Count."},
    "short_answer": {
        "answers-0-text": "git log",
        "answers-1-text": "log",
        "answers-1-weight": "50",
    },
}


@pytest.fixture
def new(desk, test_bank):
    """Sends the editor of a new question."""

    def new(kind, client=desk, headers=None, **fields):
        data = {"stem": "What does `404` say?", "state": "published", **ANSWERS[kind], **fields}
        address = reverse("studio:new_question", args=["git", kind])
        return client.post(address, data, headers=headers)

    return new


@pytest.fixture
def save(desk, place):
    """Saves the first question, begun at a version."""

    def save(base, client=desk, **fields):
        address = reverse("studio:question", args=["git", place.question.public_id])
        return client.post(address, {"base": base, **fields})

    return save


def numbers(place):
    return list(place.question.versions.order_by("number").values_list("number", flat=True))


@pytest.mark.parametrize("kind", ASKABLE)
def test_question_of_each_kind_is_written(new, test_bank, kind):
    response = new(kind, domain="HTTP", tags="codes, rfc", difficulty="easy")
    made = test_bank.bank_questions.get(position=6)
    address = reverse("studio:question", args=["git", made.question.public_id])
    assert response["Location"] == address
    item = made.question.current.item
    assert (item.kind, item.domain, item.tags) == (kind, "HTTP", ("codes", "rfc"))
    assert item.stem.html == "<p>What does <code>404</code> say?</p>"
    test_bank.refresh_from_db()
    assert test_bank.question_count == 6


@pytest.mark.parametrize("kind", ASKABLE)
def test_opening_and_saving_changes_nothing(new, desk, test_bank, kind):
    new(kind)
    made = test_bank.bank_questions.get(position=6)
    address = reverse("studio:question", args=["git", made.question.public_id])
    response = desk.get(address)
    sheet = response.context["sheet"]
    assert item_of_sheet(_sent(sheet), known=None) == _unrendered(made.question.current.item)


@pytest.mark.parametrize(
    "gift",
    [
        "Which is a season? {=spring =summer ~easter}",
        "Which are continents? {~%33.33333%Asia ~%33.33333%Africa ~%33.33333%Europe ~%-100%Rome}",
    ],
)
def test_imported_points_are_shown_and_stay(desk, test_bank, gift):
    read = read_gift(gift.encode())
    [version] = store_items(items=read.items)
    BankQuestion.objects.create(test_bank=test_bank, question=version.question, position=9)
    address = reverse("studio:question", args=["git", version.question.public_id])
    response = desk.get(address)
    assert response.context["preview"].after is not None
    sent = item_of_sheet(_sent(response.context["sheet"]), known=version.item)
    assert fields_of(sent) == fields_of(version.item)


def _sent(sheet):
    sheet.rows = [row for row in sheet.rows if row.text.text or row.values.get("value")]
    return sheet


def _unrendered(item):
    return item_of_sheet(sheet_of(item), known=item)


@pytest.mark.parametrize(
    ("kind", "fields", "words"),
    [
        ("single_choice", {"stem": " "}, "Enter the question."),
        ("single_choice", {"right": ""}, "Mark the correct choice."),
        ("single_choice", {"choices-1-text": ""}, "Enter at least two choices."),
        ("true_false", {"answer": ""}, "Select true or false."),
        ("numeric", {"answers-0-value": "many"}, "Enter a number."),
        ("numeric", {"answers-0-value": "NaN"}, "Enter a number."),
        ("numeric", {"answers-0-value": "1e999"}, "Enter a number with at most 40 digits."),
        ("single_choice", {"domain": "x" * 201}, "Domain: Enter at most 200 characters."),
        ("short_answer", {"answers-0-weight": "50"}, "At least one answer must earn full credit."),
        (
            "single_choice",
            {"stem": "$\\nonsense$ ![](x.png)"},
            "Add a description of the image x.png",
        ),
        ("single_choice", {"stem": "![a tree](x.png)"}, "The image x.png was not found."),
    ],
)
def test_what_is_no_question_is_not_stored(new, kind, fields, words):
    before = Question.objects.count()
    response = new(kind, **fields)
    assert response.status_code == 422
    assert words in response.text
    assert Question.objects.count() == before


@pytest.mark.parametrize(
    ("kind", "fields", "english"),
    [
        ("single_choice", {"stem": " "}, "Enter the question."),
        ("single_choice", {"right": ""}, "Mark the correct choice."),
        (
            "short_answer",
            {"answers-0-text": "", "answers-0-feedback": "No."},
            "Enter an answer.",
        ),
        ("short_answer", {"answers-0-weight": "50"}, "At least one answer must earn full credit."),
    ],
)
def test_what_is_no_question_is_told_in_the_language_of_the_page(new, kind, fields, english):
    with override("de"):
        german = gettext(english)
    assert german != english
    sheet = new(kind, headers={"Accept-Language": "de"}, **fields).context["sheet"]
    assert sheet.errors == [german]


def test_weights_and_feedback_are_kept(new, test_bank):
    new(
        "multiple_choice",
        **{"choices-1-weight": "70", "choices-2-weight": "30", "right": ["1", "2"]},
    )
    made = test_bank.bank_questions.get(position=6)
    assert [choice.weight for choice in made.question.current.item.choices] == [0, 70, 30]


def test_rows_are_stored_in_the_order_on_the_page(new, test_bank):
    new("single_choice", row=["1", "0"])
    item = test_bank.bank_questions.get(position=6).question.current.item
    assert [choice.text.source for choice in item.choices] == ["Not found", "Moved"]
    assert item.key == {"1"}


def test_saving_makes_the_next_version(save, typed, place, test_bank):
    assert save(1, **typed).status_code == 303
    place.refresh_from_db()
    assert numbers(place) == [1, 2]
    assert place.question.versions.get(number=1).item.stem.source == "Question 1?"
    assert BankChange.objects.get().changed == 1


def test_saving_the_same_again_makes_no_version(save, typed, place):
    save(1, **typed)
    save(2, **typed)
    assert numbers(place) == [1, 2]


def test_second_editor_is_shown_both_versions(save, typed, place, reviewer):
    save(1, **typed)
    response = save(1, client=sign_in(reviewer), **{**typed, "stem": "What does 410 say?"})
    assert response.status_code == 409
    assert "Someone saved this question while you were editing" in response.text
    assert response.context["base"] == 2
    assert numbers(place) == [1, 2]


def test_author_reads_but_does_not_change_what_is_published(save, typed, place, author):
    client = sign_in(author)
    assert "You can view this question" in _open(client, place).text
    assert save(1, client=client, **typed).status_code == 403
    BankQuestion.objects.filter(pk=place.pk).update(state="draft")
    assert save(1, client=client, **typed).status_code == 303


def test_question_that_is_saved_again_from_the_same_page_stays_one(new, typed, test_bank):
    saved = new("single_choice", **typed)
    again = new("single_choice", **typed)
    assert again["Location"] == saved["Location"]
    assert test_bank.bank_questions.count() == 6


def test_author_cannot_publish_a_new_question(new, author, test_bank):
    new("true_false", client=sign_in(author))
    assert test_bank.bank_questions.get(position=6).state == "draft"


def _open(client, place):
    return client.get(reverse("studio:question", args=["git", place.question.public_id]))


def test_preview_shows_the_learners_page_and_stores_nothing(desk, test_bank, typed):
    address = reverse("studio:preview", args=["git", "single_choice"])
    response = desk.post(address, typed)
    assert "What does 404 say?" in response.text
    assert "Your answer (correct)" in response.text
    assert Question.objects.count() == 5


def test_preview_says_what_is_missing(desk, test_bank):
    response = desk.post(reverse("studio:preview", args=["git", "single_choice"]), {"stem": "?"})
    assert "Enter at least two choices." in response.text


def test_preview_of_an_incomplete_question_shows_its_stem(desk, test_bank):
    address = reverse("studio:preview", args=["git", "single_choice"])
    response = desk.post(address, {"stem": "What is `404`? <script>x</script>"})
    assert "What is <code>404</code>?" in response.text
    assert "<script>" not in response.text
    assert "preview__sheet" not in desk.post(address, {"stem": " "}).text


def test_draft_is_kept_until_the_question_is_saved(desk, save, typed, place):
    address = reverse("studio:draft", args=["git", "single_choice"])
    sent = {**typed, "question": place.question.public_id, "base": "1"}
    for stem in ("First", "Second"):
        response = desk.post(address, {**sent, "stem": stem})
        assert response.json()["also_writing"] == []
    [draft] = QuestionDraft.objects.all()
    assert draft.fields["stem"] == ["Second"]
    assert _open(desk, place).context["sheet"].texts["stem"].text == "Second"
    save(1, **typed)
    assert not QuestionDraft.objects.exists()


def test_draft_with_a_nul_is_kept(desk, test_bank):
    address = reverse("studio:draft", args=["git", "numeric"])
    assert desk.post(address, {"stem": "a\0b", "x\0": "\0"}).status_code == 200
    assert QuestionDraft.objects.get().fields == {"stem": ["ab"], "x": [""]}


def test_draft_is_discarded(desk, place, typed):
    address = reverse("studio:draft", args=["git", "single_choice"])
    desk.post(address, {**typed, "question": place.question.public_id})
    desk.post(address, {"discard": "1", "question": place.question.public_id})
    assert not QuestionDraft.objects.exists()


def test_two_editors_are_told(desk, reviewer, typed, place):
    address = reverse("studio:draft", args=["git", "single_choice"])
    sent = {**typed, "question": place.question.public_id}
    sign_in(reviewer).post(address, sent)
    assert desk.post(address, sent).json()["also_writing"] == ["reviewer@example.org"]
    assert "Someone else is editing" in _open(desk, place).text
    QuestionDraft.objects.update(saved_at=timezone.now() - timedelta(hours=1))
    assert "Someone else is editing" not in _open(desk, place).text


def test_draft_of_a_question_of_another_bank_is_refused(desk, make_bank, test_bank):
    other = make_bank("other").bank_questions.first()
    address = reverse("studio:draft", args=["git", "single_choice"])
    assert desk.post(address, {"question": other.question.public_id}).status_code == 404
    assert desk.post(address, {"question": "nonsense"}).status_code == 404


def picture():
    content = BytesIO()
    Image.new("RGB", (4, 3)).save(content, "PNG")
    return SimpleUploadedFile("a.png", content.getvalue(), "image/png")


def test_picture_is_stored_and_shown(desk, new, test_bank, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    stored = desk.post(reverse("studio:picture", args=["git"]), {"picture": picture()}).json()
    new("single_choice", stem=f"![A black square]({stored['name']})")
    item = test_bank.bank_questions.get(position=6).question.current.item
    assert 'alt="A black square" width="4" height="3"' in item.stem.html
    shown = desk.get(stored["url"])
    assert shown.status_code == 200
    shown.close()


def test_what_is_no_picture_is_refused(desk, test_bank):
    upload = SimpleUploadedFile("a.png", b"<svg>", "image/png")
    response = desk.post(reverse("studio:picture", args=["git"]), {"picture": upload})
    assert response.status_code == 422
    assert "error" in response.json()
    assert desk.post(reverse("studio:picture", args=["git"])).status_code == 422


def test_versions_stand_side_by_side(desk, save, typed, place):
    save(1, **typed)
    address = reverse("studio:versions", args=["git", place.question.public_id])
    response = desk.get(address)
    stem = next(row for row in response.context["rows"] if row.name == "Question")
    assert stem.differs
    assert "<del>" in stem.left
    assert "<ins>" in stem.right


def test_only_version_is_not_compared_with_itself(desk, place):
    address = reverse("studio:versions", args=["git", place.question.public_id])
    text = desk.get(address).text
    assert "This question has only one version" in text
    assert 'name="left"' not in text


def test_version_is_restored_as_the_next_one(desk, save, typed, place):
    save(1, **typed)
    address = reverse("studio:restore", args=["git", place.question.public_id, 1])
    desk.post(address, {"base": "1"})
    assert numbers(place) == [1, 2]
    desk.post(address, {"base": "2"})
    assert numbers(place) == [1, 2, 3]
    assert place.question.versions.get(number=3).item.stem.source == "Question 1?"


def test_question_of_another_bank_is_not_found(desk, make_bank, test_bank):
    other = make_bank("other").bank_questions.first()
    for name in ("question", "versions"):
        address = reverse(f"studio:{name}", args=["git", other.question.public_id])
        assert desk.get(address).status_code == 404


def test_exact_match_says_what_it_overrides(desk, test_bank):
    page = desk.get(reverse("studio:new_question", args=["git", "short_answer"])).text
    assert 'name="exact" aria-describedby="exact-help"' in page
    assert "The other two options then have no effect." in page


def test_unknown_kind_is_not_found(desk, test_bank):
    assert desk.get(reverse("studio:new_question", args=["git", "essay"])).status_code == 404


def test_sheet_ignores_unknown_fields(rf):
    data = rf.post("/", {"choices-x-text": "?", "choices-0-text": "A", "evil": "1"}).POST
    assert [row.text.text for row in sheet_of_post(data, "single_choice").rows] == ["A"]


def test_author_does_not_change_what_another_bank_published(author, make_bank, save, typed, place):
    other = make_bank("other", questions=0)
    BankQuestion.objects.create(test_bank=other, question=place.question, position=1)
    BankQuestion.objects.filter(pk=place.pk).update(state="draft")
    client = sign_in(author)
    assert save(1, client=client, **typed).status_code == 403
    address = reverse("studio:restore", args=["git", place.question.public_id, 1])
    assert client.post(address, {"base": "1"}).status_code == 403
    assert numbers(place) == [1]


def test_question_of_a_kind_without_a_form_can_be_read_only(desk, test_bank):
    [version] = store_items(items=[Essay(stem=Text(source="Discuss."))])
    BankQuestion.objects.create(test_bank=test_bank, question=version.question, position=9)
    address = reverse("studio:question", args=["git", version.question.public_id])
    assert "The editor does not support this question type yet." in desk.get(address).text
    assert desk.post(address, {"stem": "Changed", "base": "1"}).status_code == 403
