"""URLs for operators."""

from django.contrib import admin
from django.urls import path

from operations import payment_health
from operations.metrics import metrics

app_name = "operations"

staff = admin.site.admin_view
urlpatterns = [
    path("metrics", metrics, name="metrics"),
    path("admin/payment-health/", staff(payment_health.payment_health), name="payment_health"),
    path(
        "admin/payment-health/look/", staff(payment_health.start_check), name="start_network_check"
    ),
    path(
        "admin/payment-health/replay/<slug:event_id>/",
        staff(payment_health.replay),
        name="replay_event",
    ),
    path(
        "admin/payment-health/aside/<slug:event_id>/",
        staff(payment_health.dismiss),
        name="dismiss_event",
    ),
]
