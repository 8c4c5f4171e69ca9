"""Addresses of purchases."""

from django.urls import path

from payments import views

app_name = "payments"

urlpatterns = [
    path("checkout/<slug:slug>/", views.checkout, name="checkout"),
    path("remind/<slug:slug>/", views.remind, name="remind"),
    path("success/<uuid:order_id>/", views.success, name="success"),
    path("cancelled/<uuid:order_id>/", views.cancelled, name="cancelled"),
    path("orders/", views.orders, name="orders"),
    path("webhook/", views.webhook, name="webhook"),
]
