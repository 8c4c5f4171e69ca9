"""The pictures of questions."""

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest
from django.views.decorators.http import require_safe

from accounts.staff import is_verified_staff
from practice.usage import may_see_picture
from questions.images import FOLDER, TYPES

A_YEAR_SECONDS = 31_536_000


@require_safe
def picture(request: HttpRequest, name: str) -> FileResponse:
    """A picture, for everybody who may see a question with it; 404 for others.

    The browser keeps it: other content has another name. Shared caches do not.
    """
    if not (is_verified_staff(request) or may_see_picture(name=name, user=request.user)):
        raise Http404
    try:
        file = default_storage.open(f"{FOLDER}/{name}")
    except FileNotFoundError:
        raise Http404 from None
    return FileResponse(
        file,
        content_type=TYPES[name.rpartition(".")[2]],
        headers={"Cache-Control": f"private, max-age={A_YEAR_SECONDS}, immutable"},
    )
