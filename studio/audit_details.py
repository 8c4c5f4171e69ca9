"""The details of an entry of the audit log, in the words of its reader."""

from collections.abc import Mapping

from django.utils.text import capfirst
from django.utils.translation import gettext_lazy, pgettext_lazy

from catalog.models import TestBank
from studio.models import AuditEntry, BankRole, BulkEdit, QuestionReport

# What is named is shown, in the order of the entry. Ids that lead nowhere are not.
LABELS = {
    "action": gettext_lazy("Action"),
    "added": pgettext_lazy("number of questions", "Added"),
    "answered": pgettext_lazy("number of questions", "Answered"),
    "before": gettext_lazy("Before"),
    "changed": pgettext_lazy("number of questions", "Changed"),
    "days": gettext_lazy("Days"),
    "fields": gettext_lazy("Fields"),
    "files": gettext_lazy("Files"),
    "now": gettext_lazy("After"),
    "people": gettext_lazy("People"),
    "questions": gettext_lazy("Questions"),
    "reason": gettext_lazy("Reason"),
    "retired": pgettext_lazy("number of questions", "Retired"),
    "role": gettext_lazy("Role"),
    "state": gettext_lazy("Status"),
    "value": gettext_lazy("Value"),
    "version": gettext_lazy("Version"),
    "who": gettext_lazy("Person"),
}
NAMES = {
    "action": dict(BulkEdit.Action.choices),
    "role": dict(BankRole.Role.choices),
    "state": dict(QuestionReport.State.choices),
}
OF_A_REPORT = dict(QuestionReport.Reason.choices)


def details_of(entry: AuditEntry) -> list[tuple[str, str]]:
    """Return (label, value) of each detail that tells a reader something."""
    names = NAMES
    if entry.kind == AuditEntry.Kind.REPORT_CLOSED:
        names = NAMES | {"reason": OF_A_REPORT}
    return [
        (str(LABELS[name]), _value(name, value, names.get(name, {})))
        for name, value in entry.detail.items()
        if name in LABELS and value != ""
    ]


def _value(name: str, value: object, names: Mapping[str, object]) -> str:
    if isinstance(value, list):
        return ", ".join(_field(one) if name == "fields" else str(one) for one in value)
    return str(names.get(str(value), value))


def _field(name: str) -> str:
    """The name of a field of a bank; as it is for one that is gone."""
    fields = {field.name: field for field in TestBank._meta.fields}
    return capfirst(str(fields[name].verbose_name)) if name in fields else name
