"""Addresses of accounts that allauth does not have. Included before allauth's."""

from django.urls import path

from accounts import views

urlpatterns = [
    path("freeze/<str:token>/", views.freeze, name="freeze_account"),
    path("confirm-email/", views.confirm_email, name="account_email_verification_sent"),
    path("frozen/", views.frozen, name="account_frozen"),
]
