"""The journal in a real browser: the network is cut, the server refuses, people come and go."""

import os
import re
from datetime import timedelta
from io import BytesIO

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings as site_settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image
from playwright.sync_api import expect

from catalog.models import BankQuestion
from practice.models import Answer, Attempt, UncountedAnswer
from practice.services import finish_attempt, start_attempt
from practice.tests.conftest import stored_answer
from practice.tests.journal_browser import (
    answers_on_server,
    new_device,
)
from practice.tests.test_kinds import GIFT
from questions.formats.gift import read_gift
from questions.images import FOLDER, name_of
from questions.items import ASKABLE, Choice, SingleChoice, Text
from questions.models import QuestionVersion
from questions.services import store_items, store_next_versions
from testing.browser import running_browser
from testing.cable import cable_to

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("journal"),
]

ON_DEVICE, SAVED = "Saved on this device", "Saved"
PATIENCE_MS = 30_000
# Each handle of IndexedDB refuses its first transaction, as WebKit's do after a while.
DEAD_HANDLES = """
const transaction = IDBDatabase.prototype.transaction;
const used = new WeakSet();
globalThis.reopened = 0;
IDBDatabase.prototype.transaction = function (...rest) {
  if (!used.has(this)) {
    used.add(this);
    globalThis.reopened += 1;
    throw new DOMException("Connection is closing", "UnknownError");
  }
  return transaction.apply(this, rest);
};
"""
FULL_DISK = """
const full = () => { throw new DOMException("The disk is full", "QuotaExceededError"); };
IDBObjectStore.prototype.put = full;
Storage.prototype.setItem = full;
"""
# At the last moment: no event of the input is heard before the page says that the time is up.
CHOOSE_WHEN_TIME_IS_UP = """
addEventListener("timeup", () => (document.querySelector("input[value=b]").checked = true));
"""
EIGHT_DAYS_OLD = """
new Promise((done) => (indexedDB.open("testbank-journal").onsuccess = ({ target: { result } }) => {
  const store = result.transaction("entries", "readwrite").objectStore("entries");
  store.getAll().onsuccess = ({ target }) => {
    for (const entry of target.result) store.put({ ...entry, at: entry.at - 8 * 86_400_000 });
    store.transaction.oncomplete = () => (result.close(), done());
  };
}))
"""

# Keeps a transaction open, so that no other can write.
BUSY_DATABASE = """
new Promise((started) => (indexedDB.open("testbank-journal").onsuccess = ({ target: { result } }) => {
  const store = result.transaction("entries", "readwrite").objectStore("entries");
  const again = () => { started(); store.count().onsuccess = again; };
  again();
}))
"""
NO_STORAGE = """
const denied = { get: () => { throw new DOMException("Denied", "SecurityError"); } };
for (const name of ["localStorage", "indexedDB"]) Object.defineProperty(globalThis, name, denied);
"""
NO_CHANNEL = "delete globalThis.BroadcastChannel; delete Navigator.prototype.locks;"
CLOCK_THAT_JUMPS = """
const now = Date.now;
globalThis.ahead = 0;
Date.now = () => now() + ahead;
"""
A_CENTURY_MS = 100 * 365 * 86_400_000
# An entry that the server refuses to read, older than all others of the session.
UNREADABLE_ENTRY = """
(url) => localStorage.setItem("journal:bad", JSON.stringify({
  id: "bad", user: journal.user, url, client_id: "bad", sequence: 1, position: 1, fields: [], at: Date.now(),
}))
"""
LONG_ANSWERS = """
(url) => {
  for (let number = 0; number < 50; number += 1)
    journal.record({ url, position: 1, fields: [["text", "\u0639".repeat(700)]], isUnsure: false, seconds: 1 });
}
"""

# Before the scripts of the page have loaded.
ANSWER_AT_ONCE = """
new MutationObserver((_changes, observer) => {
  const choice = document.querySelector(".choices input[value=c]");
  if (!choice) return;
  observer.disconnect();
  choice.click();
  choice.form.requestSubmit();
}).observe(document, { childList: true, subtree: true });
"""

SUBMIT_AT_ONCE = """
addEventListener("DOMContentLoaded", () => document.querySelector("[data-session] form[method=post]")?.requestSubmit());
"""
CHOOSE_AND_COUNT = """
(input) => { input.click(); return Object.keys(localStorage).filter((key) => key.startsWith("journal:")).length; }
"""
SECONDS_TO_SAVE = """
(input) => new Promise((done) => {
  const began = performance.now();
  journal.events.addEventListener("change", ({ detail }) => {
    if (detail.status === "saved") done((performance.now() - began) / 1000);
  });
  input.click();
})
"""


