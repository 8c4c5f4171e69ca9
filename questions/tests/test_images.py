"""Images: which are accepted, how they are stored, and that no other file is read or served."""

import json
import os
import re
from io import BytesIO

import pytest
from django.core.files.storage import default_storage
from PIL import Image

from questions.formats.jsonl import read_jsonl
from questions.images import (
    NAME,
    ImageRefused,
    ImagesBeside,
    name_of,
    stored_form,
    without_metadata,
)
from questions.items import Text
from questions.services import fingerprint
from questions.text import pictures_in, safe_html
from testing.parts import SHARED, require

SCHEMATIC = "questions/banks/ncvec-us-amateur-radio/technician-2026-2030/t-2.png"


def picture(kind="PNG", size=(40, 30), colour="red"):
    """The bytes of a picture."""
    content = BytesIO()
    Image.new("RGB", size, colour).save(content, kind)
    return content.getvalue()


@pytest.fixture(autouse=True)
def storage(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "bank"
    (folder / "figures").mkdir(parents=True)
    (folder / "figures" / "t 1.png").write_bytes(picture())
    return folder


@pytest.fixture
def images(folder):
    return ImagesBeside(folder)


@pytest.mark.parametrize(
    ("kind", "ending"), [("PNG", "png"), ("JPEG", "jpg"), ("GIF", "gif"), ("WEBP", "webp")]
)
def test_image_name_depends_on_content_and_size(kind, ending):
    name = name_of(picture(kind))
    assert re.fullmatch(NAME, name)
    assert name.endswith(f"-40x30.{ending}")
    assert name != name_of(picture(kind, colour="blue"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is not a PNG, JPEG, GIF, or WebP image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is not a PNG, JPEG, GIF, or WebP image"),
        (b"<html><script>alert(1)</script>", "is not a PNG, JPEG, GIF, or WebP image"),
        (picture()[:60], "is damaged"),
        (picture("JPEG", (400, 300))[:500], "is damaged"),
        (picture("BMP"), "is not a PNG, JPEG, GIF, or WebP image"),
    ],
)
def test_file_that_is_not_an_image_is_refused(content, words):
    with pytest.raises(ImageRefused, match=words):
        name_of(content)


@pytest.mark.slow
def test_decompression_bomb_is_refused():
    content = BytesIO()
    Image.new("1", (30_000, 30_000)).save(content, "PNG")
    with pytest.raises(ImageRefused, match="more than 25 million pixels"):
        name_of(content.getvalue())


def test_image_path_may_be_percent_encoded_or_use_backslashes(images):
    assert images("figures/t 1.png") == images("figures/t%201.png") == images("figures\\t 1.png")


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("https://example.org/x.png", "cannot be imported from a URL"),
        ("//example.org/x.png", "cannot be imported from a URL"),
        ("data:image/png;base64,AAAA", "cannot be imported from a URL"),
        ("file:///etc/passwd", "cannot be imported from a URL"),
        ("/etc/passwd", "is outside the question file's folder"),
        ("../secret.png", "is outside the question file's folder"),
        ("figures/../../secret.png", "is outside the question file's folder"),
        ("%2e%2e/secret.png", "is outside the question file's folder"),
        ("..\\secret.png", "is outside the question file's folder"),
        ("link.png", "is outside the question file's folder"),
        ("figures", "was not found"),
        ("none.png", "was not found"),
        ("x\0.png", "is not"),
        ("n" * 5000, "is not"),
    ],
)
def test_file_outside_of_the_folder_is_not_read(images, folder, reference, words):
    (folder.parent / "secret.png").write_bytes(picture())
    (folder / "link.png").symlink_to(folder.parent / "secret.png")
    with pytest.raises(ImageRefused, match=words):
        images(reference)


def test_a_large_file_is_refused_before_it_is_read(images, folder):
    os.truncate(folder / "figures" / "t 1.png", 5_000_001)
    with pytest.raises(ImageRefused, match="larger than 5 MB"):
        images("figures/t 1.png")


def test_image_is_not_written_before_it_is_stored(images):
    name = images("figures/t 1.png")
    assert not default_storage.exists(f"questions/{name}")
    assert (images.keep(), images.keep()) == (1, 1)
    with default_storage.open(f"questions/{name}") as kept:
        assert kept.read() == picture()
    assert default_storage.listdir("questions")[1] == [name]


def test_partial_image_file_is_rewritten(images, settings):
    name = images("figures/t 1.png")
    half = settings.MEDIA_ROOT / "questions" / name
    half.parent.mkdir(parents=True)
    half.write_bytes(picture()[:10])
    images.keep()
    assert half.read_bytes() == picture()


