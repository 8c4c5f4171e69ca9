"""URLs that end with the number of statements that read a row, and of those that insert one."""

from django.urls import path

from benchmarks.bare import default_views

urlpatterns = [
    path("page/<slug:slug>/<int:reads>/", default_views.page),
    path("answer/<slug:slug>/<int:reads>/<int:inserts>/", default_views.answer),
    path("webhook/<slug:slug>/<int:reads>/<int:inserts>/", default_views.webhook),
]