@pytest.fixture
def browser():
    """One for each test, which ends with its contexts.

    Closing a context while a page or its service worker starts can wait for ever.
    """
    # Playwright's loop runs in this thread, which Django takes for an asynchronous one.
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        with running_browser() as browser:
            yield browser


@pytest.fixture
def cable(live_server):
    with cable_to(live_server.thread.port) as cable:
        yield cable


@pytest.fixture
def device_of(browser, cable):
    """A factory of browser profiles in which a user is signed in."""

    def make(user=None, **options):
        session = ""
        if user:
            client = Client()
            client.force_login(user)
            session = client.cookies[site_settings.SESSION_COOKIE_NAME].value
        return new_device(browser, cable, session, **options)

    return make


@pytest.fixture
def attempt(owner, test_bank):
    """The owner's session of practice that has just begun."""
    return start_attempt(learner=owner, test_bank=test_bank, at=timezone.now())


@pytest.fixture
def exam(attempt):
    """The session as an exam of an hour."""
    attempt.mode = Attempt.Mode.EXAM
    attempt.deadline_at = attempt.started_at + timedelta(hours=1)
    attempt.save(update_fields=["mode", "deadline_at"])
    return attempt


@pytest.fixture
def device(device_of, owner):
    return device_of(owner)


def path(attempt, position=1):
    return reverse("practice:question", args=[attempt.pk, position])


def statuses(device, *codes):
    """Let the server answer with these statuses, one after the other, and then as ever."""
    left = list(codes)

    def answer(route):
        if route.request.method == "POST" and left:
            route.fulfill(status=left.pop(0), content_type="application/json", body="{}")
        else:
            route.continue_()

    device.page.route("**/answers/", answer)
    return left


def test_exam_goes_on_offline_and_survives_a_reload(device, exam):
    device.open(path(exam))
    device.wait_for_worker()
    device.wait_for_questions(5)
    device.cable.cut()
    device.choose("b")
    device.says(ON_DEVICE)
    device.press("Save and continue")
    device.page.wait_for_url(f"**{path(exam, 2)}")
    device.choose("c")
    device.says(ON_DEVICE)
    device.page.reload()
    expect(device.page.locator("input[value=c]")).to_be_checked()
    assert answers_on_server() == []
    device.cable.mend()
    device.wait_for_answers([(1, "b"), (2, "c")])


def test_answer_is_on_the_device_when_its_click_returns_and_soon_on_the_server(device, exam):
    device.open(path(exam))
    choices = [device.page.locator(f"input[value={letter}]") for letter in "abcd"]
    assert choices[0].evaluate(CHOOSE_AND_COUNT) == 1
    device.says(SAVED)
    # The best of three: the machine of a test may be busy.
    assert min(choice.evaluate(SECONDS_TO_SAVE) for choice in choices[1:]) < 1


@pytest.mark.proof
def test_offline_mode_of_the_browser_loses_nothing(device, exam):
    device.open(path(exam))
    device.context.set_offline(True)
    device.choose("b")
    device.says(ON_DEVICE)
    device.choose("c")
    device.says(ON_DEVICE)
    device.context.set_offline(False)
    device.says(SAVED)
    assert answers_on_server() == [(1, "c")]


@pytest.mark.proof
def test_answer_before_the_scripts_have_loaded_is_recorded_offline(device, exam):
    device.open(path(exam))
    device.wait_for_worker()
    device.wait_for_questions(5)
    device.cable.cut()
    device.page.add_init_script(ANSWER_AT_ONCE)
    device.open(path(exam, 2))
    device.says(ON_DEVICE)
    device.cable.mend()
    device.wait_for_answers([(2, "c")])


@pytest.mark.proof
def test_practice_offline_shows_the_result_after_reconnecting(device, attempt):
    device.open(path(attempt))
    device.wait_for_worker()
    device.wait_for_questions(5)
    device.cable.cut()
    device.choose("b")
    device.press("Check answer")
    device.notices("You will see the result when you are back online")
    device.press("Next question")
    device.page.wait_for_url(f"**{path(attempt, 2)}")
    device.choose("c")
    device.press("Check answer")
    device.notices("You will see the result when you are back online")
    device.cable.mend()
    device.page.get_by_text("Incorrect").first.wait_for(timeout=PATIENCE_MS)
    assert answers_on_server() == [(1, "b"), (2, "c")]


