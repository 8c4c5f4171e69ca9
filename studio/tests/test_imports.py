"""Import and export in the browser: dry run, accept, discard, undo, import again."""

import json
import zipfile
from io import BytesIO

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.urls import reverse
from PIL import Image

from catalog.models import BankQuestion
from practice.services import start_attempt, submit_answer
from questions.formats.gift import read_gift
from questions.grading import ChoiceResponse
from studio.exporting import exported_items
from studio.importing.near_duplicates import near_duplicates
from studio.importing.services import LEASE, run_queued_imports
from studio.models import AuditEntry, BankRole, Import
from studio.tests.conftest import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.pages]

AIKEN = "What is {0}?\nA. Right {0}\nB. Wrong {0}\nANSWER: A\n"


def aiken(*names):
    return "\n".join(AIKEN.format(name) for name in names)


def jsonl(*lines):
    return "\n".join(json.dumps(line) for line in lines)


def line(identifier, stem, **more):
    choices = [{"text": "yes", "right": True}, {"text": "no"}]
    return {"kind": "single_choice", "id": identifier, "stem": stem, "choices": choices, **more}


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def bank(make_bank):
    return make_bank("new", questions=0, status="draft")


@pytest.fixture
def upload(desk, bank):
    """Uploads files by name, and returns the response."""

    def upload(client=desk, **files):
        sent = [
            SimpleUploadedFile(
                name.replace("_", "."), content if isinstance(content, bytes) else content.encode()
            )
            for name, content in files.items()
        ]
        return client.post(reverse("studio:imports", args=["new"]), {"files": sent, "domain": ""})

    return upload


@pytest.fixture
def act(desk, bank):
    """Accepts, discards or undoes the latest import."""

    def act(name, client=desk, **data):
        latest = Import.objects.latest("at", "pk")
        return client.post(reverse(f"studio:{name}", args=["new", latest.pk]), data, follow=True)

    return act


def dry_run(desk, response):
    return desk.get(response["Location"]).context["dry_run"]


def stems(bank, **filters):
    places = bank.bank_questions.filter(**filters).order_by("position")
    return [place.question.current.item.stem.source for place in places]


def test_dry_run_tells_what_would_happen_and_changes_nothing(desk, bank, upload):
    found = dry_run(desk, upload(a_txt=aiken("one", "two")))
    assert (found.new_count, found.changed_count, found.same_count) == (2, 0, 0)
    assert [(row.file, row.line) for row in found.new] == [("a.txt", 1), ("a.txt", 6)]
    assert stems(bank) == []


def test_accepted_import_is_in_the_bank_with_its_history(desk, bank, upload, act):
    upload(a_txt=aiken("one", "two"))
    act("accept")
    assert stems(bank) == ["What is one?", "What is two?"]
    [row] = Import.objects.all()
    assert (row.status, row.added, str(row.by)) == ("done", 2, "seller@example.org")
    assert not default_storage.exists(row.upload)
    assert AuditEntry.objects.get().detail["files"] == ["a.txt"]


def test_small_bank_is_not_all_samples(bank, upload, act):
    upload(a_txt=aiken("one", "two"))
    act("accept")
    assert bank.bank_questions.filter(is_sample=True).count() == 1


def test_discarded_upload_changes_nothing(bank, upload, act):
    upload(a_txt=aiken("one"))
    row = Import.objects.get()
    act("discard")
    act("accept")
    row.refresh_from_db()
    assert row.status == "discarded"
    assert not default_storage.exists(row.upload)
    assert stems(bank) == []


def test_discarding_twice_says_the_same(upload, act):
    upload(a_txt=aiken("one"))
    for _time in range(2):
        assert "Upload discarded. Nothing was imported." in act("discard").text


def test_upload_that_somebody_accepted_is_not_discarded(bank, upload, act):
    upload(a_txt=aiken("one"))
    act("accept")
    text = act("discard").text
    assert "Nothing was discarded because this upload was already accepted for import." in text
    assert "Nothing was imported." not in text
    assert (Import.objects.get().status, stems(bank)) == ("done", ["What is one?"])


def test_problems_of_a_file_are_in_the_language_of_the_page(desk, upload):
    address = upload(wrong_gift="Is this open? {=yes")["Location"]
    assert "This { has no matching }." in desk.get(address).text
    german = desk.get(address, headers={"Accept-Language": "de"}).text
    assert "Zu dieser { fehlt die }." in german
    assert "This { has no matching }." not in german


