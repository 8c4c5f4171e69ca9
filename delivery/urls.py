from django.urls import path

from delivery import views

app_name = "delivery"

urlpatterns = [
    path("mails/", views.mailbox, name="mailbox"),
    path("mails/<str:name>/", views.designed_mail, name="designed_mail"),
]