@pytest.mark.parametrize(
    "codes", [[500, 503], pytest.param([403, 401, 409, 429], marks=pytest.mark.proof)]
)
def test_refused_answers_arrive_once(device, exam, codes):
    left = statuses(device, *codes)
    device.open(path(exam))
    device.choose("b")
    device.says(ON_DEVICE)
    device.says(SAVED)
    assert (left, answers_on_server(), device.unsent()) == ([], [(1, "b")], [])


@pytest.mark.proof
def test_answer_survives_six_errors_and_a_reload(device, exam):
    left = statuses(device, *[500] * 6)
    device.open(path(exam))
    device.choose("b")
    device.wait_for(lambda: len(left) < 5)
    device.page.reload()
    device.wait_for_answers([(1, "b")])
    assert left == []


@pytest.mark.proof
def test_session_survives_the_end_of_the_service_worker(device, exam):
    device.open(path(exam))
    device.wait_for_worker()
    device.wait_for_questions(5)
    protocol = device.context.new_cdp_session(device.page)
    protocol.send("ServiceWorker.enable")
    protocol.send("ServiceWorker.stopAllWorkers")
    device.cable.cut()
    device.choose("b")
    device.says(ON_DEVICE)
    device.page.reload()
    expect(device.page.locator("input[value=b]")).to_be_checked()
    device.cable.mend()
    device.wait_for_answers([(1, "b")])


@pytest.mark.proof
def test_silent_network_opens_the_next_question_from_the_device(device, exam):
    device.open(path(exam))
    device.wait_for_worker()
    device.wait_for_questions(5)
    device.cable.silence()
    device.choose("b")
    device.press("Save and continue")
    device.page.wait_for_url(f"**{path(exam, 2)}")
    device.choose("c")
    device.says(ON_DEVICE)
    device.cable.mend()
    device.wait_for_answers([(1, "b"), (2, "c")])


@pytest.mark.proof
def test_service_worker_lets_a_question_lead_to_the_sign_in(device, exam):
    device.open(path(exam))
    device.wait_for_worker()
    device.context.clear_cookies()
    device.open(path(exam, 2))
    assert "/accounts/login/" in device.page.url


@pytest.mark.proof
def test_response_that_never_comes_does_not_end_the_sending(device, exam):
    """Not even while the browser fetches a new CSRF token."""
    silent = ["GET"]

    def answer(route):
        if route.request.method in silent:
            silent.clear()
        elif silent:
            route.fulfill(status=403, content_type="application/json", body="{}")
        else:
            route.continue_()

    device.page.route("**/answers/", answer)
    device.open(path(exam))
    device.choose("b")
    device.wait_for_answers([(1, "b")])
    device.says(SAVED)


@pytest.mark.proof
def test_clock_that_is_set_holds_up_no_answer(device, exam):
    device.page.add_init_script(CLOCK_THAT_JUMPS)
    device.open(path(exam))
    for letter, ahead in (("b", -3_600_000), ("c", A_CENTURY_MS), ("d", 0)):
        device.page.evaluate(f"ahead = {ahead}")
        device.choose(letter)
        device.wait_for_answers([(1, letter)])
    device.says(SAVED)


@pytest.mark.proof
def test_clock_that_is_set_ahead_ends_no_exam(device, exam):
    device.page.add_init_script(CLOCK_THAT_JUMPS)
    device.open(path(exam))
    with device.page.expect_response(lambda response: "/finish/" in response.url) as asked:
        device.page.evaluate(f"ahead = {A_CENTURY_MS}")
    assert asked.value.status == 409
    expect(device.page.locator("[data-clock-face]")).to_have_text(re.compile("^59:|^1:00:00"))
    device.choose("c")
    device.wait_for_answers([(1, "c")])
    exam.refresh_from_db()
    assert not exam.is_finished


@pytest.mark.proof
def test_answer_from_before_the_clock_was_set_is_delivered(device, exam):
    """A device without a battery begins in 1970, and learns the time from the network."""
    left = statuses(device, 503, 503)
    device.page.add_init_script(CLOCK_THAT_JUMPS)
    device.open(path(exam))
    device.page.evaluate("ahead = -Date.now()")
    device.choose("b")
    device.page.evaluate("ahead = 0")
    device.says(SAVED)
    assert (left, answers_on_server()) == ([], [(1, "b")])


