"""Build an own session: filters over everything owned, a live count, and saved presets."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from catalog.http import SeeOther
from practice.models import Preset
from practice.services import Limits, NoAccess, NothingToAsk, start_own_session
from practice.services.selection import Candidate, Criteria, candidates, matching, open_banks
from practice.services.starting import MOST_QUESTIONS
from practice.views.attempts import learner_of, question_url
from questions.kinds import DIFFICULTIES, kind_name
from safety.rate_limits import PRACTICE_START, rate_limited

MOST_PRESETS = 20
LONGEST_QUERY = 2000
MOST_MINUTES = 600
STATES = {
    "new": gettext_lazy("New"),
    "wrong": gettext_lazy("Incorrect last time"),
    "unsure": gettext_lazy("Not sure"),
    "flagged": gettext_lazy("Flagged"),
    # SLOW_SECONDS.
    "slow": gettext_lazy("Answered slowly (more than 90 seconds)"),
}


FILTERS = ("bank", "state", "domain", "kind", "difficulty")


class LimitsForm(forms.Form):
    """How many questions, and how long."""

    count = forms.IntegerField(
        label=gettext_lazy("Questions"), min_value=1, max_value=MOST_QUESTIONS, required=False
    )
    minutes = forms.IntegerField(
        label=gettext_lazy("Minutes (leave empty for no limit)"),
        min_value=1,
        max_value=MOST_MINUTES,
        required=False,
    )


@dataclass(frozen=True)
class Filter:
    """One filter of the builder; `choices` are value, label, and whether it is chosen."""

    name: str
    label: str
    choices: tuple[tuple[str, str, bool], ...]

    @property
    def chosen(self) -> frozenset[str]:
        return frozenset(value for value, _label, is_chosen in self.choices if is_chosen)


@dataclass(frozen=True)
class Builder:
    """The filters with what the learner can choose from, and the questions behind them."""

    filters: tuple[Filter, ...]
    bank_ids: dict[str, int]
    pool: list[Candidate]

    @property
    def criteria(self) -> Criteria:
        """What fits. A value that is not offered is ignored."""
        chosen = {one.name: one.chosen for one in self.filters}
        return Criteria(
            bank_ids=frozenset(self.bank_ids[slug] for slug in chosen["bank"]),
            domains=chosen["domain"],
            kinds=chosen["kind"],
            difficulties=chosen["difficulty"],
            states=chosen["state"],
        )

    @property
    def shown(self) -> list[Filter]:
        """The filters that leave a choice."""
        return [one for one in self.filters if len(one.choices) > 1]


@login_required
@require_safe
def build(request: HttpRequest) -> HttpResponse:
    """The builder, with the number of questions that fit."""
    learner = learner_of(request)
    builder = _builder(request, request.GET)
    context = {
        "filters": builder.shown,
        "count": len(matching(builder.pool, builder.criteria)),
        "total": len(builder.pool),
        "presets": Preset.objects.filter(learner=learner).order_by("name"),
        "wanted": request.GET.get("count", "20"),
        "minutes": request.GET.get("minutes", ""),
    }
    return render(request, "practice/build.html", context)


@login_required
@require_POST
@rate_limited(PRACTICE_START)
def start(request: HttpRequest) -> HttpResponse:
    """Start the session that was built."""
    builder, form = _builder(request, request.POST), LimitsForm(request.POST)
    again = f"{reverse('practice:new')}?{_query(request.POST)}"
    if not form.is_valid():
        messages.info(
            request, _("Enter whole numbers: 1 to 200 for questions, and 1 to 600 for minutes.")
        )
        return SeeOther(again)
    wanted = form.cleaned_data
    limits = Limits(count=wanted["count"] or MOST_QUESTIONS, minutes=wanted["minutes"])
    try:
        attempt = start_own_session(
            learner=learner_of(request), criteria=builder.criteria, limits=limits, at=timezone.now()
        )
    except (NoAccess, NothingToAsk):
        messages.info(
            request, _("No questions match your filters. Clear one or more filters and try again.")
        )
        return SeeOther(again)
    return SeeOther(question_url(attempt, 1))


@login_required
@require_POST
def save_preset(request: HttpRequest) -> HttpResponse:
    """Save the choices on the page under a name; the same name replaces them."""
    learner, name = learner_of(request), request.POST.get("name", "").replace("\0", "").strip()[:60]
    query = _query(request.POST)
    mine = Preset.objects.filter(learner=learner)
    if not name:
        messages.info(request, _("Enter a name for the preset."))
    elif mine.exclude(name=name).count() >= MOST_PRESETS:
        messages.info(request, _("You can save up to 20 presets. Delete one and try again."))
    elif len(query) > LONGEST_QUERY:
        messages.info(request, _("This preset has too many filters. Clear some and try again."))
    else:
        Preset.objects.update_or_create(learner=learner, name=name, defaults={"query": query})
        messages.success(request, _("Preset saved."))
    return SeeOther(f"{reverse('practice:new')}?{query}")


@login_required
@require_POST
def delete_preset(request: HttpRequest, preset_id: int) -> HttpResponse:
    """Delete a preset of the user."""
    get_object_or_404(Preset, pk=preset_id, learner=learner_of(request)).delete()
    return SeeOther(reverse("practice:new"))


def _builder(request: HttpRequest, data: QueryDict) -> Builder:
    """What the user can choose from, and chose. Four statements."""
    learner = learner_of(request)
    banks = open_banks(learner, at=timezone.now())
    pool = candidates(learner, bank_ids=[bank.pk for bank in banks])
    domains = sorted({one.domain for one in pool if one.domain})
    offered: dict[str, tuple[str, Mapping[str, Any]]] = {
        "bank": (_("Test banks"), {bank.slug: bank.title for bank in banks}),
        "state": (_("Progress"), STATES),
        "domain": (_("Domains"), {domain: domain for domain in domains}),
        "kind": (_("Question types"), {kind: kind_name(kind) for kind in {o.kind for o in pool}}),
        "difficulty": (_("Difficulty"), DIFFICULTIES),
    }
    filters = []
    for name, (label, choices) in offered.items():
        chosen = set(data.getlist(name))
        rows = tuple((value, str(text), value in chosen) for value, text in choices.items())
        filters.append(Filter(name, label, rows))
    return Builder(tuple(filters), {bank.slug: bank.pk for bank in banks}, pool)


def _query(data: QueryDict) -> str:
    """The choices as a query string, without what is no choice."""
    kept: Any = data.copy()
    for name in list(kept):
        if name not in {*FILTERS, "count", "minutes"}:
            del kept[name]
    return str(kept.urlencode())
