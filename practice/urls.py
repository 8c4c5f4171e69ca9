from django.urls import path

from practice.views import (
    building,
    ending,
    history,
    progress,
    question,
    results,
    samples,
    settings,
    starting,
    tools,
)

app_name = "practice"

urlpatterns = [
    path("", progress.home, name="home"),
    path("progress/", progress.progress, name="progress"),
    path("start/<slug:slug>/", starting.start, name="start"),
    path("exam/<slug:slug>/", starting.exam, name="exam"),
    path("exam/<slug:slug>/start/", starting.begin_exam, name="begin_exam"),
    path("samples/<slug:slug>/", samples.samples, name="samples"),
    path("ten/", starting.ten_questions, name="ten"),
    path("ten/<slug:slug>/", starting.ten_questions, name="ten_of"),
    path("mistakes/", starting.mistakes, name="mistakes"),
    path("mistakes/<slug:slug>/", starting.mistakes, name="mistakes_of"),
    path("new/", building.build, name="new"),
    path("new/start/", building.start, name="start_own"),
    path("new/presets/", building.save_preset, name="save_preset"),
    path("new/presets/<int:preset_id>/delete/", building.delete_preset, name="delete_preset"),
    path("settings/", settings.preferences, name="settings"),
    path("history/", history.history, name="history"),
    path("history/sessions.csv", history.history_file, name="history_file"),
    path("history/answers.csv", history.answers_file, name="answers_file"),
    path("history/<slug:slug>/", history.history, name="history_of"),
    path("history/<slug:slug>/reset/", history.reset_page, name="reset"),
    path("history/<slug:slug>/reset/now/", history.reset, name="reset_now"),
    path("<uuid:attempt_id>/", results.result, name="result"),
    path("<uuid:attempt_id>/<int:position>/", question.question, name="question"),
    path("<uuid:attempt_id>/continue/", ending.go_on, name="continue"),
    path("<uuid:attempt_id>/<int:position>/note/", tools.note, name="note"),
    path("<uuid:attempt_id>/finish/", ending.finish, name="finish"),
    path("<uuid:attempt_id>/pause/", ending.pause, name="pause"),
    path("<uuid:attempt_id>/resume/", ending.resume, name="resume"),
    path("<uuid:attempt_id>/discard/", ending.discard, name="discard"),
    path("<uuid:attempt_id>/retake/", starting.take_again, name="retake"),
]
