"""Reports from learners: sent, merged, read without names, closed, and told back."""

from uuid import uuid4

import pytest
from django.urls import reverse

from outbox.models import OutgoingMail
from practice.services import start_attempt
from safety.rate_limits import QUESTION_REPORT
from studio.models import AuditEntry, QuestionReport, QuestionReporter
from studio.services.reports import report_question
from studio.tests.conftest import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.pages]

WORDS = "The RFC says 301."


@pytest.fixture
def attempt(owner, test_bank, at):
    return start_attempt(learner=owner, test_bank=test_bank, at=at)


@pytest.fixture
def page(attempt):
    """The address of the owner's report of the first question."""
    return reverse("reports:report", args=[attempt.pk, 1])


@pytest.fixture
def reported(test_bank, place, at):
    """A factory of reports of the first question by a learner."""

    def reported(learner, reason="key", words=WORDS):
        return report_question(
            learner=learner,
            test_bank=test_bank,
            version=place.question.current,
            reason=reason,
            words=words,
            language="en",
            at=at,
        )

    return reported


# Learners


def test_report_is_stored_with_its_words(client, owner, page, attempt):
    client.force_login(owner)
    response = client.post(page, {"reason": "key", "words": f" {WORDS}\n"})
    assert response["Location"] == reverse("practice:question", args=[attempt.pk, 1])
    reporter = QuestionReporter.objects.select_related("report").get()
    assert (reporter.learner, reporter.words) == (owner, WORDS)
    assert (reporter.report.reason, reporter.report.reporter_count) == ("key", 1)


def test_stranger_signs_in_first_and_other_learner_finds_nothing(client, other_learner, page):
    assert client.get(page)["Location"].startswith("/accounts/login/")
    client.force_login(other_learner)
    assert client.get(page).status_code == 404
    assert client.post(page, {"reason": "key"}).status_code == 404
    assert not QuestionReport.objects.exists()


@pytest.mark.parametrize("position", [0, 6])
def test_position_that_the_session_does_not_have_is_not_found(client, owner, attempt, position):
    client.force_login(owner)
    assert client.get(reverse("reports:report", args=[attempt.pk, position])).status_code == 404


def test_report_without_a_reason_stays_in_the_form(client, owner, page):
    client.force_login(owner)
    response = client.post(page, {"words": WORDS})
    assert response.status_code == 422
    assert WORDS in response.text
    assert not QuestionReport.objects.exists()


def test_sample_can_be_reported_with_an_account(client, learner, test_bank):
    address = reverse("reports:report_sample", args=["git", 1])
    assert client.get(address)["Location"].startswith("/accounts/login/")
    client.force_login(learner)
    response = client.post(address, {"reason": "typo"})
    assert response["Location"] == reverse("catalog:sample", args=["git", 1])
    assert QuestionReport.objects.get().reason == "typo"


@pytest.mark.parametrize("number", [0, 4, 10**30])
def test_question_that_is_no_sample_is_not_found(client, learner, test_bank, number):
    client.force_login(learner)
    assert client.get(reverse("reports:report_sample", args=["git", number])).status_code == 404


def test_reports_are_limited(client, owner, page):
    client.force_login(owner)
    for _number in range(QUESTION_REPORT.limit):
        client.post(page, {"reason": "key"})
    assert client.post(page, {"reason": "typo"}).status_code == 429
    assert QuestionReport.objects.count() == 1


def test_doubles_are_merged(reported, owner, learner):
    reported(owner)
    reported(owner, words="Other words")
    report = reported(learner)
    report.refresh_from_db()
    assert report.reporter_count == 2
    words = report.reporters.order_by("pk").values_list("words", flat=True)
    assert list(words) == ["Other words", WORDS]


def test_another_reason_is_another_report(reported, owner):
    assert reported(owner) != reported(owner, reason="typo")


