from django.urls import path

from demo import views

app_name = "demo"

urlpatterns = [
    path("mails/", views.mailbox, name="mailbox"),
    path("mails/<str:name>/", views.designed_mail, name="designed_mail"),
]
