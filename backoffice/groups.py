"""The default groups of staff, sellers and operators. Superusers may change them later.

Orders and events are read-only for everybody: the groups differ in what else they may write.
"""

from typing import Any

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.db.models import Q

SELLERS, OPERATORS = "Sellers", "Operators"
GROUP_PERMISSIONS: dict[str, dict[str, tuple[str, ...]]] = {
    SELLERS: {
        "catalog.category": ("view", "add", "change", "delete"),
        "catalog.testbank": ("view", "add", "change", "delete"),
        "catalog.bankquestion": ("view", "change"),
        "catalog.bankchange": ("view", "add", "change"),
        "catalog.review": ("view", "change"),
        "catalog.legalpage": ("view", "add", "change", "delete"),
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


def create_default_groups(**_kwargs: Any) -> None:
    """Create the groups that are missing, with their permissions; leave existing ones unchanged.

    Idempotent: a `post_migrate` receiver, which runs after every `migrate`.
    """
    names = Group.objects.filter(name__in=GROUP_PERMISSIONS).values_list("name", flat=True)
    missing = [name for name in GROUP_PERMISSIONS if name not in set(names)]
    if missing:
        # Django creates an app's permissions in post_migrate of that app, which may come later.
        labels = {model.split(".")[0] for name in missing for model in GROUP_PERMISSIONS[name]}
        for label in labels:
            create_permissions(apps.get_app_config(label), verbosity=0)
    for name in missing:
        Group.objects.create(name=name).permissions.set(_permissions(GROUP_PERMISSIONS[name]))


def _permissions(verbs_by_model: dict[str, tuple[str, ...]]) -> list[Permission]:
    wanted = Q(pk=None)
    for model, verbs in verbs_by_model.items():
        label, name = model.split(".")
        codenames = [f"{verb}_{name}" for verb in verbs]
        wanted |= Q(content_type__app_label=label, codename__in=codenames)
    return list(Permission.objects.filter(wanted))
