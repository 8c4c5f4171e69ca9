from typing import Any

from django import forms
from django.http import HttpRequest

class BaseDialogForm(forms.Form):
    request: HttpRequest
    object_id: int | str | None
    def __init__(
        self, request: HttpRequest, object_id: int | str | None = None, *args: Any, **kwargs: Any
    ) -> None: ...
