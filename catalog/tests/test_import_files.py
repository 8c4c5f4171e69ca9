"""The command on whole files: a long bank, pictures, domains, and hostile files."""

import json

import pytest
from django.core.management import call_command
from PIL import Image

from catalog.models import BankQuestion, TestBank
from questions.models import QuestionVersion
from testing.hostile import all_files
from testing.long_bank import QUESTIONS, long_bank

pytestmark = [pytest.mark.django_db, pytest.mark.pages]

DOMAINS = ["Trees", "Trees", "Birds"]
TALL, WIDE = "leaves/tall.png", "leaves/wide.png"


@pytest.fixture
def run(tmp_path, capsys):
    """Run the command on a file of this name and content, and return what it prints before the hints."""

    def run(name, content, *options):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        call_command("import_bank", str(path), "--bank", "new", "--title", "New", *options)
        return capsys.readouterr().out.partition("Quality check:")[0]

    return run


@pytest.fixture
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT / "questions"


@pytest.fixture
def leaves(tmp_path):
    """Three questions, two of them with one picture each, beside the pictures."""
    (tmp_path / "leaves").mkdir()
    Image.new("RGB", (20, 40), "green").save(tmp_path / TALL)
    Image.new("RGB", (40, 20), "green").save(tmp_path / WIDE)
    stems = [f"Which leaf? ![A tall leaf]({TALL})", f"And this? ![A wide leaf]({WIDE})", "A tit?"]
    return [
        {
            "kind": "true_false",
            "stem": {"text": stem, "markup": "markdown"},
            "answer": True,
            "domain": domain,
            "group": f"{domain} of the north",
            "explanation": f"See the chapter on {domain}.",
        }
        for stem, domain in zip(stems, DOMAINS, strict=True)
    ]


def lines(entries):
    return "".join(f"{json.dumps(entry)}\n" for entry in entries)


def test_long_bank_is_imported_whole(run):
    assert run("long.txt", long_bank()) == (
        f"{QUESTIONS} questions added to new.\nThe test bank has {QUESTIONS} questions. Its status is draft.\n"
    )


def test_domains_groups_and_explanations_arrive(run, leaves, media):
    run("leaves.jsonl", lines(leaves))
    stored = list(QuestionVersion.objects.order_by("pk"))
    assert [version.domain for version in stored] == DOMAINS
    assert [version.item.group for version in stored] == [entry["group"] for entry in leaves]
    assert [version.item.explanation.source for version in stored] == [
        entry["explanation"] for entry in leaves
    ]


def test_pictures_are_stored_under_the_names_that_the_texts_show(run, leaves, media):
    run("leaves.jsonl", lines(leaves))
    stems = [version.item.stem for version in QuestionVersion.objects.order_by("pk")]
    shown = [name for stem in stems for _reference, name in stem.pictures]
    assert sorted(path.name for path in media.iterdir()) == sorted(shown)
    assert [stem.html.count("<img ") for stem in stems] == [1, 1, 0]


def test_missing_picture_stops_the_whole_import(run, leaves, media, capsys):
    leaves[1]["stem"]["text"] += "![Another](none.png)"
    with pytest.raises(SystemExit, match="1"):
        run("leaves.jsonl", lines(leaves))
    error = "leaves.jsonl:2: error: stem: the image none.png was not found"
    assert error in capsys.readouterr().err
    assert (TestBank.objects.count(), media.exists()) == (0, False)


def test_dry_run_stores_no_picture(run, leaves, media):
    assert "would be added" in run("leaves.jsonl", lines(leaves), "--dry-run")
    assert (TestBank.objects.count(), media.exists()) == (0, False)


@pytest.mark.parametrize("format_name", ["aiken", "gift", "jsonl"])
@pytest.mark.parametrize("name", all_files())
def test_hostile_file_is_imported_or_refused_and_never_half(run, name, format_name):
    try:
        run("file", all_files()[name], "--format", format_name)
    except SystemExit as end:
        assert (end.code, TestBank.objects.count()) == (1, 0)
    else:
        assert BankQuestion.objects.exists()
