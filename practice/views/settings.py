"""What a learner sets once for all sessions: extra time, breaks, and the time zone."""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from catalog.http import SeeOther
from practice.models import Preferences
from practice.services import preferences_of, save_preferences
from practice.services.preferences import Wishes, time_zones, zone_of
from practice.views.attempts import learner_of


class PreferencesForm(forms.ModelForm):  # type: ignore[type-arg] # generic in the stubs only
    """Extra time, breaks, and the time zone."""

    class Meta:
        model = Preferences
        fields = ("extra_time", "pauses_exams", "time_zone")

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        zones = [(name, name.replace("_", " ")) for name in time_zones()]
        self.fields["time_zone"] = forms.ChoiceField(
            label=_("Time zone"),
            required=False,
            choices=[("", _("The site's time zone")), *zones],
            help_text=_("Used for times and weekly results in your history."),
        )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """Show and save the preferences; running sessions follow at once."""
    learner = learner_of(request)
    stored = preferences_of(learner)
    form = PreferencesForm(request.POST or None, instance=stored)
    if request.method == "POST" and form.is_valid():
        save_preferences(learner=learner, wishes=Wishes(**form.cleaned_data), at=timezone.now())
        messages.success(request, _("Settings saved."))
        return SeeOther(request.path)
    context = {"form": form, "zone": zone_of(stored), "now": timezone.now()}
    return render(request, "practice/preferences.html", context)
