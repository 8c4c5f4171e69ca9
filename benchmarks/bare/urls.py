"""The bare site's addresses."""

from django.urls import path

from benchmarks.bare import views

urlpatterns = [
    path("detail/<slug:slug>/", views.detail),
    path("list/", views.listing),
    path("search/", views.search),
    path("answer/<uuid:attempt>/<int:position>/", views.answer),
    path("webhook/", views.webhook),
]
