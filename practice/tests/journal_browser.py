"""A learner's browser for the tests of the journal, on a network that can be cut."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, expect

from practice.models import Answer
from testing.cable import Cable

# Everything that a browser stores, by where it is.
STORED = """
async () => {
  const found = {localStorage: {...localStorage}, sessionStorage: {...sessionStorage}, caches: {}, databases: {}};
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      const response = await cache.match(request);
      found.caches[`${name} ${new URL(request.url).pathname}`] =
        /text|json|javascript/.test(response.headers.get("content-type")) ? await response.text() : "";
    }
  }
  for (const {name} of await indexedDB.databases()) {
    const database = await new Promise((done) => (indexedDB.open(name).onsuccess = (event) => done(event.target.result)));
    for (const store of database.objectStoreNames) {
      found.databases[`${name} ${store}`] = await new Promise((done) => {
        database.transaction(store).objectStore(store).getAll().onsuccess = (event) => done(event.target.result);
      });
    }
    database.close();
  }
  return found;
}
"""
WORKER_IS_READY = (
    "navigator.serviceWorker.ready.then(() => Boolean(navigator.serviceWorker.controller))"
)


@dataclass
class Device:
    """A browser profile in which a user is signed in, and its page."""

    context: BrowserContext
    page: Page
    cable: Cable

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.cable.port}"

    def open(self, path: str) -> None:
        self.page.goto(self.base_url + path)

    def choose(self, letter: str) -> None:
        """Select a choice by its id."""
        self.page.locator(f".choices input[value={letter}]").check()

    def says(self, words: str) -> None:
        """Wait until the page says where its answer is."""
        expect(self.page.locator("[data-journal-state]")).to_have_text(words)

    def notices(self, words: str) -> None:
        expect(self.page.locator("[data-journal-notice]")).to_contain_text(words)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).first.click()

    def wait_for(self, condition: Callable[[], object], *, seconds: float = 60) -> None:
        """Wait for the condition while the browser, and what answers for the server, go on."""
        ends_at = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < ends_at
            self.page.wait_for_timeout(50)

    def wait_for_answers(self, expected: list[tuple[int, str]]) -> None:
        """Wait until exactly these answers are on the server."""
        self.wait_for(lambda: answers_on_server() == expected)

    def wait_for_worker(self) -> None:
        """Wait until the service worker controls the page, and the session is kept whole."""
        self.wait_for(lambda: self.page.evaluate(WORKER_IS_READY))

    def wait_for_questions(self, count: int) -> None:
        """Wait until that many questions are kept to go on offline."""
        self.wait_for(lambda: len(self.stored_in("testbank-questions questions")) == count)

    def stored(self) -> dict[str, Any]:
        found: dict[str, Any] = self.page.evaluate(STORED)
        return found

    def stored_in(self, store: str) -> list[Any]:
        rows: list[Any] = self.stored()["databases"].get(store, [])
        return rows

    def unsent(self) -> list[Any]:
        """The entries of the journal."""
        found = self.stored()
        logged = [
            json.loads(value)
            for key, value in found["localStorage"].items()
            if key.startswith("journal:")
        ]
        return [*found["databases"].get("testbank-journal entries", []), *logged]


def new_device(browser: Browser, cable: Cable, session: str = "", **options: Any) -> Device:
    """A browser profile; with the key of a session its user is signed in."""
    context = browser.new_context(viewport={"width": 900, "height": 900}, **options)
    context.set_default_timeout(30_000)
    if session:
        url = f"http://127.0.0.1:{cable.port}"
        context.add_cookies([{"name": "testbank_session", "value": session, "url": url}])
    return Device(context, context.new_page(), cable)


def answers_on_server() -> list[tuple[int, str]]:
    """The answers that count, as position and choice."""
    rows = Answer.objects.given().order_by("position").values_list("position", "response")
    return [(position, response["chosen"][0]) for position, response in rows if response]
