"""The quality check of a bank: what its questions could do better, and figures of them."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from catalog.importing.linting import exam_warnings, lint_bank
from catalog.models import TestBank
from questions.linting.statistics import figures_of
from studio.permissions import PUBLISH_QUESTIONS, VIEW_BANK, bank_page, may, user_of

MOST_FINDINGS = 200


@bank_page(VIEW_BANK)
@require_safe
def quality(request: HttpRequest, test_bank: TestBank) -> HttpResponse:
    """Show the quality report of a bank's questions."""
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
        "may_import": may(user_of(request), PUBLISH_QUESTIONS, test_bank),
    }
    return render(request, "studio/quality.html", context)
