"""The list of questions: filters, bulk edits with preview and undo."""

import re

import pytest
from django.urls import reverse

from catalog.models import BankQuestion
from questions.models import QuestionVersion
from studio.models import BankRole, BulkEdit
from studio.tests.conftest import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.pages]

# Session, user, second factor, permissions (two), bank, domains, kinds, authors, count, rows, banks
# to copy to, last edit.
LIST = 13
# Session, user, second factor, bank, permissions (two), questions (of the test, and of the form),
# target, and what it has.
PREVIEW = 10


@pytest.fixture
def edit(desk, test_bank):
    """Sends a bulk edit of the questions at these positions, and confirms it."""

    def edit(action, *positions, client=desk, confirm="1", **more):
        places = test_bank.bank_questions.filter(position__in=positions)
        ids = ",".join(str(pk) for pk in places.values_list("pk", flat=True))
        data = {"action": action, "question": ids, **more}
        if confirm:
            data["confirm"] = confirm
        return client.post(reverse("studio:edit_questions", args=[test_bank.slug]), data)

    return edit


@pytest.fixture
def undo(desk, test_bank):
    def undo():
        edit = BulkEdit.objects.latest("pk")
        address = reverse("studio:undo_edit", args=[test_bank.slug, edit.pk])
        return desk.post(address, follow=True)

    return undo


def domains(test_bank):
    rows = test_bank.bank_questions.order_by("position")
    return list(rows.values_list("question__current__domain", flat=True))


def listed(client, **filters):
    response = client.get(reverse("studio:questions", args=["git"]), filters)
    return [row.place.position for row in response.context["rows"]]


@pytest.mark.parametrize("count", [1, 3])
def test_list_costs_the_same_for_any_number_of_questions(
    desk, make_bank, django_assert_num_queries, count
):
    make_bank(questions=count)
    with django_assert_num_queries(LIST):
        assert len(listed(desk)) == count


@pytest.mark.parametrize(
    ("filters", "positions"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"q": "question 4"}, [4]),
        ({"domain": "Even"}, [2, 4]),
        ({"kind": "single_choice", "domain": "Odd"}, [1, 3, 5]),
        ({"only": "samples"}, [1, 2, 3]),
        ({"state": "retired"}, []),
        ({"difficulty": "-"}, [1, 2, 3, 4, 5]),
        ({"only": "problems"}, [1, 2, 3, 4, 5]),
        ({"domain": "No such domain"}, [1, 2, 3, 4, 5]),
        ({"page": "99"}, [1, 2, 3, 4, 5]),
    ],
)
def test_list_is_narrowed(desk, test_bank, filters, positions):
    assert listed(desk, **filters) == positions


def test_preview_tells_what_would_change_and_changes_nothing(edit, test_bank):
    response = edit("domain", 1, 2, text="Even", confirm="")
    assert [(c.before, c.after) for c, _ in response.context["changes"]] == [("Odd", "Even")]
    assert domains(test_bank) == ["Odd", "Even", "Odd", "Even", "Odd"]
    assert not BulkEdit.objects.exists()


def test_domain_is_set_by_a_next_version_and_undone(edit, undo, test_bank):
    edit("domain", 1, 2, text="New")
    assert domains(test_bank) == ["New", "New", "Odd", "Even", "Odd"]
    undo()
    assert domains(test_bank) == ["Odd", "Even", "Odd", "Even", "Odd"]
    current = test_bank.bank_questions.get(position=1).question.current
    assert current.number == 3


def test_undo_leaves_what_was_edited_since(edit, undo, test_bank):
    edit("domain", 1, 2, text="New")
    first = BulkEdit.objects.get()
    edit("domain", 1, text="Newer")
    BulkEdit.objects.exclude(pk=first.pk).delete()
    undo()
    assert domains(test_bank)[:2] == ["Newer", "Even"]


def test_undo_works_once(edit, undo, test_bank):
    edit("difficulty", 1, difficulty="hard")
    undo()
    assert "already undone" in undo().text
    assert QuestionVersion.objects.filter(question__bank_questions__position=1).count() == 3


