"""Learners who buy and answer through the pages of a running site, until they are stopped."""

import http.client
import re
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

from testing.sandbox import SandboxControl
from testing.site_client import CSRF_TOKEN, SiteClient
from testing.waiting import wait_until

QUESTION = re.compile(r"/practice/[0-9a-f-]{36}/\d+/")
CHOICE = re.compile(r'name="choice" value="([^"]+)"')
SESSION = re.compile(r"/c/pay/(cs_\w+)")
PAID_WITHIN_SECONDS = 60


@dataclass
class Load:
    """What the site confirmed: sessions that were paid, and addresses of answered questions."""

    site_url: str
    sandbox: SandboxControl
    bank: str
    purchases: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def start(self, sessions: list[str], pool: ThreadPoolExecutor) -> list[Future[None]]:
        """Let each learner, a signed-in session, buy the bank and answer its questions."""
        return [pool.submit(self._learn, SiteClient(self.site_url, key)) for key in sessions]

    def _learn(self, client: SiteClient) -> None:
        """A killed site ends a learner's requests; what was confirmed stays recorded."""
        with suppress(OSError, http.client.HTTPException, AssertionError):
            self._buy(client)
            self._answer_all(client)

    def _buy(self, client: SiteClient) -> None:
        if self.stopped.is_set():
            return
        found = SESSION.search(client.purchase(self.bank).location)
        assert found
        self.sandbox.pay(found.group(1))
        start = f"/practice/start/{self.bank}/"
        wait_until(lambda: start in client.get(f"/banks/{self.bank}/").text, PAID_WITHIN_SECONDS)
        self.purchases.append(found.group(1))

    def _answer_all(self, client: SiteClient) -> None:
        place = client.submit_form(f"/practice/start/{self.bank}/", on=f"/banks/{self.bank}/")
        attempt = place.location.rstrip("/").rpartition("/")[0]
        position = 0
        while not self.stopped.is_set():
            position += 1
            page = client.get(f"{attempt}/{position}/")
            if page.status != 200:
                return
            self._answer(client, f"{attempt}/{position}/", page.text)

    def _answer(self, client: SiteClient, path: str, page: str) -> None:
        token, choice = CSRF_TOKEN.search(page), CHOICE.search(page)
        if not (token and choice):
            return
        form = {"csrfmiddlewaretoken": token.group(1), "choice": choice.group(1)}
        if client.post(path, form).status == 303:
            self.answers.append(path)
