"""Pictures in questions: checked when a file is imported, stored under a name made of their content.

A text names a picture as `image:NAME`; `text.py` makes an address of it. The names are
known only to readers of the text, because they contain 128 bits of the content's hash.
"""

import hashlib
import re
import warnings
from abc import ABC, abstractmethod
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from PIL import Image

LARGEST_BYTES = 5_000_000
MOST_PIXELS = 25_000_000
FOLDER = "questions"
ENDINGS = {"PNG": "png", "JPEG": "jpg", "GIF": "gif", "WEBP": "webp"}
# Phones write JPEG files with a second picture, a preview, inside.
KINDS = {"MPO": "JPEG"}
TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
}
NAME = r"[0-9a-f]{32}-[0-9]{1,5}x[0-9]{1,5}\.(?:png|jpg|gif|webp)"
# The tag of EXIF that says how a camera was held.
ORIENTATION = 0x0112
# As Pillow calls them.
METADATA = {"exif", "xmp", "XML:com.adobe.xmp", "comment", "photoshop", "Raw profile type exif"}
SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)


class ImageRefused(ValueError):
    """The picture cannot be taken.

    `sentence` is translated, and says why and what to do, with `%(image)s` for the picture's name
    and a placeholder for each of `values`.
    """

    def __init__(self, sentence: str, **values: object) -> None:
        self.sentence, self.values = sentence, values
        super().__init__(self.about("…"))

    def about(self, image: str) -> str:
        """The sentence about the picture of this name."""
        return self.sentence % {**self.values, "image": image}


class Images(ABC):
    """The pictures of a file of questions. What was referred to is stored when `keep` is called."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._contents: dict[str, bytes] = {}

    @abstractmethod
    def _content(self, reference: str) -> bytes:
        """Return the picture. Raises: ImageRefused."""

    def __call__(self, reference: str) -> str:
        """Return the name under which the picture will be stored. Raises: ImageRefused."""
        if reference not in self._names:
            name, content = stored_form(self._content(reference))
            self._names[reference] = name
            self._contents[name] = content
        return self._names[reference]

    def keep(self) -> int:
        """Write what was named to the storage; how many pictures. Idempotent."""
        for name, content in self._contents.items():
            store_picture(name, content)
        return len(self._contents)


def store_picture(name: str, content: bytes) -> None:
    """Write a picture to the storage unless it is there. Idempotent."""
    path = f"{FOLDER}/{name}"
    # Of another size is what a killed process left behind: names are made of content.
    if not (default_storage.exists(path) and default_storage.size(path) == len(content)):
        default_storage.save(path, ContentFile(content))


class ImagesBeside(Images):
    """The pictures that stand beside a file of questions, or in folders below it.

    Nothing outside of that folder is ever read, links that lead out of it included.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder.resolve()

    def _content(self, reference: str) -> bytes:
        path = self._path(reference)
        try:
            if path.stat().st_size > LARGEST_BYTES:
                raise ImageRefused(
                    _("The image %(image)s is larger than %(most)s MB. Use a smaller image."),
                    most=LARGEST_BYTES // 1_000_000,
                )
            return path.read_bytes()
        except OSError as error:
            raise ImageRefused(
                _("The image %(image)s cannot be read: %(error)s."), error=error.strerror
            ) from error

    def _path(self, reference: str) -> Path:
        """Where it stands. Raises: ImageRefused for an address, and for what lies elsewhere."""
        if SCHEME.match(reference):
            raise ImageRefused(
                _(
                    "The image %(image)s cannot be imported from a URL. Save it in the same folder "
                    "as the question file, and refer to it by its file name."
                )
            )
        try:
            path = (self._folder / unquote(reference).replace("\\", "/")).resolve()
            is_file = path.is_file()
        except (ValueError, OSError) as error:
            raise ImageRefused(_("The image name %(image)s is not a valid file name.")) from error
        if not path.is_relative_to(self._folder):
            raise ImageRefused(_("The image %(image)s is outside the question file's folder."))
        if not is_file:
            raise ImageRefused(
                _("The image %(image)s was not found in the question file's folder.")
            )
        return path


def stored_form(content: bytes) -> tuple[str, bytes]:
    """Return the name and the bytes under which a picture is stored. Raises: ImageRefused.

    Without metadata: a photo says where and when it was taken, and by whose camera.
    """
    name_of(content)
    bare = without_metadata(content)
    return name_of(bare), bare


def without_metadata(content: bytes) -> bytes:
    """Return a picture that can be shown without EXIF, XMP, IPTC and comments.

    A picture that has none stays as it is, byte by byte. The EXIF orientation is applied first.
    """
    from PIL import Image, ImageOps  # noqa: PLC0415 - as below

    with Image.open(BytesIO(content), formats=list(ENDINGS)) as picture:
        if not _has_metadata(picture):
            return content
        kind = KINDS.get(str(picture.format), str(picture.format))
        is_turned = picture.getexif().get(ORIENTATION, 1) != 1
        color_profile = picture.info.get("icc_profile")
        for name in METADATA & picture.info.keys():
            del picture.info[name]
        upright = ImageOps.exif_transpose(picture) if is_turned else picture
        bare = BytesIO()
        is_same = picture.format == kind and not is_turned
        options = _options(kind, is_same=is_same, frames=getattr(picture, "n_frames", 1))
        upright.save(bare, kind, icc_profile=color_profile, exif=b"", **options)
    return bare.getvalue()


def _has_metadata(picture: "Image.Image") -> bool:
    segments = [name for name, data in getattr(picture, "applist", ()) if not _is_technical(data)]
    texts = getattr(picture, "text", None)
    named = METADATA & picture.info.keys()
    return bool(picture.getexif() or segments or texts or named)


def _is_technical(segment: bytes) -> bool:
    """True for a segment of a JPEG file that says how to decode it: JFIF, colors."""
    return segment.startswith((b"JFIF", b"JFXX", b"Adobe", b"ICC_PROFILE"))


def _options(kind: str, *, is_same: bool, frames: int) -> dict[str, Any]:
    """How to write a picture so that it looks as before."""
    if kind == "JPEG":
        return {"quality": "keep" if is_same else 95, "comment": b""}
    if kind == "WEBP":
        return {"quality": 90, "save_all": frames > 1}
    return {"save_all": True} if frames > 1 else {}


def name_of(content: bytes) -> str:
    """HASH-WIDTHxHEIGHT.ENDING of a picture that can be shown. Raises: ImageRefused.

    It is decoded whole, so that one that is cut off or would not fit into memory is found
    here and not by learners.
    """
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - only who imports needs it

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(BytesIO(content), formats=list(ENDINGS)) as picture:
                width, height = picture.size
                if width * height > MOST_PIXELS:
                    raise Image.DecompressionBombError
                picture.load()
                ending = ENDINGS[KINDS.get(str(picture.format), str(picture.format))]
    except UnidentifiedImageError as error:
        raise ImageRefused(
            _("The file %(image)s is not a PNG, JPEG, GIF, or WebP image.")
        ) from error
    except Image.DecompressionBombError as error:
        raise ImageRefused(
            _("The image %(image)s has more than %(most)s million pixels. Use a smaller image."),
            most=MOST_PIXELS // 1_000_000,
        ) from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise ImageRefused(_("The image %(image)s is damaged and cannot be opened.")) from error
    return f"{hashlib.sha256(content).hexdigest()[:32]}-{width}x{height}.{ending}"