def test_tags_are_added_and_removed(edit, test_bank):
    edit("add_tag", 1, 2, text="law")
    edit("remove_tag", 2, text="law")
    tags = [place.question.current.item.tags for place in _places(test_bank)[:2]]
    assert tags == [("law",), ()]


def _places(test_bank):
    places = test_bank.bank_questions.select_related("question__current")
    return list(places.order_by("position"))


def test_retired_questions_leave_the_bank_and_come_back(edit, undo, test_bank):
    edit("retire", 1, 2)
    test_bank.refresh_from_db()
    assert (test_bank.question_count, test_bank.sample_count) == (3, 1)
    undo()
    test_bank.refresh_from_db()
    assert (test_bank.question_count, test_bank.sample_count) == (5, 3)


def test_samples_are_marked_but_never_all(edit, test_bank):
    edit("sample", 4)
    test_bank.refresh_from_db()
    assert test_bank.sample_count == 4
    edit("sample", 4, 5)
    test_bank.refresh_from_db()
    assert test_bank.sample_count == 4


def test_questions_are_copied(edit, undo, make_bank, test_bank):
    target = make_bank("target", questions=1, status="draft")
    edit("copy", 1, 2, target="target")
    assert target.bank_questions.count() == 3
    assert test_bank.bank_questions.count() == 5
    undo()
    assert target.bank_questions.count() == 1


def test_copying_is_called_so(desk, edit, make_bank):
    make_bank("target", questions=1)
    preview = edit("copy", 1, 2, target="target", confirm="").text
    assert "2 questions will be copied. Nothing has been saved yet." in preview
    assert re.findall(r'name="confirm"[^>]*>([^<]*)<', preview) == ["Copy 2 questions"]
    text = desk.get(edit("copy", 1, 2, target="target")["Location"]).text
    assert "2 questions copied." in text


def test_questions_are_moved_and_come_back(edit, undo, make_bank, test_bank):
    target = make_bank("target", questions=1, status="draft")
    moved = test_bank.bank_questions.get(position=1).question
    edit("move", 1, target="target")
    assert list(moved.bank_questions.values_list("test_bank__slug", flat=True)) == ["target"]
    undo()
    assert list(moved.bank_questions.values_list("test_bank__slug", flat=True)) == ["git"]
    assert target.bank_questions.count() == 1


def test_order_is_changed_and_undone(edit, undo, test_bank):
    before = [place.pk for place in _places(test_bank)]
    edit("order", 4, 5, text="2")
    assert [place.pk for place in _places(test_bank)] == [before[i] for i in (0, 3, 4, 1, 2)]
    assert "Question order restored." in undo().text
    assert [place.pk for place in _places(test_bank)] == before


def test_all_listed_questions_are_edited(desk, test_bank):
    data = {"action": "domain", "text": "New", "all": "1", "filters": "domain=Even"}
    response = desk.post(reverse("studio:edit_questions", args=["git"]), data)
    assert response.context["count"] == 2


@pytest.mark.parametrize(
    ("action", "more"),
    [("", {}), ("nonsense", {}), ("order", {"text": "x"}), ("add_tag", {}), ("copy", {})],
)
def test_edit_that_is_incomplete_changes_nothing(edit, action, more):
    assert edit(action, 1, **more)["Location"] == reverse("studio:questions", args=["git"])
    assert not BulkEdit.objects.exists()


def test_edit_of_no_question_asks_to_select_some(desk, edit):
    response = desk.get(edit("retire")["Location"])
    assert "Select at least one question that you can edit." in response.text
    assert not BulkEdit.objects.exists()


def test_result_counts_what_the_preview_counted(desk, edit, test_bank):
    response = desk.get(edit("order", 1, text="3")["Location"])
    assert "1 question changed." in response.text
    assert "Your latest edit: Change position (1 question)" in response.text


def test_edit_tells_other_banks(edit, make_bank, test_bank, place):
    BankQuestion.objects.create(
        test_bank=make_bank("other", questions=0), question=place.question, position=1
    )
    response = edit("domain", 1, text="New", confirm="")
    [(change, _excerpt)] = response.context["changes"]
    assert change.other_banks == ("Bank other",)


def test_author_cannot_publish_or_edit_what_is_published(edit, author, test_bank):
    client = sign_in(author)
    edit("publish", 1, client=client)
    edit("domain", 1, text="New", client=client)
    assert not BulkEdit.objects.exists()


