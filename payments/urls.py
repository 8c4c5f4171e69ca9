"""Addresses of purchases."""

from django.urls import path

from payments.views import orders as order_views

from payments.views import checkout as views

app_name = "payments"

urlpatterns = [
    path("checkout/<slug:slug>/", views.checkout, name="checkout"),
    path("remind/<slug:slug>/", views.remind, name="remind"),
    path("success/<uuid:order_id>/", order_views.success, name="success"),
    path("cancelled/<uuid:order_id>/", views.cancelled, name="cancelled"),
    path("orders/", order_views.orders, name="orders"),
    path("orders/<uuid:order_id>/check/", order_views.check, name="check"),
    path("orders/<uuid:order_id>/receipt/", order_views.receipt, name="receipt"),
    path("orders/<uuid:order_id>/resend/", order_views.resend, name="resend"),
    path("webhook/", views.webhook, name="webhook"),
]
