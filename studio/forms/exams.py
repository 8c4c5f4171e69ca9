"""The form of an exam's blueprint: how many questions it draws from which part of a bank."""

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from catalog.models import TestBank
from catalog.services.blueprint import (
    MOST_SECTIONS,
    BlueprintError,
    PoolQuestion,
    Section,
    exam_pool,
    read_blueprint,
)

EMPTY_ROWS = 2


class SectionForm(forms.Form):
    """A section of the blueprint. Without a number it is left out."""

    count = forms.IntegerField(
        label=gettext_lazy("Questions"), min_value=1, max_value=500, required=False
    )
    part = forms.ChoiceField(label=pgettext_lazy("a part of the test bank", "From"))

    def __init__(self, *args: Any, parts: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        part = self.initial.get("part", "")
        known = parts if not part or part in dict(parts) else [*parts, (part, _name_of(part))]
        cast(forms.ChoiceField, self.fields["part"]).choices = known

    @property
    def section(self) -> dict[str, Any] | None:
        """The section as a bank stores it; None without a number. The form is valid."""
        count = self.cleaned_data.get("count")
        if not count:
            return None
        domain, group, per_group = json.loads(self.cleaned_data["part"])
        section = Section(count=count, domain=domain, group=group, per_group=per_group)
        return section.model_dump(exclude_defaults=True)


class BlueprintFormSet(forms.BaseFormSet):  # type: ignore[type-arg] # generic in the stubs only
    """The sections of the blueprint, and two empty rows for more."""

    @property
    def blueprint(self) -> list[dict[str, Any]]:
        """The blueprint as a bank stores it. The forms are valid."""
        return [section for form in self.forms if (section := form.section)]


def blueprint_form(data: Any, test_bank: TestBank) -> BlueprintFormSet:
    """The form of a bank's blueprint, with the parts that the bank has. One statement."""
    formset = forms.formset_factory(
        SectionForm, formset=BlueprintFormSet, extra=EMPTY_ROWS, max_num=MOST_SECTIONS
    )
    parts = parts_of(exam_pool(test_bank))
    return cast(
        BlueprintFormSet,
        formset(data, initial=_rows(test_bank), prefix="blueprint", form_kwargs={"parts": parts}),
    )


def _rows(test_bank: TestBank) -> list[dict[str, Any]]:
    try:
        sections = read_blueprint(test_bank.blueprint)
    except BlueprintError:
        return []
    return [
        {"count": one.count, "part": _value(one.domain, one.group, per_group=one.per_group)}
        for one in sections
    ]


def parts_of(pool: Iterable[PoolQuestion]) -> list[tuple[str, str]]:
    """The parts of a bank as choices, each with its number of questions."""
    domains = Counter[str]()
    groups = Counter[tuple[str, str]]()
    for one in pool:
        domains[one.domain] += 1
        groups[one.domain, one.group] += 1
    grouped = sorted(key for key in groups if key[1])
    parts = [(_value(), sum(domains.values()))]
    parts += [(_value(domain), count) for domain, count in sorted(domains.items()) if domain]
    parts += [(_value(domain, group), groups[domain, group]) for domain, group in grouped]
    choices = [(value, _with_count(_name_of(value), count)) for value, count in parts]
    with_groups = ["", *dict.fromkeys(domain for domain, _group in grouped if domain)]
    for domain in with_groups if grouped else ():
        value = _value(domain, per_group=True)
        choices.append((value, _name_of(value)))
    return choices


def _value(domain: str = "", group: str = "", *, per_group: bool = False) -> str:
    return json.dumps([domain, group, per_group])


def _name_of(value: str) -> str:
    domain, group, per_group = json.loads(value)
    if per_group:
        return _("Each group in “%(domain)s”") % {"domain": domain} if domain else _("Each group")
    return " · ".join(name for name in (domain, group) if name) or _("The whole test bank")


def _with_count(name: str, count: int) -> str:
    words = ngettext("%(name)s (%(count)d question)", "%(name)s (%(count)d questions)", count)
    return words % {"name": name, "count": count}
