"""A bank from nothing to sale, bought, answered, reported, fixed and regraded; twice.

Once with a mouse and once with the keyboard alone. Every step is found by the name that the page
shows: what holds up somebody without the manual, or without a mouse, fails here.
"""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from demo.launcher import ENV_FILE
from e2e.hands import Hands, Keyboard, Mouse
from testing.every_page import SELLER, sign_in
from testing.visitor import Visitor

pytestmark = [
    pytest.mark.browser,
    pytest.mark.proof,
    pytest.mark.timeout(1800),
    pytest.mark.xdist_group("studio-story"),
]

BUYERS = 30
GIFT = "::One:: How many bits are in a byte? {=8 ~4 ~16}\n\nTwo is even. {T}\n"
AIKEN = "Which port does HTTPS use?\nA. 80\nB. 443\nANSWER: B\n"
SCRIPT = """
from django.utils import timezone
from studio.services.statistics import compute_due_statistics
from testing.buyers import buy_and_answer
buy_and_answer({slug!r}, {count}, {sandbox!r})
compute_due_statistics(at=timezone.now())
"""


def jsonl(explanation: str) -> str:
    choices = [{"text": "one", "right": True}, {"text": "two"}]
    line = {"kind": "single_choice", "id": "17", "stem": "Which is first?", "choices": choices}
    return json.dumps(line | {"explanation": explanation})


@dataclass
class Desk:
    """A seller at the desk, who makes a bank with this title."""

    hands: Hands
    title: str
    folder: Path
    base_url: str

    @property
    def page(self) -> Page:
        return self.hands.page

    @property
    def slug(self) -> str:
        return self.title.lower()

    def upload(self, name: str, content: str) -> None:
        """Upload a file, and accept it."""
        file = self.folder / name
        file.write_text(content)
        self.hands.follow("Import and export")
        self.hands.attach("Files", file)
        self.hands.press("Upload and review")
        self.hands.press("Import")

    def begin(self, kind: str) -> None:
        """Open the editor of a kind."""
        self.hands.follow("Questions")
        self.hands.open_menu("New question")
        self.hands.follow(kind)

    def write(self, stem: str, texts: dict[str, str], right: list[str], *, last: bool) -> None:
        """Write a question of the open kind, look at its preview, and save it.

        Without a stem, what was typed as one stays.
        """
        if stem:
            self.hands.fill("Question", stem)
        for label, text in texts.items():
            self.hands.fill(label, text)
        for label in right:
            self.hands.check(label)
        expect(self.page.locator("[data-preview] .stem")).to_contain_text(stem[:6])
        self.hands.press("Save question" if last else "Save and add another")


@pytest.fixture(params=[Mouse, Keyboard])
def desk(request: pytest.FixtureRequest, page: Page, demo: str, tmp_path: Path) -> Desk:
    sign_in(Visitor(page=page, base_url=demo), SELLER, next_path="/studio/")
    page.wait_for_url("**/studio/")
    return Desk(request.param(page), request.param.__name__, tmp_path, demo)


def test_bank_is_made_sold_answered_reported_and_fixed(
    desk: Desk, clone: Path, browser: Browser
) -> None:
    make_bank(desk)
    write_twelve_questions(desk)
    import_three_files(desk)
    publish(desk)
    learners = buy(desk, clone)
    read_statistics(desk)
    report(desk, browser, learners[0])
    fix_and_regrade(desk)
    expect_regraded(desk, browser, learners[0])


def make_bank(desk: Desk) -> None:
    desk.hands.follow("New test bank")
    desk.hands.fill("Title", desk.title)
    desk.hands.fill("Or enter a new category", "Computing")
    desk.hands.press("Create test bank")
    expect(desk.page.locator("h1")).to_have_text(desk.title)


def write_twelve_questions(desk: Desk) -> None:
    """Of the five kinds; the first has a formula and a wrong key, the second a picture."""
    first, second = ["Choice 1 is correct"], ["Choice 2 is correct"]
    desk.begin("Single choice")
    desk.write("Which is $2^0$?", choices("0", "1", "2"), first, last=False)
    for label, text in choices("A square", "A circle").items():
        desk.hands.fill(label, text)
    draw_picture(desk)
    desk.write("", {}, first, last=False)
    for number in range(2, 5):
        texts = choices(str(number + 1), "0")
        desk.write(f"{number} + 1 is what?", texts, first, last=number == 4)
    desk.begin("Multiple choice")
    for number in range(2):
        texts = choices("-1", "5", "9")
        right = [*second, "Choice 3 is correct"]
        desk.write(f"{number}: which is above?", texts, right, last=number == 1)
    desk.begin("True or false")
    for number in range(2):
        desk.write(f"{number} is a bit.", {}, ["True"], last=number == 1)
    desk.begin("Numeric")
    for number in range(2):
        desk.write(f"{number} bytes in bits?", {"Number": str(8 * number)}, [], last=number == 1)
    desk.begin("Short answer")
    desk.write("Eight bits are one…", {"Accepted answer": "byte"}, [], last=True)
    desk.hands.follow("Questions")
    expect(desk.page.locator("tbody tr")).to_have_count(12)


