from django.urls import path

from practice.views import ending, progress, question, results, starting

app_name = "practice"

urlpatterns = [
    path("", progress.home, name="home"),
    path("progress/", progress.progress, name="progress"),
    path("start/<slug:slug>/", starting.start, name="start"),
    path("exam/<slug:slug>/", starting.exam, name="exam"),
    path("exam/<slug:slug>/start/", starting.begin_exam, name="begin_exam"),
    path("ten/", starting.ten_questions, name="ten"),
    path("ten/<slug:slug>/", starting.ten_questions, name="ten_of"),
    path("mistakes/", starting.mistakes, name="mistakes"),
    path("mistakes/<slug:slug>/", starting.mistakes, name="mistakes_of"),
    path("<uuid:attempt_id>/", results.result, name="result"),
    path("<uuid:attempt_id>/<int:position>/", question.question, name="question"),
    path("<uuid:attempt_id>/continue/", ending.go_on, name="continue"),
    path("<uuid:attempt_id>/finish/", ending.finish, name="finish"),
    path("<uuid:attempt_id>/pause/", ending.pause, name="pause"),
    path("<uuid:attempt_id>/resume/", ending.resume, name="resume"),
    path("<uuid:attempt_id>/discard/", ending.discard, name="discard"),
    path("<uuid:attempt_id>/retake/", starting.take_again, name="retake"),
]
