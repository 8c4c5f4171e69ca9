"""The studio in a browser: a bank from nothing to sale, and the editor by keyboard alone."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from testing.every_page import SELLER, sign_in
from testing.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.proof, pytest.mark.xdist_group("demo")]

GIFT = "::One:: How many bits are in a byte? {=8 ~4 ~16}\n\nTwo is even. {T}\n"
AIKEN = "Which port does HTTPS use?\nA. 80\nB. 443\nANSWER: B\n"
MAX_STOPS = 60


def jsonl(explanation: str) -> str:
    choices = [{"text": "one", "right": True}, {"text": "two"}]
    line = {"kind": "single_choice", "id": "17", "stem": "Which is first?", "choices": choices}
    return json.dumps(line | {"explanation": explanation})


@pytest.fixture
def desk(page: Page, demo: str) -> Visitor:
    """The seller at the desk."""
    visitor = Visitor(page=page, base_url=demo)
    sign_in(visitor, SELLER, next_path="/studio/")
    page.wait_for_url("**/studio/")
    return visitor


def press(page: Page, name: str) -> None:
    """Press a button of the page's content, and wait for the next page."""
    with page.expect_navigation():
        page.locator("main").get_by_role("button", name=name, exact=True).first.click()


def new_bank(desk: Visitor, title: str) -> str:
    """Make a bank, and return its address at the desk."""
    desk.open("/studio/new-bank/")
    desk.page.get_by_label("Title").fill(title)
    desk.page.get_by_label("Or enter a new category").fill("Computing")
    press(desk.page, "Create test bank")
    return desk.page.url.removeprefix(desk.base_url)


def upload(desk: Visitor, bank: str, folder: Path, name: str, content: str) -> None:
    """Upload a file, and accept it."""
    file = folder / name
    file.write_text(content)
    desk.open(f"{bank}imports/")
    desk.page.get_by_label("Files").set_input_files(file)
    press(desk.page, "Upload and review")
    press(desk.page, "Import")


def write(desk: Visitor, bank: str, kind: str, fields: dict[str, str], check: str = "") -> None:
    """Write a question, and wait for its preview before saving."""
    desk.open(f"{bank}questions/new/{kind}/")
    for name, text in fields.items():
        desk.page.locator(f"[name='{name}']").fill(text)
    if check:
        desk.page.locator(check).check()
    expect(desk.page.locator("[data-preview] .stem")).to_contain_text(fields["stem"][:8])
    press(desk.page, "Save question")


def test_bank_is_made_from_nothing_and_sold(desk: Visitor, tmp_path: Path) -> None:
    page = desk.page
    bank = new_bank(desk, "Bits and bytes")
    choices = {"choices-0-text": "0", "choices-1-text": "1"}
    write(
        desk, bank, "single_choice", {"stem": "Which is $2^0$?", **choices}, "[name=right] >> nth=1"
    )
    write(desk, bank, "true_false", {"stem": "A bit is a byte."}, "[name=answer][value=false]")
    write(desk, bank, "numeric", {"stem": "How many bits?", "answers-0-value": "8"})
    upload(desk, bank, tmp_path, "a.gift", GIFT)
    upload(desk, bank, tmp_path, "b.txt", AIKEN)
    page.get_by_role("button", name="Undo import").first.click()
    with page.expect_navigation():
        page.locator("#undo form button").click()
    for explanation in ("Because.", "Because it comes first."):
        upload(desk, bank, tmp_path, "c.jsonl", jsonl(explanation))
    desk.open(f"{bank}questions/")
    expect(page.locator("tbody tr")).to_have_count(6)
    desk.open(f"{bank}settings/")
    page.get_by_label("Price", exact=True).fill("19.00")
    press(page, "Save changes")
    desk.open(bank)
    press(page, "Publish")
    desk.open("/banks/bits-and-bytes/")
    expect(page.locator(".price--large").first).to_have_text("$19.00")


def test_question_is_written_by_keyboard_alone(desk: Visitor) -> None:
    page = desk.page
    desk.open("/studio/banks/git-in-practice/questions/new/single_choice/")
    for target, text in (
        ("[name=stem]", "Which command shows the history?"),
        ("[name='choices-0-text']", "git log"),
        ("[name='choices-1-text']", "git show"),
    ):
        focus(page, target)
        page.keyboard.type(text)
    page.keyboard.press("Shift+Tab")
    focus(page, "[name=right]", "Shift+Tab")
    page.keyboard.press("Space")
    focus(page, "main button[type=submit]")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Question 4")


def test_text_survives_the_end_of_the_session(desk: Visitor) -> None:
    page = desk.page
    address = "/studio/banks/sql-foundations/questions/new/true_false/"
    desk.open(address)
    cookies = page.context.cookies()
    page.context.clear_cookies()
    page.locator("[name=stem]").fill("NULL equals NULL.")
    expect(page.locator("[data-status]")).to_contain_text("signed out")
    page.context.add_cookies([{**cookie} for cookie in cookies])  # type: ignore[typeddict-item] # the same shape, named twice
    desk.open(address)
    expect(page.locator("[name=stem]")).to_have_value("NULL equals NULL.")
    expect(page.locator("[data-status]")).to_contain_text("Draft saved")