def test_file_with_errors_is_told_by_line_and_not_imported(desk, bank, upload, act):
    response = upload(a_txt=f"{aiken('one')}\nWhat?\nA. a\nB. b\nANSWER: Z\n")
    page = desk.get(response["Location"])
    assert [problem.line for _name, problem in page.context["dry_run"].errors] == [9]
    assert '<span class="badge badge--wrong">Has errors</span>' in page.text
    assert "Waiting for your decision" not in page.text
    assert "Upload corrected file</a>" in page.text
    act("accept")
    assert stems(bank) == []


def test_importing_again_corrects(desk, bank, upload, act):
    upload(a_jsonl=jsonl(line("1", "One?"), line("2", "Two?")))
    act("accept")
    again = jsonl(line("1", "One, corrected?"), line("2", "Two?"))
    found = dry_run(desk, upload(a_jsonl=again))
    assert (found.new_count, found.changed_count, found.same_count) == (0, 1, 1)
    act("accept")
    assert stems(bank) == ["One, corrected?", "Two?"]


def test_what_the_file_leaves_out_is_retired_only_when_asked(desk, bank, upload, act):
    upload(a_jsonl=jsonl(line("1", "One?"), line("2", "Two?")))
    act("accept")
    shorter = jsonl(line("1", "One?"))
    assert dry_run(desk, upload(a_jsonl=shorter)).left_out == ["Two?"]
    act("accept")
    assert stems(bank, state="published") == ["One?", "Two?"]
    upload(a_jsonl=shorter)
    act("accept", retire="1")
    assert stems(bank, state="published") == ["One?"]
    act("undo_import")
    assert stems(bank, state="published") == ["One?", "Two?"]


@pytest.fixture
def published_elsewhere(reviewer, make_bank, bank, upload, act):
    """A client that reviews the bank; its question `a1` is on sale in another bank, too."""
    upload(a_jsonl=jsonl(line("a1", "First?"), line("a2", "Second?")))
    act("accept")
    place = bank.bank_questions.get(position=1)
    other = make_bank("other", questions=0)
    BankQuestion.objects.create(test_bank=other, question=place.question, position=1)
    BankRole.objects.create(test_bank=bank, user=reviewer, role="reviewer")
    return sign_in(reviewer)


def test_reviewer_imports_nothing_into_what_another_bank_published(
    published_elsewhere, bank, upload, act
):
    shown = upload(client=published_elsewhere, a_jsonl=jsonl(line("a1", "Other?")))
    response = act("accept", client=published_elsewhere)
    assert "Ask a seller, or a reviewer of both test banks, to make this change." in response.text
    assert stems(bank) == ["First?", "Second?"]
    assert shown.status_code == 303
    act("accept")
    assert stems(bank) == ["Other?", "Second?"]
    assert (
        "Ask a seller, or a reviewer of both" in act("undo_import", client=published_elsewhere).text
    )
    assert stems(bank) == ["Other?", "Second?"]


def test_reviewer_imports_into_their_own_bank(published_elsewhere, bank, upload, act):
    upload(client=published_elsewhere, a_jsonl=jsonl(line("a2", "Other?")))
    act("accept", client=published_elsewhere)
    assert stems(bank) == ["First?", "Other?"]


def test_undo_gives_retired_questions_their_former_states(bank, upload, act):
    upload(a_jsonl=jsonl(line("1", "One?"), line("2", "Two?"), line("3", "Three?")))
    act("accept")
    bank.bank_questions.filter(position=2).update(state="draft")
    upload(a_jsonl=jsonl(line("1", "One?")))
    act("accept", retire="1")
    assert Import.objects.latest("at").retired == 2
    act("undo_import")
    assert stems(bank, state="draft") == ["Two?"]
    assert stems(bank, state="published") == ["One?", "Three?"]


def test_import_leaves_something_to_sell(bank, upload, act):
    upload(a_jsonl=jsonl(line("1", "One?"), line("2", "Two?")))
    act("accept")
    type(bank).objects.update(status="published", price_minor=1900)
    upload(a_jsonl=jsonl(line("1", "One?")))
    assert "unpublish the test bank first" in act("accept", retire="1").text
    assert stems(bank, state="published") == ["One?", "Two?"]
    Import.objects.filter(status="waiting").delete()
    assert "unpublish the test bank first" in act("undo_import").text
    assert Import.objects.get().status == "done"


def test_upload_that_is_gone_is_told(bank, upload, act):
    upload(a_jsonl=jsonl(line("1", "One?")))
    default_storage.delete(Import.objects.get().upload)
    assert "The upload can no longer be read" in act("accept").text
    assert Import.objects.get().status == "waiting"


