"""Interactions with a page, by mouse or by keyboard only."""

import re
from pathlib import Path
from typing import Protocol

from playwright.sync_api import Locator, Page

Name = str | re.Pattern[str]

MAX_STOPS = 250
IS_FOCUSED = "element => element === document.activeElement"
# The element stands before the focused one.
IS_BEFORE = """element => document.activeElement !== document.body
  && Boolean(document.activeElement.compareDocumentPosition(element)
    & Node.DOCUMENT_POSITION_PRECEDING)"""
# The focused radio button belongs to the same question as this one.
IN_GROUP = "element => document.activeElement.name === element.name"


class Hands(Protocol):
    """The interactions with a page. Names are accessible names."""

    page: Page

    def follow(self, name: Name) -> None:
        """Follow a link of the page's content, and wait for the page that it leads to."""

    def press(self, name: str) -> None:
        """Press a button of the page's content, and wait for the next page."""

    def confirm(self, name: str) -> None:
        """Press a button, press the button of the same name in its dialog, and wait."""

    def open_menu(self, name: str) -> None:
        """Open a menu."""

    def fill(self, label: str, text: str) -> None:
        """Replace the text of a field."""

    def check(self, label: str) -> None:
        """Check a checkbox or a radio button."""

    def choose(self, label: str, option: str) -> None:
        """Choose an option of a list."""

    def attach(self, label: str, file: Path) -> None:
        """Choose a file for a field."""


def link(page: Page, name: Name) -> Locator:
    return page.locator("main").get_by_role("link", name=name, exact=True).first


def button(page: Page, name: str) -> Locator:
    return page.locator("main").get_by_role("button", name=name, exact=True).first


def field(page: Page, label: str) -> Locator:
    # The label of a region is none of a field.
    labeled = page.locator("main").get_by_label(label, exact=True)
    return labeled.and_(page.locator("input, textarea, select")).first


def menu(page: Page, name: str) -> Locator:
    return page.locator("main summary", has_text=name).first


def in_dialog(page: Page, name: str) -> Locator:
    return page.locator(".dialog:popover-open").get_by_role("button", name=name, exact=True)


class Mouse:
    """Click."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def follow(self, name: Name) -> None:
        with self.page.expect_navigation():
            link(self.page, name).click()

    def press(self, name: str) -> None:
        with self.page.expect_navigation():
            button(self.page, name).click()

    def confirm(self, name: str) -> None:
        button(self.page, name).click()
        with self.page.expect_navigation():
            in_dialog(self.page, name).click()

    def open_menu(self, name: str) -> None:
        menu(self.page, name).click()

    def fill(self, label: str, text: str) -> None:
        field(self.page, label).fill(text)

    def check(self, label: str) -> None:
        field(self.page, label).check()

    def choose(self, label: str, option: str) -> None:
        field(self.page, label).select_option(label=option)

    def attach(self, label: str, file: Path) -> None:
        field(self.page, label).set_input_files(file)


class Keyboard:
    """Press Tab until the right element has focus; then Enter, Space, arrows, or text."""

    def __init__(self, page: Page) -> None:
        self.page = page
        # From the first listener on, files are chosen here. If that came with the key that opens
        # the dialog, the dialog could be first.
        page.on("filechooser", lambda _chooser: None)

    def follow(self, name: Name) -> None:
        self._reach(link(self.page, name))
        self._enter()

    def press(self, name: str) -> None:
        self._reach(button(self.page, name))
        self._enter()

    def confirm(self, name: str) -> None:
        self._reach(button(self.page, name))
        self.page.keyboard.press("Enter")
        self._reach(in_dialog(self.page, name))
        self._enter()

    def open_menu(self, name: str) -> None:
        self._reach(menu(self.page, name))
        self.page.keyboard.press("Enter")

    def fill(self, label: str, text: str) -> None:
        self._reach(field(self.page, label))
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def check(self, label: str) -> None:
        target = field(self.page, label)
        if target.get_attribute("type") == "checkbox":
            self._reach(target)
            self.page.keyboard.press("Space")
            return
        self._reach(target, until=IN_GROUP)
        self.page.keyboard.press("Space")
        for _ in range(MAX_STOPS):
            if target.is_checked():
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"The arrow never reached {label}")

    def choose(self, label: str, option: str) -> None:
        self._reach(field(self.page, label))
        self.page.keyboard.type(option)

    def attach(self, label: str, file: Path) -> None:
        self._reach(field(self.page, label))
        with self.page.expect_file_chooser() as chooser:
            self.page.keyboard.press("Space")
        chooser.value.set_files(file)

    def _reach(self, target: Locator, *, until: str = IS_FOCUSED) -> None:
        target.wait_for(state="attached")
        key = "Shift+Tab" if target.evaluate(IS_BEFORE) else "Tab"
        for _ in range(MAX_STOPS):
            if target.evaluate(until):
                return
            self.page.keyboard.press(key)
        raise AssertionError(f"{key} never reached {target}")

    def _enter(self) -> None:
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
