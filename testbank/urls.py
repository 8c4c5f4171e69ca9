"""The addresses of the site, a room a line."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from django.views.i18n import set_language

from backoffice.dispute_evidence import evidence
from testbank import error_pages, health

urlpatterns = [
    path("healthz", health.alive),
    path("readyz", health.ready),
    path("accounts/", include("allauth.urls")),
    # Without a token: it changes only how pages are written, and stands on pages of strangers,
    # who get no cookie for looking.
    path("language/", csrf_exempt(set_language), name="set_language"),
    path("payments/", include("payments.urls")),
    path("questions/", include("questions.urls")),
    path("practice/", include("practice.urls")),
    path("evidence/<int:dispute_id>/", evidence, name="dispute_evidence"),
    # Before the admin, whose last pattern takes every address below its own.
    path("", include("operations.urls")),
    path("admin/", admin.site.urls),
]

if settings.DEMO:
    urlpatterns += [
        path("demo/", include("demo.urls")),
        path("demo/pages/<slug:name>/", error_pages.error_page, name="error_page"),
    ]

# At the end: with nothing before its many addresses, each would be tried for the others.
urlpatterns += [path("", include("catalog.urls"))]
