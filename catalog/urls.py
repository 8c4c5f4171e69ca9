"""Addresses of the shop's shelves."""

from django.urls import path

from catalog import views

app_name = "catalog"

urlpatterns = [
    path("", views.test_bank_list, name="list"),
    path("banks/<slug:slug>/", views.test_bank_detail, name="detail"),
    path("banks/<slug:slug>/cover.svg", views.cover, name="cover"),
    path("banks/<slug:slug>/sample/<int:number>/", views.sample_question, name="sample"),
    path("my-banks/", views.my_banks, name="my_banks"),
]
