"""An HTTP client of the site: cookies and CSRF tokens as a browser has them, no redirects."""

import http.client
import re
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

CSRF_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


@dataclass(frozen=True)
class SiteResponse:
    """The response of the site. `location` is "" unless it redirects."""

    status: int
    location: str
    text: str


@dataclass
class SiteClient:
    """A visitor without a browser, signed in if `session` is a session key."""

    url: str
    session: str = ""
    timeout_seconds: float = 30.0
    cookies: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.session:
            self.cookies["testbank_session"] = self.session

    def get(self, path: str) -> SiteResponse:
        return self._request("GET", path)

    def post(self, path: str, form: dict[str, str]) -> SiteResponse:
        """Submit a form whose CSRF token the caller knows."""
        return self._request("POST", path, form)

    def submit_form(self, path: str, *, on: str) -> SiteResponse:
        """Submit the form on the page `on` that posts to `path`."""
        found = CSRF_TOKEN.search(self.get(on).text)
        assert found, f"there is no form on {on}"
        return self.post(path, {"csrfmiddlewaretoken": found.group(1)})

    def purchase(self, slug: str) -> SiteResponse:
        """Click Purchase on the page of a bank."""
        return self.submit_form(f"/payments/checkout/{slug}/", on=f"/banks/{slug}/")

    def _request(self, method: str, path: str, form: dict[str, str] | None = None) -> SiteResponse:
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(
            parts.hostname or "", parts.port, timeout=self.timeout_seconds
        )
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, urlencode(form) if form else None, headers)
            response = connection.getresponse()
            text = response.read().decode("utf-8", "replace")
        finally:
            connection.close()
        for cookie in response.headers.get_all("Set-Cookie") or []:
            name, _, rest = cookie.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        return SiteResponse(response.status, response.headers.get("Location", ""), text)
