"""The site's URLs: those of each app are in its `urls.py`."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import RedirectView
from django.views.i18n import set_language

from backoffice.dispute_evidence import evidence
from practice.views import pictures
from questions.images import NAME
from testbank import error_pages, health, web_app

PICTURE = rf"^images/(?P<name>{NAME})\Z"
handler429 = "safety.rate_limits.account_limit_reached"

urlpatterns = [
    path("healthz", health.alive),
    path("readyz", health.ready),
    path(".well-known/", include("safety.urls")),
    path("sw.js", web_app.service_worker, name="service_worker"),
    path("manifest.webmanifest", web_app.manifest, name="manifest"),
    path("accounts/", include("accounts.urls")),
    path("accounts/", include("allauth.urls")),
    # No CSRF token: the form only sets the language, and cached pages for anonymous visitors,
    # who get no cookie, contain it.
    path("language/", csrf_exempt(set_language), name="set_language"),
    path("payments/", include("payments.urls")),
    path("questions/", include([re_path(PICTURE, pictures.picture, name="question_picture")])),
    path("practice/", include("practice.urls")),
    path("studio/", include("studio.urls")),
    path("reports/", include("studio.learner_urls")),
    # The address of the quality check before it moved to the studio.
    path(
        "staff/editor/<slug:slug>/",
        RedirectView.as_view(pattern_name="studio:quality", permanent=True),
    ),
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

if settings.EMAIL_PROVIDER_URL:
    urlpatterns += [path("mail-events/", include("anymail.urls"))]

# Last, because it has no prefix: Django would try its many patterns before those of other apps.
urlpatterns += [path("", include("catalog.urls"))]
