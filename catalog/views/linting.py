"""An editor's review of a bank's questions, for the people who sell it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.staff import staff_with
from catalog.importing.linting import exam_warnings, lint_bank
from catalog.models import TestBank
from questions.linting.statistics import figures_of

MOST_FINDINGS = 200


@staff_with("catalog.view_bankquestion")
@require_safe
def editors_view(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the quality report of a bank's questions."""
    test_bank = get_object_or_404(TestBank, slug=slug)
    linted = lint_bank(test_bank)
    public_ids = dict(test_bank.bank_questions.values_list("position", "question__public_id"))
    context = {
        "test_bank": test_bank,
        "tab": "quality",
        "rows": [
            {"finding": finding, "public_id": public_ids[finding.line]}
            for finding in linted.findings[:MOST_FINDINGS]
        ],
        "more": max(len(linted.findings) - MOST_FINDINGS, 0),
        "exam_warnings": exam_warnings(test_bank),
        "figures": figures_of(linted.questions),
    }
    return render(request, "catalog/editors_view.html", context)
