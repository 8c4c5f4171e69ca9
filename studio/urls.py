"""Addresses of the desk."""

from django.urls import path

from studio.views import (
    access,
    banks,
    editor,
    home,
    imports,
    quality,
    questions,
    regrading,
    reports,
    reviews,
    sales,
    statistics,
)

app_name = "studio"

urlpatterns = [
    path("", home.home, name="home"),
    path("sales/", sales.sales, name="sales"),
    path("sales/sales.csv", sales.sales_file, name="sales_file"),
    path("sales/visits.csv", sales.visits_file, name="visits_file"),
    path("access/", access.accesses, name="accesses"),
    path("access/grant/", access.grant, name="grant"),
    path("access/<uuid:public_id>/", access.change, name="access"),
    path("audit-log/", access.audit_log, name="audit_log"),
    path("review/", reviews.queue, name="review_queue"),
    path("new-bank/", banks.new_bank, name="new_bank"),
    path("banks/<slug:slug>/", banks.bank, name="bank"),
    path("banks/<slug:slug>/settings/", banks.settings, name="settings"),
    path("banks/<slug:slug>/cover/<int:number>.svg", banks.cover, name="cover"),
    path("banks/<slug:slug>/publish/", banks.publish, name="publish"),
    path("banks/<slug:slug>/unpublish/", banks.unpublish, name="unpublish"),
    path("banks/<slug:slug>/questions/", questions.questions, name="questions"),
    path("banks/<slug:slug>/questions/edit/", questions.edit_questions, name="edit_questions"),
    path("banks/<slug:slug>/questions/undo/<int:edit_id>/", questions.undo, name="undo_edit"),
    path("banks/<slug:slug>/questions/new/<slug:kind>/", editor.new_question, name="new_question"),
    path("banks/<slug:slug>/questions/<uuid:public_id>/", editor.question, name="question"),
    path(
        "banks/<slug:slug>/questions/<uuid:public_id>/versions/", editor.versions, name="versions"
    ),
    path(
        "banks/<slug:slug>/questions/<uuid:public_id>/versions/<int:number>/restore/",
        editor.restore,
        name="restore",
    ),
    path(
        "banks/<slug:slug>/questions/<uuid:public_id>/regrade/", regrading.regrade, name="regrade"
    ),
    path("banks/<slug:slug>/questions/<uuid:public_id>/step/", reviews.step, name="review_step"),
    path("banks/<slug:slug>/reports/", reports.reports, name="reports"),
    path("banks/<slug:slug>/reports/<uuid:report_id>/", reports.report, name="report"),
    path("banks/<slug:slug>/imports/", imports.imports, name="imports"),
    path("banks/<slug:slug>/imports/<uuid:import_id>/", imports.one_import, name="import"),
    path("banks/<slug:slug>/imports/<uuid:import_id>/accept/", imports.accept, name="accept"),
    path("banks/<slug:slug>/imports/<uuid:import_id>/discard/", imports.discard, name="discard"),
    path("banks/<slug:slug>/imports/<uuid:import_id>/undo/", imports.undo, name="undo_import"),
    path("banks/<slug:slug>/export/<slug:format_name>/", imports.export, name="export"),
    path("banks/<slug:slug>/statistics/", statistics.statistics, name="statistics"),
    path("banks/<slug:slug>/quality/", quality.quality, name="quality"),
    path("banks/<slug:slug>/as-learner/", editor.as_learner, name="as_learner"),
    path("banks/<slug:slug>/preview/<slug:kind>/", editor.preview, name="preview"),
    path("banks/<slug:slug>/draft/<slug:kind>/", editor.draft, name="draft"),
    path("banks/<slug:slug>/pictures/", editor.picture, name="picture"),
    path("banks/<slug:slug>/roles/", banks.add_role, name="add_role"),
    path("banks/<slug:slug>/roles/<int:role_id>/remove/", banks.delete_role, name="delete_role"),
]