def test_links_stand_at_question_result_and_sample(client, owner, attempt, page, at):
    client.force_login(owner)
    text = client.get(reverse("practice:question", args=[attempt.pk, 1])).text
    assert f'href="{page}"' in text
    client.post(reverse("practice:question", args=[attempt.pk, 1]), {"choice": "c"})
    assert f'href="{page}"' in client.get(reverse("practice:question", args=[attempt.pk, 1])).text
    assert f'href="{page}"' in client.get(reverse("practice:result", args=[attempt.pk])).text
    sample = client.get(reverse("catalog:sample", args=["git", 1])).text
    assert reverse("reports:report_sample", args=["git", 1]) in sample


def test_own_reports_are_listed_with_state_and_reply(client, owner, reported, desk):
    report = reported(owner)
    desk.post(
        reverse("studio:report", args=["git", report.pk]), {"state": "fixed", "reply": "Right!"}
    )
    client.force_login(owner)
    text = client.get(reverse("reports:mine")).text
    assert "Fixed" in text
    assert "Right!" in text


def test_reports_of_others_are_not_listed(client, learner, owner, reported):
    reported(owner)
    client.force_login(learner)
    assert "No reports yet" in client.get(reverse("reports:mine")).text


@pytest.mark.parametrize("count", [1, 3])
def test_own_reports_take_the_same_statements(
    client, owner, reported, django_assert_num_queries, count
):
    for reason in ("key", "typo", "unclear")[:count]:
        reported(owner, reason=reason)
    client.force_login(owner)
    with django_assert_num_queries(4):
        client.get(reverse("reports:mine"))


# The inbox


def test_inbox_counts_and_lists_without_names(desk, reported, owner, learner):
    report = reported(owner)
    reported(learner)
    text = desk.get(reverse("studio:reports", args=["git"])).text
    assert reverse("studio:report", args=["git", report.pk]) in text
    assert '<span class="table__more">Version 1</span>' in text
    text += desk.get(reverse("studio:report", args=["git", report.pk])).text
    assert WORDS in text
    assert "2 learners reported this" in text
    assert owner.email not in text.replace("<wbr>", "")
    assert "1 report" in desk.get(reverse("studio:home")).text


@pytest.mark.parametrize("count", [1, 3])
def test_inbox_takes_the_same_statements(desk, reported, owner, django_assert_num_queries, count):
    for reason in ("key", "typo", "unclear")[:count]:
        reported(owner, reason=reason)
    with django_assert_num_queries(9):
        desk.get(reverse("studio:reports", args=["git"]))


def test_closing_mails_every_reporter_once(desk, reported, owner, learner):
    report = reported(owner)
    reported(learner)
    address = reverse("studio:report", args=["git", report.pk])
    for _time in range(2):
        desk.post(address, {"state": "unchanged", "reply": "See the RFC."})
    report.refresh_from_db()
    assert (report.state, report.reply) == ("unchanged", "See the RFC.")
    mails = OutgoingMail.objects.order_by("recipient").values_list("recipient", flat=True)
    assert list(mails) == [learner.email, owner.email]
    assert AuditEntry.objects.filter(kind="report_closed").count() == 1


def test_closed_report_is_opened_anew_by_the_next_reporter(desk, reported, owner, learner):
    report = reported(owner)
    desk.post(reverse("studio:report", args=["git", report.pk]), {"state": "unchanged"})
    assert reported(learner) != report
    assert QuestionReport.objects.filter(state="open").count() == 1


def test_author_reads_reports_and_does_not_close_them(author, reported, owner):
    address = reverse("studio:report", args=["git", reported(owner).pk])
    client = sign_in(author)
    assert client.get(address).status_code == 200
    assert client.post(address, {"state": "fixed"}).status_code == 403
    assert QuestionReport.objects.get().state == "open"


def test_report_of_another_bank_is_not_found(desk, make_bank, reported, owner):
    make_bank("other")
    report = reported(owner)
    assert desk.get(reverse("studio:report", args=["other", report.pk])).status_code == 404
    assert desk.get(reverse("studio:report", args=["git", uuid4()])).status_code == 404
