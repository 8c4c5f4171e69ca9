"""A buyer without a browser: cookies, the form's token, and no redirects."""

import http.client
import re
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


@dataclass(frozen=True)
class Reply:
    """What the site answered."""

    status: int
    location: str
    text: str


@dataclass
class Shopper:
    """One person at a site, signed in where a session's key is given."""

    url: str
    session: str = ""
    timeout_seconds: float = 30.0
    cookies: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.session:
            self.cookies["testbank_session"] = self.session

    def get(self, path: str) -> Reply:
        """Fetch a page."""
        return self._ask("GET", path)

    def press(self, path: str, *, on: str) -> Reply:
        """Send the form that leads to `path` and stands on the page `on`."""
        found = TOKEN.search(self.get(on).text)
        assert found, f"there is no form on {on}"
        return self._ask("POST", path, {"csrfmiddlewaretoken": found.group(1)})

    def send(self, path: str, form: dict[str, str]) -> Reply:
        """Send a form whose token is known."""
        return self._ask("POST", path, form)

    def purchase(self, slug: str) -> Reply:
        """Press Purchase on the page of a bank."""
        return self.press(f"/payments/checkout/{slug}/", on=f"/banks/{slug}/")

    def _ask(self, method: str, path: str, form: dict[str, str] | None = None) -> Reply:
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(
            parts.hostname or "", parts.port, timeout=self.timeout_seconds
        )
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, urlencode(form) if form else None, headers)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
        finally:
            connection.close()
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, _equals, rest = line.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        return Reply(answer.status, answer.headers.get("Location", ""), text)