def test_undone_import_leaves_the_bank_as_it_was(bank, upload, act):
    upload(a_jsonl=jsonl(line("1", "One?")))
    act("accept")
    upload(a_jsonl=jsonl(line("1", "Changed?"), line("2", "Two?")))
    act("accept")
    act("undo_import")
    assert stems(bank) == ["One?"]
    assert bank.bank_questions.get().question.current.number == 3
    assert "already undone" in act("undo_import").text


def test_undo_retires_what_was_answered(bank, upload, act, learner, at):
    upload(a_jsonl=jsonl(line("1", "One?"), line("2", "Two?")))
    act("accept")
    bank.accesses.create(learner=learner, source_kind="free", source_id="1", starts_at=at)
    attempt = start_attempt(learner=learner, test_bank=bank, at=at)
    chosen = ChoiceResponse(chosen=("1",))
    submit_answer(attempt_id=attempt.pk, learner_id=learner.pk, position=1, response=chosen, at=at)
    act("undo_import")
    assert stems(bank) == ["One?"]
    assert bank.bank_questions.get().state == "retired"


def test_undo_keeps_what_was_edited_since(desk, bank, upload, act):
    upload(a_jsonl=jsonl(line("1", "One?")))
    act("accept")
    upload(a_jsonl=jsonl(line("1", "Changed?")))
    act("accept")
    first = Import.objects.latest("at")
    upload(a_jsonl=jsonl(line("1", "Later?")))
    act("accept")
    desk.post(reverse("studio:undo_import", args=["new", first.pk]))
    assert stems(bank) == ["Later?"]


def zipped(**files):
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), content)
    return packed.getvalue()


def picture():
    content = BytesIO()
    Image.new("RGB", (4, 3)).save(content, "PNG")
    return content.getvalue()


def test_zip_brings_its_pictures(bank, upload, act):
    stem = {"text": "![A square](figures/a.png)", "markup": "markdown"}
    packed = zipped(bank__a_jsonl=jsonl(line("1", stem)), bank__figures__a_png=picture())
    upload(a_zip=packed)
    act("accept")
    item = bank.bank_questions.get().question.current.item
    assert 'alt="A square" width="4" height="3"' in item.stem.html
    assert default_storage.exists(f"questions/{item.stem.pictures[0][1]}")


def test_files_of_the_same_name_are_all_read(desk, bank):
    files = [SimpleUploadedFile("a.txt", aiken(name).encode()) for name in ("one", "two", "three")]
    response = desk.post(reverse("studio:imports", args=["new"]), {"files": files, "domain": ""})
    assert [row.excerpt for row in dry_run(desk, response).new] == [
        *("What is one?", "What is two?", "What is three?")
    ]


def test_several_files_are_one_import(desk, bank, upload, act):
    found = dry_run(desk, upload(a_txt=aiken("one"), b_gift="Two? {=a ~b}"))
    assert [row.file for row in found.new] == ["a.txt", "b.gift"]
    act("accept")
    assert Import.objects.get().added == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (zipped(a_txt=b"\0" * 11_000_000), "is larger than 10 MB"),
        (zipped(**{f"{n}_txt": b"" for n in range(5_001)}), "too many files"),
        (zipped(a_png=b"x"), "The upload contains no question files."),
        (zipped(a_txt=aiken("one"))[:-30], "does not"),
    ],
    ids=["bomb", "entries", "nothing", "cut"],
)
def test_upload_that_cannot_be_read_is_refused(upload, content, words):
    response = upload(a_zip=content)
    if words == "does not":
        assert response.status_code in {303, 422}
    else:
        assert response.status_code == 422
        assert words in response.text
        assert not Import.objects.exists()


def test_upload_of_nothing_is_refused(desk, bank):
    response = desk.post(reverse("studio:imports", args=["new"]), {"domain": ""})
    assert response.status_code == 422


def test_near_duplicates_are_found():
    stem = "Which planet of the solar system is the largest one?"
    items = read_gift(f"{stem} {{=Jupiter ~Mars}}\n\nWho wrote it? {{=a ~b}}".encode()).items
    stems = {7: "Which planet in the solar system is the largest one?", 8: "Who wrote that?"}
    assert near_duplicates(items, stems) == {0: 7}


def test_large_import_is_left_to_the_worker(settings, bank, upload, act, monkeypatch, at):
    settings.WORKER = True
    monkeypatch.setattr("studio.importing.services.MANY", 1)
    upload(a_txt=aiken("one", "two"))
    text = act("accept").text
    assert text.count("This page refreshes automatically until the import is complete.") == 1
    assert Import.objects.get().status == "queued"
    assert stems(bank) == []
    assert run_queued_imports(at=at) == 1
    assert run_queued_imports(at=at) == 0
    assert stems(bank) == ["What is one?", "What is two?"]


