"""The addresses of the site, a room a line."""

from django.conf import settings
from django.urls import include, path

from testbank import health

urlpatterns = [
    path("healthz", health.alive),
    path("readyz", health.ready),
    path("", include("catalog.urls")),
    path("accounts/", include("allauth.urls")),
    path("payments/", include("payments.urls")),
    path("practice/", include("practice.urls")),
]

if settings.DEMO:
    urlpatterns.append(path("demo/", include("delivery.urls")))