def test_author_sends_drafts_to_review(edit, author, reviewer, test_bank):
    test_bank.bank_questions.filter(position=1).update(state="draft")
    edit("review", 1, client=sign_in(author))
    assert test_bank.bank_questions.get(position=1).state == "review"
    edit("publish", 1, client=sign_in(reviewer))
    assert test_bank.bank_questions.get(position=1).state == "published"


def test_others_cannot_undo(edit, reviewer, test_bank):
    edit("domain", 1, text="New")
    address = reverse("studio:undo_edit", args=["git", BulkEdit.objects.get().pk])
    assert sign_in(reviewer).post(address).status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_preview_as_learner_shows_each_question_before_and_after(
    desk, make_bank, django_assert_num_queries, count
):
    make_bank(questions=count)
    address = reverse("studio:as_learner", args=["git"])
    # Session, user, second factor, permissions (two), bank, count, rows.
    with django_assert_num_queries(8):
        text = desk.get(address).text
    assert text.count("Before answering") == text.count("After a correct answer") == count


def test_preview_as_learner_leaves_retired_questions_out(desk, test_bank):
    test_bank.bank_questions.filter(position__gt=1).update(state="retired")
    assert desk.get(reverse("studio:as_learner", args=["git"])).text.count("Question 1?") == 1


@pytest.mark.parametrize("action", ["retire", "draft", "review", "move"])
def test_bank_on_sale_keeps_a_question_to_sell(edit, make_bank, test_bank, action):
    make_bank("target", questions=1)
    edit(action, 4, 5, target="target")
    assert not BulkEdit.objects.exists()
    assert test_bank.bank_questions.askable().count() == 5
    edit(action, 1, 2, 3, 4, target="target")
    assert test_bank.bank_questions.askable().count() == 1


def test_undo_leaves_something_to_sell(edit, desk, test_bank):
    edit("no_sample", 1, 2, 3)
    first = BulkEdit.objects.get()
    edit("sample", 4, 5)
    desk.post(reverse("studio:undo_edit", args=["git", first.pk]))
    assert test_bank.bank_questions.filter(is_sample=True).count() == 2
    assert BulkEdit.objects.filter(undone_at=None).count() == 2


def test_copies_are_drafts_where_one_cannot_publish(edit, reviewer, make_bank):
    target = make_bank("target", questions=1)
    BankRole.objects.create(test_bank=target, user=reviewer, role="author")
    edit("copy", 4, 5, client=sign_in(reviewer), target="target")
    states = target.bank_questions.order_by("position").values_list("state", flat=True)
    assert list(states) == ["published", "draft", "draft"]


@pytest.mark.parametrize("action", ["domain", "copy"])
def test_author_undoes_nothing_that_was_published_since(
    edit, author, make_bank, test_bank, place, action
):
    target = make_bank("target", questions=1)
    BankRole.objects.create(test_bank=target, user=author, role="author")
    test_bank.bank_questions.filter(position=1).update(state="draft")
    client = sign_in(author)
    edit(action, 1, client=client, text="New", target="target")
    place.question.bank_questions.update(state="published")
    done = BulkEdit.objects.get()
    response = client.post(reverse("studio:undo_edit", args=["git", done.pk]), follow=True)
    assert "Ask a reviewer to change those questions." in response.text
    assert BulkEdit.objects.get().undone_at is None


def test_author_edits_nothing_that_another_bank_published(
    edit, author, make_bank, test_bank, place
):
    other = make_bank("other", questions=0)
    BankQuestion.objects.create(test_bank=other, question=place.question, position=1)
    test_bank.bank_questions.update(state="draft")
    edit("domain", 1, 2, client=sign_in(author), text="New")
    assert domains(test_bank)[:3] == ["Odd", "New", "Odd"]


@pytest.mark.parametrize("count", [1, 3])
def test_preview_of_a_copy_takes_the_same_statements(
    edit, make_bank, django_assert_num_queries, count
):
    make_bank("target", questions=1)
    with django_assert_num_queries(PREVIEW):
        response = edit("copy", *range(1, count + 1), target="target", confirm="")
    assert response.context["count"] == count
