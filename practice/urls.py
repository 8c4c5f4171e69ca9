from django.urls import path

from practice import views

app_name = "practice"

urlpatterns = [
    path("progress/", views.progress, name="progress"),
    path("start/<slug:slug>/", views.start, name="start"),
    path("<uuid:attempt_id>/", views.result, name="result"),
    path("<uuid:attempt_id>/<int:position>/", views.question, name="question"),
    path("<uuid:attempt_id>/finish/", views.finish, name="finish"),
]