@pytest.mark.parametrize("reads_first", [True, False])
def test_import_that_another_worker_took_over_stays_done(
    bank, upload, act, at, settings, monkeypatch, reads_first
):
    """The lease ends while a slow storage is read."""
    settings.WORKER = True
    monkeypatch.setattr("studio.importing.services.MANY", 1)
    upload(a_txt=aiken("one", "two"))
    act("accept")
    read = default_storage.open

    def read_slowly(name, mode="rb"):
        monkeypatch.setattr(default_storage, "open", read)
        if not reads_first:
            assert run_queued_imports(at=at + LEASE) == 1
        with read(name) as file:
            content = ContentFile(file.read())
        if reads_first:
            assert run_queued_imports(at=at + LEASE) == 1
        return content

    monkeypatch.setattr(default_storage, "open", read_slowly)
    assert run_queued_imports(at=at) == 0
    done = Import.objects.get()
    assert (done.status, len(done.undo["added"]), done.added) == ("done", 2, 2)
    assert stems(bank) == ["What is one?", "What is two?"]


def test_command_is_in_the_history_and_can_be_undone(bank, act, tmp_path):
    file = tmp_path / "a.txt"
    file.write_text(aiken("one"))
    call_command("import_bank", str(file), bank="new")
    row = Import.objects.get()
    assert (row.names, row.by, row.added) == (["a.txt"], None, 1)
    act("undo_import")
    assert stems(bank) == []


def test_author_imports_nothing(author, test_bank):
    client = sign_in(author)
    assert client.get(reverse("studio:imports", args=["git"])).status_code == 403


def test_import_of_another_bank_is_not_found(desk, upload, test_bank):
    upload(a_txt=aiken("one"))
    row = Import.objects.get()
    for name in ("accept", "discard", "undo_import"):
        assert desk.post(reverse(f"studio:{name}", args=["git", row.pk])).status_code == 404


# Export


def test_export_comes_back_without_change(desk, bank, upload, act):
    stem = {"text": "![A square](a.png)", "markup": "markdown"}
    upload(a_jsonl=jsonl(line("1", stem), line("", "Two?", domain="B")), a_png=picture())
    act("accept")
    before = exported_items(bank)
    content = desk.get(reverse("studio:export", args=["new", "jsonl"])).content
    found = dry_run(desk, upload(a_zip=content))
    assert (found.new_count, found.changed_count, found.same_count) == (0, 0, 2)
    act("accept")
    assert exported_items(bank) == before


def test_exported_question_is_corrected_by_its_own_id(desk, bank, upload, act):
    upload(a_jsonl=jsonl(line("", "Two?")))
    act("accept")
    with zipfile.ZipFile(
        BytesIO(desk.get(reverse("studio:export", args=["new", "jsonl"])).content)
    ) as archive:
        written = archive.read("questions.jsonl").decode()
    upload(a_jsonl=written.replace("Two?", "Three?"))
    act("accept")
    assert stems(bank) == ["Three?"]


def test_losses_are_listed_once_the_rarest_first(desk, bank, upload, act):
    lines = [line(f"h{number}", f"{number}?", difficulty="hard") for number in range(120)]
    upload(a_jsonl=jsonl(*lines, line("g", "Last?", group="A1")))
    act("accept")
    response = desk.get(reverse("studio:export", args=["new", "gift"]))
    assert response.context["losses"] == {
        "Groups are not exported.": [121],
        "Difficulty is not exported.": list(range(1, 121)),
    }


def test_gift_names_what_it_leaves_out(desk, bank, upload, act):
    upload(a_jsonl=jsonl(line("1", "One?", difficulty="hard")))
    act("accept")
    address = reverse("studio:export", args=["new", "gift"])
    assert "Difficulty is not exported." in desk.get(address).text
    response = desk.get(address, {"anyway": "1"})
    assert read_gift(response.content).items[0].stem.source == "One?"


def test_command_exports(bank, upload, act, tmp_path):
    upload(a_txt=aiken("one"))
    act("accept")
    call_command("export_bank", "new", output=tmp_path / "new.zip")
    with zipfile.ZipFile(tmp_path / "new.zip") as archive:
        assert archive.namelist() == ["questions.jsonl"]


def test_unknown_format_is_not_found(desk, bank):
    assert desk.get(reverse("studio:export", args=["new", "docx"])).status_code == 404