def line(markup="markdown", words="What is it? ![A switch](figures/t%201.png)"):
    text = {"text": words, "markup": markup}
    choices = [{"text": "One", "right": True}, {"text": "Two"}]
    question = {"kind": "single_choice", "stem": text, "choices": choices}
    return json.dumps(question).encode()


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("markdown", "What is it? ![A switch](figures/t%201.png)"),
        ("markdown", "What is it? ![A switch][1]\n\n[1]: <figures/t 1.png>"),
        ("markdown", "What is it? <img src='figures/t 1.png' alt='A switch'>"),
        ("html", '<p>What is it? <IMG alt="A switch" onerror="x" src="figures/t 1.png"></p>'),
    ],
)
def test_a_text_shows_its_picture_with_its_size(images, markup, words):
    read = read_jsonl(line(markup, words), images=images)
    assert read.problems == []
    stem = read.items[0].stem
    name = images("figures/t 1.png")
    assert stem.source == words
    assert safe_html(stem) == (
        f'<p>What is it? <img src="/questions/images/{name}" alt="A switch" width="40" height="30"'
        ' loading="lazy" decoding="async"></p>'
    )


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ("![A switch](none.png)", "stem: the image none.png was not found"),
        ("![](figures/t%201.png)", "stem: add a description of the image figures/t%201.png"),
        (
            "![x](https://example.org/x.png)",
            "stem: the image https://example.org/x.png cannot be imported from a URL",
        ),
        ("<img alt='x'>", "stem: the image  was not found"),
    ],
)
def test_missing_image_is_an_error_with_field(images, words, fault):
    [problem] = read_jsonl(line(words=words), images=images).problems
    assert problem.text.startswith(fault)


def test_image_syntax_in_plain_text(images):
    read = read_jsonl(line("plain", "![A switch](none.png)"), images=images)
    assert safe_html(read.items[0].stem) == "<p>![A switch](none.png)</p>"


@pytest.mark.parametrize(
    ("words", "html"),
    [
        ('<img src="https://tracker.example/x.gif" alt="A &lt;b&gt;">', "A &lt;b&gt;"),
        ('<img src="/questions/images/x.png" alt="">', ""),
        ('a <img src=x onerror=alert(1) alt=\'"><script>alert(1)</script>\'> b',
         "a &quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt; b"),
    ],
)  # fmt: skip
def test_refused_image_leaves_its_description(words, html):
    shown = safe_html(Text(source=words, markup="html"))
    assert shown.replace(">", "&gt;") == html.replace(">", "&gt;")
    assert "<img" not in shown
    assert "<script" not in shown


def test_fingerprint_differs_by_image(images, folder):
    (folder / "blue.png").write_bytes(picture(colour="blue"))
    marks = {
        fingerprint(read_jsonl(line(words=f"![A]({name})"), images=images).items[0])
        for name in ("figures/t%201.png", "blue.png")
    }
    assert len(marks) == 2


def photo(kind, *, orientation=1):
    """A picture as a phone writes it: with GPS, the orientation, and words."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = orientation, "A maker of phones"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    words = {"comment": b"by Ada"} if kind == "JPEG" else {}
    content = BytesIO()
    Image.new("RGB", (40, 30), "red").save(content, kind, exif=exif, **words)
    return content.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_photo_is_stored_without_place_and_maker(folder, images, kind):
    content = photo(kind)
    assert b"A maker of phones" in content
    (folder / "photo").write_bytes(content)
    images("photo")
    images.keep()
    [name] = default_storage.listdir("questions")[1]
    with default_storage.open(f"questions/{name}") as kept:
        stored = kept.read()
    with Image.open(BytesIO(stored)) as shown:
        assert (dict(shown.getexif()), shown.size) == ({}, (40, 30))
        assert not {"exif", "comment", "xmp"} & shown.info.keys()
    assert b"A maker of phones" not in stored


def test_photo_that_was_taken_sideways_is_turned():
    name, content = stored_form(photo("JPEG", orientation=6))
    with Image.open(BytesIO(content)) as shown:
        assert shown.size == (30, 40)
    assert "-30x40." in name


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_picture_without_metadata_stays_as_it_is(kind):
    assert without_metadata(picture(kind)) == picture(kind)


def test_photo_with_a_preview_inside_is_taken():
    content = BytesIO()
    first, preview = Image.new("RGB", (40, 30)), Image.new("RGB", (8, 6))
    first.save(content, "MPO", save_all=True, append_images=[preview])
    name, stored = stored_form(content.getvalue())
    assert re.fullmatch(NAME, name)
    with Image.open(BytesIO(stored)) as shown:
        assert (shown.format, shown.size) == ("JPEG", (40, 30))


@pytest.mark.shared
def test_real_schematic_is_accepted():
    require("shared")
    path = SHARED / SCHEMATIC
    images = ImagesBeside(path.parent.parent)
    assert re.fullmatch(NAME, images("technician-2026-2030/t-2.png"))


def test_pictures_are_found_in_their_order():
    text = Text(source="![one](a.png) and ![two](b.png)", markup="markdown")
    assert pictures_in(text) == [("a.png", "one"), ("b.png", "two")]