@pytest.mark.proof
def test_entry_that_no_server_reads_holds_up_no_other(device, exam):
    device.open(path(exam))
    device.page.evaluate(UNREADABLE_ENTRY, reverse("practice:answers", args=[exam.pk]))
    device.page.reload()
    device.choose("b")
    device.says(SAVED)
    assert (answers_on_server(), len(device.unsent())) == ([(1, "b")], 1)


@pytest.mark.proof
def test_session_that_fails_holds_up_no_other(device, exam, owner, make_bank):
    device.page.route(f"**/{exam.pk}/answers/", lambda route: route.fulfill(status=500))
    device.open(path(exam))
    device.choose("b")
    device.says(ON_DEVICE)
    device.open(path(session_of_every_kind(owner, make_bank)))
    device.page.locator(".choices input").first.check()
    device.press("Check answer")
    device.page.locator(".verdict").wait_for()


@pytest.mark.proof
def test_long_answers_in_arabic_are_sent(device, exam):
    """Browsers refuse to keep a request of more than 64 kB alive."""
    left = statuses(device, 503)
    device.open(path(exam))
    device.page.evaluate(LONG_ANSWERS, reverse("practice:answers", args=[exam.pk]))
    device.wait_for(lambda: device.page.evaluate("journal.waiting().length") == 0)
    assert left == []


def test_unsent_answer_is_shown_where_its_question_is_opened_again(device, exam):
    statuses(device, *[503] * 1000)
    device.open(path(exam))
    device.choose("b")
    device.says(ON_DEVICE)
    device.open(path(exam, 2))
    device.open(path(exam))
    device.says(ON_DEVICE)
    expect(device.page.locator("input[value=b]")).to_be_checked()
    device.page.unroute("**/answers/")
    device.says(SAVED)
    assert answers_on_server() == [(1, "b")]


@pytest.mark.proof
def test_unsent_answer_in_practice_is_not_asked_again(device, attempt):
    statuses(device, *[503] * 1000)
    device.open(path(attempt))
    device.choose("b")
    device.press("Check answer")
    device.says(ON_DEVICE)
    device.open(path(attempt))
    device.notices("You will see the result when you are back online")
    expect(device.page.locator("input[value=b]")).to_be_checked()
    expect(device.page.get_by_role("button", name="Check answer")).to_be_disabled()
    device.page.unroute("**/answers/")
    device.page.get_by_text("Correct", exact=True).first.wait_for()


@pytest.mark.proof
def test_exam_submitted_at_once_waits_for_unsent_answers(device, exam):
    statuses(device, *[503] * 1000)
    device.open(path(exam))
    device.choose("b")
    device.says(ON_DEVICE)
    device.page.unroute("**/answers/")
    device.page.add_init_script(SUBMIT_AT_ONCE)
    device.open(reverse("practice:finish", args=[exam.pk]))
    device.page.get_by_role("heading", name="Your results").wait_for()
    exam.refresh_from_db()
    assert (answers_on_server(), exam.points) == ([(1, "b")], 1)


@pytest.mark.proof
def test_kept_questions_are_topped_up(device, owner, make_bank):
    bank = make_bank("long", questions=45)
    owner.accesses.update(test_bank=bank)
    attempt = start_attempt(learner=owner, test_bank=bank, at=timezone.now())
    device.open(path(attempt))
    device.wait_for_questions(30)
    for position in range(1, 26):
        stored_answer(attempt, position)
    device.open(path(attempt, 26))
    device.wait_for_questions(20)


@pytest.mark.proof
def test_saved_is_not_said_of_a_newer_answer(device, exam):
    device.open(path(exam))
    device.choose("b")
    device.says(SAVED)
    statuses(device, *[503] * 1000)
    device.page.evaluate(BUSY_DATABASE)
    device.choose("c")
    device.page.wait_for_timeout(500)
    device.says("Saving…")


@pytest.mark.proof
@pytest.mark.parametrize("missing", [NO_STORAGE, NO_CHANNEL])
def test_browser_without_storage_or_channels_saves(device, exam, missing):
    device.page.add_init_script(missing)
    device.open(path(exam))
    device.choose("b")
    device.says(SAVED)
    device.press("Save and continue")
    device.page.wait_for_url(f"**{path(exam, 2)}")
    device.choose("c")
    device.says(SAVED)
    assert answers_on_server() == [(1, "b"), (2, "c")]


