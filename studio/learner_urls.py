"""Addresses of reports for learners."""

from django.urls import path

from studio.views import learner_reports

app_name = "reports"

urlpatterns = [
    path("", learner_reports.mine, name="mine"),
    path("<uuid:attempt_id>/<int:position>/", learner_reports.report_answered, name="report"),
    path("<slug:slug>/<int:number>/", learner_reports.report_sample, name="report_sample"),
]
