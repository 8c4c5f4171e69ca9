from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

_Function = TypeVar("_Function", bound=Callable[..., Any])

def action(
    function: None = None,
    *,
    permissions: Iterable[str] | None = None,
    description: object = None,
    url_path: str | None = None,
    attrs: Mapping[str, Any] | None = None,
    icon: str | None = None,
    variant: object = ...,
    dialog: Mapping[str, Any] | None = None,
) -> Callable[[_Function], _Function]: ...
def display(
    function: None = None,
    *,
    boolean: bool | None = None,
    image: bool | None = None,
    ordering: object = None,
    description: object = None,
    empty_value: str | None = None,
    dropdown: bool | None = None,
    label: bool | str | Mapping[Any, str] | None = None,
    header: bool | None = None,
) -> Callable[[_Function], _Function]: ...