@pytest.mark.proof
def test_browser_is_asked_to_keep_what_it_stores(device, exam):
    device.page.add_init_script("navigator.storage.persist = async () => (globalThis.asked = true)")
    device.open(path(exam))
    assert device.page.evaluate("globalThis.asked") is None
    device.choose("b")
    device.wait_for(lambda: device.page.evaluate("globalThis.asked"))


@pytest.mark.proof
def test_question_images_display_offline(device, exam, test_bank):
    give_picture(exam, position=2)
    device.open(path(exam))
    device.wait_for_worker()
    device.wait_for_questions(5)
    device.cable.cut()
    device.open(path(exam, 2))
    width = "document.querySelector('.stem img')?.naturalWidth"
    device.wait_for(lambda: device.page.evaluate(width) == 3)


def give_picture(attempt, *, position):
    """Put a picture of three pixels into the question there. The browser has not seen it."""
    content = BytesIO()
    Image.new("RGB", (3, 1)).save(content, "PNG")
    name = name_of(content.getvalue())
    default_storage.save(f"{FOLDER}/{name}", ContentFile(content.getvalue()))
    text = Text(source="![A line](line.png)", markup="markdown", pictures=(("line.png", name),))
    version = QuestionVersion.objects.get(pk=attempt.version_ids[position - 1])
    [changed] = store_next_versions(
        changes=[(version.question, version.item.model_copy(update={"stem": text}))]
    )
    attempt.version_ids[position - 1] = changed.pk
    attempt.save(update_fields=["version_ids"])


@pytest.mark.proof
def test_second_tab_takes_over_with_a_notice(device, exam):
    device.open(path(exam))
    other = device.context.new_page()
    other.goto(device.base_url + path(exam, 2))
    device.notices("This session is open in another tab.")
    other.locator("input[value=c]").check()
    device.wait_for_answers([(2, "c")])
    device.press("Continue here")
    expect(device.page.locator("[data-journal-notice]")).to_be_hidden()


@pytest.mark.proof
def test_newest_answer_of_two_devices_counts(device, device_of, owner, exam):
    device.open(path(exam))
    device.choose("b")
    device.says(SAVED)
    second = device_of(owner)
    second.open(path(exam))
    expect(second.page.locator("input[value=b]")).to_be_checked()
    second.choose("c")
    second.says(SAVED)
    device.choose("d")
    device.notices("This session is also open on another device.")
    device.says(SAVED)
    assert answers_on_server() == [(1, "d")]


@pytest.mark.proof
def test_answers_to_a_session_ended_on_another_device_are_kept_and_shown(device, exam):
    device.open(path(exam))
    device.wait_for_worker()
    device.wait_for_questions(5)
    device.cable.cut()
    for position in range(1, 6):
        device.choose("b")
        device.says(ON_DEVICE)
        if position < 5:
            device.press("Save and continue")
            device.page.wait_for_url(f"**{path(exam, position + 1)}")
    finish_attempt(attempt=exam, at=timezone.now())
    device.cable.mend()
    device.notices("This session ended before this answer arrived.")
    device.press("View results")
    device.page.get_by_text("Answers that don't count").wait_for()
    expect(device.page.get_by_text("The session had already ended")).to_have_count(5)
    assert device.unsent() == []


@pytest.mark.proof
def test_question_corrected_meanwhile_is_graded_as_it_was_shown(device, attempt, test_bank):
    device.open(path(attempt))
    device.cable.cut()
    device.choose("b")
    device.press("Check answer")
    device.notices("You are offline")
    question = test_bank.bank_questions.select_related("question__current").get(
        question=attempt.question_ids[0]
    )
    choices = (
        Choice(id="b", text=Text(source="No"), weight=0),
        Choice(id="c", text=Text(source="Yes"), weight=100),
    )
    corrected = SingleChoice(stem=Text(source="Corrected?"), choices=choices)
    store_next_versions(changes=[(question.question, corrected)])
    device.cable.mend()
    device.page.get_by_text("Correct", exact=True).first.wait_for(timeout=PATIENCE_MS)
    assert Answer.objects.get(version__number=1).fraction == 1


