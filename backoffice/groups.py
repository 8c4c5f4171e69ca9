"""The two groups that a new site begins with; afterwards they belong to its people.

Money is read-only for everybody, so both only differ in what they may write.
"""

from typing import Any

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.db.models import Q

SELLERS, OPERATORS = "Sellers", "Operators"
MAY: dict[str, dict[str, tuple[str, ...]]] = {
    SELLERS: {
        "catalog.category": ("view", "add", "change", "delete"),
        "catalog.testbank": ("view", "add", "change", "delete"),
        "catalog.bankquestion": ("view", "change"),
        "catalog.bankchange": ("view", "add", "change"),
        "catalog.review": ("view", "change"),
        "catalog.access": ("view", "add", "change"),
        "accounts.user": ("view",),
        "payments.order": ("view",),
        "payments.refund": ("view", "add"),
        "payments.dispute": ("view",),
        "payments.incident": ("view",),
    },
    OPERATORS: {
        "catalog.testbank": ("view",),
        "catalog.access": ("view", "add", "change"),
        "accounts.user": ("view", "change"),
        "payments.order": ("view",),
        "payments.incident": ("view",),
        "payments.stripeevent": ("view", "change"),
    },
}


def make_groups(**_kwargs: Any) -> None:
    """Make each group that is missing, with its permissions; touch none that stands.

    Called after every `migrate`, since permissions are made there too.
    """
    there = set(Group.objects.filter(name__in=MAY).values_list("name", flat=True))
    missing = [name for name in MAY if name not in there]
    if missing:
        # Django makes those of a room only when its turn comes, after ours.
        for room in {model.split(".")[0] for name in missing for model in MAY[name]}:
            create_permissions(apps.get_app_config(room), verbosity=0)
    for name in missing:
        Group.objects.create(name=name).permissions.set(_permissions(MAY[name]))


def _permissions(rooms: dict[str, tuple[str, ...]]) -> list[Permission]:
    wanted = Q(pk=None)
    for model, verbs in rooms.items():
        room, name = model.split(".")
        codenames = [f"{verb}_{name}" for verb in verbs]
        wanted |= Q(content_type__app_label=room, codename__in=codenames)
    return list(Permission.objects.filter(wanted))
