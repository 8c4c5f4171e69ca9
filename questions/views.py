"""The pictures of questions."""

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest
from django.views.decorators.http import require_safe

from questions.images import FOLDER, TYPES

A_YEAR_SECONDS = 31_536_000


@require_safe
def image(_request: HttpRequest, name: str) -> FileResponse:
    """A picture by its name, which only those know who were shown its question.

    Browsers cache it forever, because other content has another name; shared caches do not.
    """
    try:
        file = default_storage.open(f"{FOLDER}/{name}")
    except FileNotFoundError:
        raise Http404 from None
    return FileResponse(
        file,
        content_type=TYPES[name.rpartition(".")[2]],
        headers={"Cache-Control": f"private, max-age={A_YEAR_SECONDS}, immutable"},
    )
