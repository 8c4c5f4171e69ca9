"""Well-known addresses. Source: RFC 8615."""

from django.urls import path

from safety import views

urlpatterns = [
    path("security.txt", views.security_txt, name="security_txt"),
    path("change-password", views.change_password, name="well_known_change_password"),
]
