"""Every address of the site, from the URLconf, with values for its parameters."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.apps import apps
from django.urls import URLPattern, URLResolver, get_resolver

PARAMETER = re.compile(r"<(?:(\w+):)?(\w+)>")
ADMIN_OBJECT = re.compile(r"^admin/(\w+)/(\w+)/<path:object_id>")
# Values of parameters that the caller does not name, by converter.
DEFAULTS = {"slug": "x", "str": "x", "path": "x", "uuid": "00000000-0000-4000-8000-000000000000"}
# Patterns that are regular expressions, with an address of each.
REGULAR = {
    "accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": (
        "accounts/password/reset/key/1-set-password/"
    ),
    r"questions/^images/(?P<name>[0-9a-f]{32}-[0-9]{1,5}x[0-9]{1,5}\.(?:png|jpg|gif|webp))\Z": (
        f"questions/images/{'0' * 32}-1x1.png"
    ),
}
# Any address below /admin/ that is none.
CATCH_ALL = "admin/(?P<url>.*)$"


@dataclass(frozen=True)
class Address:
    """A route of the URLconf, such as `banks/<slug:slug>/`."""

    route: str

    @property
    def parameters(self) -> list[str]:
        """The names of its parameters."""
        return [name for _converter, name in PARAMETER.findall(self.route)]

    def url(self, values: Mapping[str, object]) -> str:
        """Return the path with these values, those of the admin's objects from the database."""
        if self.route in REGULAR:
            return f"/{REGULAR[self.route]}"
        found = ADMIN_OBJECT.match(self.route)
        if found and values.get("object_id") is None:
            values = {**values, "object_id": first_key(found[1], found[2])}
        return "/" + PARAMETER.sub(
            lambda one: str(values.get(one[2], DEFAULTS.get(one[1], 1))), self.route
        )


def addresses() -> list[Address]:
    """Return every address, sorted."""
    routes = set(_routes(get_resolver(), ""))
    return [Address(route) for route in sorted(routes) if route != CATCH_ALL]


def first_key(app_label: str, model: str) -> object:
    """Return the key of the first row of a model; 1 if there is none."""
    rows = apps.get_model(app_label, model)._default_manager.order_by("pk")
    return rows.values_list("pk", flat=True).first() or 1


def _routes(resolver: URLResolver, prefix: str) -> Iterator[str]:
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route
        else:
            yield from _routes(pattern, route)