def test_answer_given_at_once_before_submitting_counts(device, exam):
    device.open(path(exam, 5))
    device.page.locator("input[value=b]").check()
    device.press("Save and review")
    device.press("Submit exam")
    device.page.get_by_role("heading", name="Your results").wait_for()
    exam.refresh_from_db()
    assert (answers_on_server(), exam.points) == ([(5, "b")], 1)


@pytest.mark.proof
def test_answer_given_as_the_time_runs_out_counts(device, exam):
    exam.deadline_at = timezone.now() + timedelta(seconds=5)
    exam.save(update_fields=["deadline_at"])
    device.page.add_init_script(CHOOSE_WHEN_TIME_IS_UP)
    device.open(path(exam))
    device.page.get_by_role("heading", name="Your results").wait_for(timeout=PATIENCE_MS)
    exam.refresh_from_db()
    assert (answers_on_server(), exam.points, exam.ended_by) == ([(1, "b")], 1, "clock")


# What is selected, as the learner sees it: before the answer is checked, and afterwards.
SELECTED = """
() => [...document.querySelectorAll(".choice")]
  .filter((row) => row.querySelector("input:checked, .bubble--filled"))
  .map((row) => row.querySelector(".choice__text").firstChild.textContent.trim())
"""
RIGHT_BY_KIND = [
    (1, {"choice": ["1", "2"]}),
    (2, {"choice": ["true"]}),
    (3, {"number": "4"}),
    (4, {"text": "Ada"}),
    (5, {"choice": ["2"]}),
]


@pytest.mark.proof
@pytest.mark.parametrize(("position", "answer"), RIGHT_BY_KIND)
def test_answer_stays_selected_when_its_key_arrives(device, owner, make_bank, position, answer):
    attempt = session_of_every_kind(owner, make_bank)
    device.open(path(attempt, position))
    for value in answer.get("choice", ()):
        device.page.locator(f".choices input[value='{value}']").check()
    typed = answer.get("number") or answer.get("text")
    if typed:
        device.page.locator("#id_answer").fill(typed)
    before = [typed] if typed else device.page.evaluate(SELECTED)
    device.press("Check answer")
    device.page.locator(".verdict", has_text="Correct").wait_for()
    after = device.page.locator(".choice__text").first.inner_text().split("\n")[:1]
    assert before == (after if typed else device.page.evaluate(SELECTED))
    assert Answer.objects.get().fraction == 1


def session_of_every_kind(owner, make_bank):
    bank = make_bank("kinds", questions=0)
    source = f"{GIFT}\n\nOne? {{~x =y#Yes.}}".encode()
    versions = [one for one in store_items(items=read_gift(source).items) if one.kind in ASKABLE]
    BankQuestion.objects.bulk_create(
        BankQuestion(test_bank=bank, question=version.question, position=position)
        for position, version in enumerate(versions, start=1)
    )
    owner.accesses.update(test_bank=bank)
    return start_attempt(learner=owner, test_bank=bank, at=timezone.now())


@pytest.mark.proof
def test_deadline_that_passes_offline_keeps_the_answer(device, exam):
    device.open(path(exam))
    device.cable.cut()
    device.choose("b")
    device.says(ON_DEVICE)
    exam.deadline_at = timezone.now() - timedelta(minutes=1)
    exam.save(update_fields=["deadline_at"])
    device.cable.mend()
    device.notices("Time ran out before this answer arrived.")
    assert list(UncountedAnswer.objects.values_list("position", "reason")) == [(1, "late")]


@pytest.mark.proof
def test_dead_handles_of_the_database_are_opened_again(device, exam):
    device.page.add_init_script(DEAD_HANDLES)
    device.open(path(exam))
    for letter in "abcd" * 5:
        device.choose(letter)
    device.says(SAVED)
    assert answers_on_server() == [(1, "d")]
    assert device.page.evaluate("reopened") >= 1
    device.wait_for(lambda: device.page.evaluate("journal.waiting().length") == 0)


@pytest.mark.proof
def test_entry_of_eight_days_ago_is_delivered(device, exam):
    device.open(path(exam))
    device.wait_for_worker()
    device.cable.cut()
    device.choose("b")
    device.says(ON_DEVICE)
    device.page.evaluate(EIGHT_DAYS_OLD)
    device.cable.mend()
    device.open("/practice/")
    device.wait_for_answers([(1, "b")])


