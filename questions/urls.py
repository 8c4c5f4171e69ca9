"""Addresses of what belongs to questions."""

from django.urls import re_path

from questions import views
from questions.images import NAME

app_name = "questions"

urlpatterns = [re_path(rf"^images/(?P<name>{NAME})\Z", views.image, name="image")]