COPIES = "Object.keys(localStorage).filter(key => key.startsWith('studio:'))"


def test_text_survives_saving_while_signed_out(desk: Visitor) -> None:
    page = desk.page
    address = "/studio/banks/git-in-practice/questions/new/numeric/"
    desk.open(address)
    cookies = page.context.cookies()
    page.context.clear_cookies(name="testbank_session")
    page.locator("[name=stem]").fill("How many bits?")
    page.locator("[name='answers-0-value']").fill("8")
    press(page, "Save question")
    expect(page).to_have_url(re.compile("/accounts/login/"))
    page.context.add_cookies([{**cookie} for cookie in cookies])  # type: ignore[typeddict-item] # the same shape, named twice
    desk.open(address)
    expect(page.locator("[name=stem]")).to_have_value("How many bits?")
    press(page, "Save question")
    expect(page.locator("[name=stem]")).to_have_value("How many bits?")
    expect(page.locator("[name='answers-0-value']")).to_have_value("8")
    assert page.evaluate(COPIES) == []


def test_text_survives_saving_without_a_network(desk: Visitor) -> None:
    page = desk.page
    address = "/studio/banks/git-in-practice/questions/new/short_answer/"
    desk.open(address)
    page.context.set_offline(True)
    page.locator("[name=stem]").fill("Eight bits are one…")
    page.locator("main").get_by_role("button", name="Save question").click()
    page.wait_for_url("chrome-error://**")
    page.context.set_offline(False)
    desk.open(address)
    expect(page.locator("[name=stem]")).to_have_value("Eight bits are one…")


def test_rows_are_restored_in_their_order(desk: Visitor) -> None:
    page = desk.page
    address = "/studio/banks/git-in-practice/questions/new/multiple_choice/"
    desk.open(address)
    page.context.set_offline(True)
    for number in range(4):
        page.locator(f"[name='choices-{number}-text']").fill(f"Choice {number}")
    page.get_by_role("button", name="Add choice").click()
    page.keyboard.type("Choice 4")
    page.get_by_label("Choice 5 is correct").check()
    page.get_by_role("button", name="Move up").last.click()
    page.get_by_role("button", name="Remove").first.click()
    expect(page.locator("[data-status]")).to_contain_text("Unable to connect")
    page.context.set_offline(False)
    desk.open(address)
    texts = page.locator("[data-rows] > li > div > textarea")
    assert [text.input_value() for text in texts.all()] == [f"Choice {n}" for n in (1, 2, 4, 3)]
    assert [box.is_checked() for box in page.locator("[name=right]").all()] == [
        *(False, False, True, False)
    ]


@pytest.mark.routes_requests
def test_text_kept_in_the_browser_replaces_nobodys_version(desk: Visitor) -> None:
    page = desk.page
    bank = new_bank(desk, "Two versions")
    write(desk, bank, "true_false", {"stem": "A byte is a bit."}, "[name=answer][value=false]")
    question = page.url.removeprefix(desk.base_url)
    page.route("**/draft/**", lambda route: route.abort())
    page.locator("[name=stem]").fill("Typed while the connection was down.")
    expect(page.locator("[data-status]")).to_contain_text("Unable to connect")
    colleague = page.context.new_page()
    colleague.goto(page.url)
    colleague.evaluate("localStorage.clear()")
    colleague.reload()
    colleague.locator("[name=stem]").fill("Saved by a colleague.")
    colleague.evaluate("localStorage.clear()")
    press(colleague, "Save as new version")
    colleague.close()
    page.unroute("**/draft/**")
    page.evaluate("window.dispatchEvent(new Event('pagehide'))")
    desk.open(question)
    expect(page.locator("[name=stem]")).to_have_value("Typed while the connection was down.")
    press(page, "Save as new version")
    expect(page.locator("main")).to_contain_text(
        "Someone saved this question while you were editing"
    )
    expect(page.locator("main")).to_contain_text("Saved by a colleague.")


@pytest.mark.routes_requests
def test_another_editor_is_named_while_one_types(desk: Visitor) -> None:
    page = desk.page
    answer = {"saved_at": "2026-01-01T12:00:00Z", "also_writing": ["author@demo.example"]}
    page.route("**/draft/**", lambda route: route.fulfill(json=answer))
    desk.open("/studio/banks/git-in-practice/questions/")
    page.locator(".table__title a, a.table__title").first.click()
    expect(page.locator("[data-others]")).to_be_hidden()
    page.locator("[name=domain]").fill("History")
    expect(page.locator("[data-others]")).to_have_text(
        re.compile("Also editing this question:\\s*author@demo.example")
    )


def focus(page: Page, target: str, key: str = "Tab") -> None:
    """Press Tab until the element has focus."""
    for _ in range(MAX_STOPS):
        if page.evaluate("target => document.activeElement.matches(target)", target):
            return
        page.keyboard.press(key)
    raise AssertionError(f"Tab never reached {target}")