def choices(*words: str) -> dict[str, str]:
    return {f"Choice {number}": text for number, text in enumerate(words, start=1)}


def draw_picture(desk: Desk) -> None:
    """Write a stem with a picture, and describe it where the editor asks for that."""
    file = desk.folder / "square.png"
    Image.new("RGB", (60, 40), "gray").save(file)
    desk.hands.fill("Question", "What is drawn here? ")
    desk.hands.attach("Add image", file)
    expect(desk.page.locator("[data-status]")).to_have_text(
        re.compile("Describe the image|Draft saved|Saving draft")
    )
    expect(desk.page.locator("#id_stem")).to_be_focused()
    desk.page.keyboard.type("A gray square")
    expect(desk.page.locator("[data-preview] img[alt='A gray square']")).to_be_visible()


def import_three_files(desk: Desk) -> None:
    """GIFT; Aiken, which is undone; and JSON Lines, which is corrected by importing it again."""
    desk.upload("a.gift", GIFT)
    desk.upload("b.txt", AIKEN)
    desk.hands.confirm("Undo import")
    desk.upload("c.jsonl", jsonl("Because."))
    desk.upload("c.jsonl", jsonl("It comes first."))
    desk.hands.follow("Questions")
    expect(desk.page.locator("tbody tr")).to_have_count(15)


def publish(desk: Desk) -> None:
    desk.hands.follow("Settings")
    desk.hands.fill("Price", "19.00")
    desk.hands.check("Keep the order of the questions")
    desk.hands.check("Keep the order of the choices")
    desk.hands.press("Save changes")
    desk.hands.follow("Overview")
    desk.hands.press("Publish")
    desk.hands.follow("Preview as buyer")
    expect(desk.page.locator(".price--large").first).to_have_text("$19.00")
    desk.page.go_back()


def buy(desk: Desk, clone: Path) -> list[tuple[str, str]]:
    """Let thirty learners buy and answer; return their sessions and attempts."""
    site, port = desk.base_url.rsplit(":", 1)
    script = SCRIPT.format(slug=desk.slug, count=BUYERS, sandbox=f"{site}:{int(port) + 1}")
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports"],
        cwd=clone,
        env={"PATH": "", "TESTBANK_ENV_FILE": ENV_FILE.name},
        input=script,
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.findall(r"^learner (\w+) (\S+)$", done.stdout, re.MULTILINE)
    assert len(found) == BUYERS, done.stderr
    return found


def read_statistics(desk: Desk) -> None:
    """The question with the wrong key is the hardest."""
    desk.hands.follow("Statistics")
    desk.hands.choose("Sort by", "Hardest first")
    desk.hands.press("Sort")
    row = desk.page.locator("tbody tr").first
    expect(row.locator(".table__title")).to_contain_text("Which is")
    expect(row).to_contain_text(f"{BUYERS}")
    expect(row).to_contain_text("0%")


def as_learner(desk: Desk, browser: Browser, session: str) -> Hands:
    """Return the hands of a learner in a browser of their own."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.add_cookies([{"name": "testbank_session", "value": session, "url": desk.base_url}])
    return type(desk.hands)(context.new_page())  # type: ignore[call-arg] # each takes a page


def report(desk: Desk, browser: Browser, learner: tuple[str, str]) -> None:
    """Report the first question from its page."""
    session, attempt = learner
    hands = as_learner(desk, browser, session)
    hands.page.goto(f"{desk.base_url}/practice/{attempt}/1/")
    hands.follow("Report this question")
    hands.check("The answer marked correct is incorrect")
    hands.press("Send report")
    hands.page.context.close()


def fix_and_regrade(desk: Desk) -> None:
    """Correct the key, look at the new scores, and apply them."""
    desk.hands.follow(re.compile("^Reports"))
    desk.hands.follow(re.compile("^Which is"))
    desk.hands.follow("Edit question")
    desk.hands.check("Choice 2 is correct")
    desk.hands.press("Save as new version")
    desk.hands.follow("Regrade earlier answers")
    expect(desk.page.locator(".figures-row")).to_contain_text(f"{BUYERS} answers will earn more")
    desk.hands.fill("What changed", "It is 1.")
    desk.hands.press(f"Regrade {BUYERS} answers")
    expect(desk.page.locator("main")).to_contain_text(f"{BUYERS} answers now earn more points.")


def expect_regraded(desk: Desk, browser: Browser, learner: tuple[str, str]) -> None:
    """The learner sees the points; everybody sees the change."""
    session, attempt = learner
    page = as_learner(desk, browser, session).page
    page.goto(f"{desk.base_url}/practice/{attempt}/1/")
    expect(page.locator("main")).to_contain_text("Your answer (correct)")
    page.goto(f"{desk.base_url}/banks/{desk.slug}/changes/")
    expect(page.locator("main")).to_contain_text("It is 1.")
    page.context.close()