@pytest.mark.proof
def test_full_disk_falls_back_to_direct_sending_and_says_so(device, exam):
    device.page.add_init_script(FULL_DISK)
    device.open(path(exam))
    device.context.set_offline(True)
    device.choose("b")
    device.says(
        "Not saved yet. This browser can't store answers, so keep this page open until “Saved” "
        "appears."
    )
    device.context.set_offline(False)
    device.says(SAVED)
    assert answers_on_server() == [(1, "b")]


EARLY = "Object.keys(localStorage).filter((key) => key.startsWith('early:')).length"


def without_scripts(device):
    """Let the scripts of a question load no sooner than the page is left."""
    scripts = re.compile(r"/practice/(journal|answering|offline)[.\w]*\.js")
    device.context.route(scripts, lambda route: route.abort())


def test_answer_of_a_page_that_was_left_before_its_scripts_had_loaded_is_sent(device, exam):
    without_scripts(device)
    device.open(path(exam))
    device.choose("a")
    device.choose("c")
    device.context.unroute_all()
    device.open(path(exam, 2))
    device.wait_for_answers([(1, "c")])
    assert device.page.evaluate(EARLY) == 0


@pytest.mark.proof
def test_answer_of_such_a_page_is_in_its_form_again(device, exam):
    without_scripts(device)
    device.open(path(exam))
    device.choose("c")
    device.context.unroute_all()
    statuses(device, 503)
    device.open(path(exam))
    expect(device.page.locator("input[value=c]")).to_be_checked()
    device.says(SAVED)
    assert answers_on_server() == [(1, "c")]


@pytest.mark.proof
def test_answer_of_such_a_page_waits_for_its_learner(device_of, owner, other_learner, exam):
    device = device_of(owner)
    without_scripts(device)
    device.open(path(exam))
    device.choose("c")
    device.context.unroute_all()
    sign_in(device, other_learner)
    device.open("/my-banks/")
    assert (device.page.evaluate(EARLY), answers_on_server()) == (1, [])
    sign_in(device, owner)
    device.open("/my-banks/")
    device.wait_for_answers([(1, "c")])


@pytest.mark.proof
def test_scripts_that_have_loaded_leave_nothing_of_it(device, exam):
    device.open(path(exam))
    device.choose("c")
    device.says(SAVED)
    assert (device.page.evaluate(EARLY), answers_on_server()) == (0, [(1, "c")])
    assert Answer.objects.count() == 1


@pytest.mark.proof
@pytest.mark.parametrize("way", ["link", "back", "close", "sign_out"])
def test_leaving_at_once_loses_nothing(device, exam, way):
    device.open("/my-banks/")
    device.open(path(exam))
    leave = {
        "link": "document.querySelector('.session-head a').click()",
        "back": "history.back()",
        "sign_out": "location.assign('/accounts/logout/')",
        "close": "",
    }
    arrives_at = {"link": f"/practice/{exam.pk}/", "sign_out": "/accounts/logout/"}
    click = "document.querySelector('.choices input[value=b]').click()"
    device.page.evaluate(f"() => {{ {click}; setTimeout(() => {{ {leave[way]} }}, 5); }}")
    if way == "close":
        device.page.close()
        device.page = device.context.new_page()
        device.open("/my-banks/")
    device.page.wait_for_url(device.base_url + arrives_at.get(way, "/my-banks/"))
    device.wait_for_answers([(1, "b")])


@pytest.mark.proof
def test_signed_out_meanwhile_signs_in_in_place(device, owner, exam):
    EmailAddress.objects.create(user=owner, email=owner.email, primary=True, verified=True)
    device.open(path(exam))
    cookies = [
        one for one in device.context.cookies() if one["name"] != site_settings.SESSION_COOKIE_NAME
    ]
    device.context.clear_cookies()
    device.context.add_cookies(cookies)
    device.choose("b")
    device.notices("You were signed out.")
    device.press("Sign in")
    dialog = device.page.locator("dialog[open]")
    dialog.locator("input[name=login]").fill(owner.email)
    dialog.locator("input[name=password]").fill("a-long-pass-phrase")
    dialog.locator("button[type=submit]").click()
    device.says(SAVED)
    assert answers_on_server() == [(1, "b")]
    expect(device.page.locator("[data-journal-notice]")).to_be_hidden()
    device.press("Flag")
    device.page.locator("[data-flag][aria-pressed=true]").wait_for()


def sign_out(device):
    device.open("/accounts/logout/")
    device.page.locator("main button[type=submit]").click()
    device.page.wait_for_url(device.base_url + "/")


def sign_in(device, user):
    client = Client()
    client.force_login(user)
    session = client.cookies[site_settings.SESSION_COOKIE_NAME].value
    name = site_settings.SESSION_COOKIE_NAME
    device.context.add_cookies([{"name": name, "value": session, "url": device.base_url}])


@pytest.mark.proof
def test_second_person_sees_and_sends_nothing_of_the_first(device, owner, other_learner, exam):
    statuses(device, *[503] * 1000)
    device.open(path(exam))
    device.wait_for_worker()
    device.choose("b")
    device.says(ON_DEVICE)
    sign_out(device)
    device.page.unroute("**/answers/")
    sign_in(device, other_learner)
    device.open("/practice/")
    device.page.wait_for_timeout(1500)
    assert (answers_on_server(), len(device.unsent())) == ([], 1)
    assert device.page.evaluate("journal.waiting().length") == 0
    sign_in(device, owner)
    device.open("/practice/")
    device.wait_for_answers([(1, "b")])
    device.wait_for(lambda: device.unsent() == [])


@pytest.mark.proof
def test_nothing_but_unsent_answers_is_left_after_sign_out(device, exam):
    """And offline, no page of the person can be read."""
    statuses(device, *[503] * 1000)
    device.open(path(exam))
    device.wait_for_worker()
    device.wait_for_questions(5)
    device.choose("b")
    device.says(ON_DEVICE)
    sign_out(device)
    device.wait_for(lambda: device.stored_in("testbank-questions questions") == [])
    found = device.stored()
    assert [one["fields"] for one in device.unsent()] == [[["choice", "b"]]]
    assert set(found["localStorage"]) <= {"journal-device", "journal-sequence"}
    assert all(name.startswith(("static-", "shell ")) for name in found["caches"])
    device.cable.cut()
    for earlier in (path(exam), path(exam, 2), "/practice/", "/my-banks/", "/payments/orders/"):
        device.open(earlier)
        device.page.get_by_role("heading", name="You are offline").wait_for()
        assert "Question" not in device.page.locator("main").inner_text()


@pytest.mark.proof
def test_browser_stores_no_key_before_during_and_after_a_session(device, exam):
    device.open(path(exam))
    device.wait_for_worker()
    device.wait_for_questions(5)
    before = device.stored()
    device.choose("b")
    device.says(SAVED)
    during = device.stored()
    sign_out(device)
    for found in (before, during, device.stored()):
        assert secrets_in(found) == []


def secrets_in(found):
    """Keys, explanations and the person in what a browser stores, besides the site's own files."""
    caches = {name: text for name, text in found["caches"].items() if "/static/" not in name}
    text = str(found | {"caches": caches})
    secrets = ("Because of", "choice--right", "is_right", "weight", "csrf", "owner@example.org")
    return [secret for secret in secrets if secret in text]


@pytest.mark.proof
def test_switch_removes_the_service_worker_and_what_it_kept(device, exam, settings):
    device.open(path(exam))
    device.wait_for_worker()
    settings.SERVICE_WORKER = False
    device.open(path(exam))
    count = "navigator.serviceWorker.getRegistrations().then((all) => all.length)"
    device.wait_for(lambda: device.page.evaluate(count) == 0)
    device.wait_for(lambda: device.page.evaluate("caches.keys().then((all) => all.length)") == 0)
    device.choose("b")
    device.says(SAVED)


@pytest.mark.proof
def test_new_release_beside_an_old_page(device, exam, monkeypatch):
    device.open(path(exam))
    device.wait_for_worker()
    monkeypatch.setattr("testbank.web_app.version_of_files", lambda: "next")
    device.page.evaluate("navigator.serviceWorker.getRegistration().then((one) => one.update())")
    names = "caches.keys().then((all) => all.filter((name) => name.startsWith('static-')).join())"
    device.wait_for(lambda: device.page.evaluate(names) == "static-next")
    device.choose("b")
    device.says(SAVED)
    device.wait_for_questions(5)
    device.cable.cut()
    device.page.reload()
    device.page.locator("input[value=b]").wait_for()


def test_page_works_without_javascript(device_of, owner, exam):
    device = device_of(owner, java_script_enabled=False)
    device.open(path(exam))
    device.choose("b")
    device.press("Save and continue")
    device.page.wait_for_url(f"**{path(exam, 2)}")
    assert answers_on_server() == [(1, "b")]
